"""What all commands share: configuration, services without a web server, output."""
