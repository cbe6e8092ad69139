"""Browser sessions and API tokens."""
