"""Composition: the engine, its services and routes, the processes that serve them."""
