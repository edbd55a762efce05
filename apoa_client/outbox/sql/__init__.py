"""The outbox in SQL that every engine understands: each one gives it a `Database`, and adds what only it has."""
