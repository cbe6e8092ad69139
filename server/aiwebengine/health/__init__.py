"""Whether all is well, and what to do when it is not."""
