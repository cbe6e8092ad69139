"""aiwebengine: the administration service of a web engine."""

__version__ = "0.2.0"
