"""Log files: writing, rotating, searching and following them."""
