"""OAuth: users connect programs, which register themselves and get API tokens."""
