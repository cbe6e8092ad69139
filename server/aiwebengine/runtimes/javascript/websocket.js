// WebSocket connections of visitors, in the module form.
