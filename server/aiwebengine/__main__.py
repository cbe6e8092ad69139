"""`python -m aiwebengine`."""

from aiwebengine.cli import main

main(prog_name="aiwebengine")
