"""Drafts: what people have changed in a script and not saved as a version yet."""
