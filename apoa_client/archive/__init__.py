"""Backup, merge and restore of one property's reports and settings."""
