"""Values that scripts keep by key, shared and for each of their users."""
