"""Calls of scripts: what a call is, what it may ask of the engine, and how one is made."""
