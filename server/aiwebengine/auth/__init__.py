"""Authentication: sign-in links, providers, and the caller of each request."""
