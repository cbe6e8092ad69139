"""Signing keys shared by all instances, and their rotation."""
