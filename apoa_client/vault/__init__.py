"""Secrets: their sources and stores, and the sealing of records, which needs only the public key."""
