"""The outbox in one SQLite file, used by several processes at once."""
