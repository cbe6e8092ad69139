"""How the engine is doing, in figures."""
