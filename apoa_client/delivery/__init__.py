"""From the outbox to the authority and back: `plan` decides, `sync` carries out."""
