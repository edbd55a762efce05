"""Backups of a property: written, merged into an outbox, and restored with the settings."""
