"""Backups, restore drills and restores."""
