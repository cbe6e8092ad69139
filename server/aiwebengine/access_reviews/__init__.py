"""Access reviews: periodic reviews of who holds which role."""
