"""The desk: what staff give becomes a checked report in the outbox."""
