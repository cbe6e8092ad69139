"""Logs: writing, searching and following them."""
