"""Model Context Protocol: the endpoint, and the tools, prompts and resources of scripts."""
