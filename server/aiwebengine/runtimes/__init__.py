"""Runs programs in sandboxed processes, one process for each program, within limits.

This package knows nothing of scripts, users or HTTP. A program is a folder with an entry file; a
call is a JSON head with a body, and so is its answer.
"""
