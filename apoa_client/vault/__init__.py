"""Secrets: where they come from, where they are kept, and the seal that needs none of them to be set."""
