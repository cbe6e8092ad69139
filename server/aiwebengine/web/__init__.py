"""HTTP without GraphQL: middleware, connection limits, problem details, static files."""
