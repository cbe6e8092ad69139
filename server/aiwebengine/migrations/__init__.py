"""What the database's tables look like, and how they get there."""
