"""Metrics of the engine: samples, timings, workers and instances."""
