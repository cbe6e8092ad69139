"""Entry point of the command line; loads the command of a feature when it is called."""
