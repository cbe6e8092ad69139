"""Limits of live messages. docs/scripts/streams.md lists them."""

LONGEST_CHANNEL = 600
"""Characters of the name of a channel, or of a path."""
LARGEST_MESSAGE_BYTES = 65_536
"""Of the data of one message, in UTF-8."""
MOST_ENTRIES = 32
"""Of a filter, or of what a message must match."""
LONGEST_ENTRY = 200
"""Characters of a name or a value in a filter."""
LONGEST_EVENT = 100
"""Characters of the type of an event."""
LONGEST_ID = 200
"""Characters of the id that a script gives to a message."""

MOST_UNSENT = 1_000
"""Messages of one worker that wait for the database."""
MESSAGES_PER_SEC = 200
"""Messages of one script in one worker, on average."""
MESSAGES_AT_ONCE = 400
"""Messages of one script in one worker in a moment, after a pause."""
BYTES_PER_SEC = 2_000_000
"""Bytes of messages of one script in one worker, on average; twice as many in a moment."""

MOST_WAITING = 1_000
"""Messages that a subscriber may be behind. Then it is ended."""
KEPT_SECS = 120
"""How long messages are kept for connections that come back."""
NEWEST_KEPT_SECS = 86_400
"""How long the newest message of a channel is kept, which proves that nothing was missed."""
MOST_REPLAYED = 1_000
"""Messages that a connection gets afterwards when it comes back."""

MOST_UNREAD_BYTES = 262_144
"""Bytes that wait for a client of a stream that does not read. Then it is disconnected."""
HEARTBEAT_SECS = 15.0
"""Silence on a stream after which a comment is sent."""
RETRY_MILLIS = (1_000, 4_000)
"""How long a client waits before it reconnects: between these, so that not all come at once."""
MOST_CONNECTIONS = 10_000
"""Open streams and WebSockets of scripts in one worker."""
MOST_CONNECTIONS_OF_SCRIPT = 5_000
"""Open streams and WebSockets of one script in one worker."""

LARGEST_FRAME_BYTES = 65_536
"""Of one message that a WebSocket receives or sends."""
FRAME_OVERHEAD_BYTES = 64
"""That a message takes in memory beside its data: empty ones are not free."""
RECEIVED_PER_SEC = 50
"""Messages that a script gets of one WebSocket, on average."""
RECEIVED_AT_ONCE = 100
"""Messages that a script gets of one WebSocket in a moment, after a pause."""
LONGEST_REASON_BYTES = 123
"""Of the reason why a WebSocket is closed (RFC 6455 section 5.5)."""
