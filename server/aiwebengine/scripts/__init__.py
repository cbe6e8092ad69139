"""Scripts: their versions, owners, routes and deployments."""
