"""The GraphQL transport: how requests become calls, and errors become answers."""
