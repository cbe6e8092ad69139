// Tests of a script, and snippets that are evaluated in it.
