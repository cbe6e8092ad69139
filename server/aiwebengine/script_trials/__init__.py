"""Trials of scripts: tests, and snippets that are evaluated, with everything they write undone."""
