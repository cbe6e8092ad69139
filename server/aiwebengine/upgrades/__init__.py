"""Upgrade check: pending migrations, changed settings, outdated packages."""
