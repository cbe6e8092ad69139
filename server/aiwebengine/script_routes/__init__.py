"""Answers requests by the scripts whose routes match them."""
