"""Alerts: notifications of failing checks and of new administrators."""
