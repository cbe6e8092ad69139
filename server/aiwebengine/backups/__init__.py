"""Backups: taken, proved, put back."""
