"""Messages between scripts, delivered at least once."""
