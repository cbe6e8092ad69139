"""Audit events for changes of the configuration between two starts."""
