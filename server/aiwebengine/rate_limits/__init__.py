"""How often an address may come."""
