"""How the engine is doing: health and figures."""
