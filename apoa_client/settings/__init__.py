"""The property's settings: config.toml, the paths of the files, the time zones and the user."""
