"""What an update brings: migrations, settings, packages."""
