"""Health checks, their state and their remedies."""
