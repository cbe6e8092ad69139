"""Shared by all commands: configuration, services without a web server, output."""
