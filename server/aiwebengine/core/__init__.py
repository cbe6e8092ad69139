"""Foundation: errors, identity, configuration and formats. It imports no other package."""
