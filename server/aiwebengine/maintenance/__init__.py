"""Recurring maintenance and its status."""
