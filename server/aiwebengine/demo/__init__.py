"""Made-up people, for trying things out."""
