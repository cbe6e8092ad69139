"""Sessions of browsers and API tokens of scripts."""
