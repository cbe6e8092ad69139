"""The ground: errors, identity, configuration, formats. It imports no other package."""
