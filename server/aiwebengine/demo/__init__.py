"""Demo users for development databases."""
