"""HTTP without GraphQL: what every answer gets, problems, files."""
