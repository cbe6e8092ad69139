"""What is counted for Prometheus, and where it is read."""
