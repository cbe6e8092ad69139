"""The administration as MCP tools, made from the operations of the GraphQL schema."""
