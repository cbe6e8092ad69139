"""Times at which scripts run: declared by a version, or set by handlers."""
