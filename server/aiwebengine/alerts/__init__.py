"""Telling people that something is wrong, once, and that it is over."""
