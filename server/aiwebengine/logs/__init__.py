"""What the engine tells of what it does: writing it, finding it again, following it."""
