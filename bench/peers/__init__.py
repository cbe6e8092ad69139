"""The same questions to other servers of GraphQL, each written as its own users would write it."""
