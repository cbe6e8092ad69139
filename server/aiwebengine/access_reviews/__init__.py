"""Looking through who holds which role, again and again."""
