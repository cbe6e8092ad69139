"""Rate limits by client address."""
