"""What was in force at the last start."""
