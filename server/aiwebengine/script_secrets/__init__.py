"""Secrets of scripts: set but never read back, and sent only by the engine, only to their hosts."""
