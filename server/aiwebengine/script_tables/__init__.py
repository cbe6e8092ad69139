"""The tables of scripts as their owners read and change them, row by row."""
