"""Writes docs/reference/ from the code. Not a part of the served program."""
