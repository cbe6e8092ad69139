"""What the engine costs and what its settings bring, as ratios within one run."""
