"""What has to be done again and again, and whether it was."""
