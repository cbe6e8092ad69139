"""What the editor asks about source text: the types of a script, and its formatting."""
