"""The GraphQL transport: HTTP, WebSocket and server-sent events, limits, errors, pagination."""
