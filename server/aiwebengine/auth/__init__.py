"""Who is let in: sign-in links, sessions, API tokens."""
