"""What the property is and where its files lie: config.toml, the platform's folders, Indonesia's time zones."""
