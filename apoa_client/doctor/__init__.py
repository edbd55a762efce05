"""Checks whether everything is fit to send, and the support file with their results."""
