"""`python -m aiwebengine`."""

from aiwebengine.cli.main import main

main(prog_name="aiwebengine")
