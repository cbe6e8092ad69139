"""Files that scripts store while they run, and the routes that serve files."""
