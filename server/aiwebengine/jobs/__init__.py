"""What the engine does by the clock."""
