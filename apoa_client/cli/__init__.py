"""The command line: the only package that imports click and rich, and that knows the reader's language."""
