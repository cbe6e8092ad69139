"""Keys that all instances share."""
