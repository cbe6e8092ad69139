"""GraphQL that scripts offer, at `/scripts/graphql`."""
