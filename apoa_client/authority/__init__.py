"""The authority, as seen over HTTP: the contract, its client, and nothing of what is done with the answers."""
