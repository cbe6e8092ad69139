"""Outbound HTTP for scripts: checked addresses, limited answers, secrets only to their hosts."""
