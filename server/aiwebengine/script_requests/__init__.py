"""Requests to scripts that their owners saved, to send them again."""
