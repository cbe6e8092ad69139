"""Pictures of the manager, for the README."""
