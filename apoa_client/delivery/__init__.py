"""Delivers the outbox to the authority: `plan` decides, `sync` executes."""
