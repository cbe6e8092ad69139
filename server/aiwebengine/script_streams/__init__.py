"""Live messages of scripts: event streams, WebSockets, and the broadcast that carries them."""
