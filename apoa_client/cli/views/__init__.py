"""How a report, a list, a finding or a deadline looks on screen and as JSON."""
