"""Actions and details of audit events that more than one module writes or reads."""

AGAIN = "again"
"""The detail of a receipt number that was typed in place of an earlier one: the report was closed already."""

VOUCHED = "vouched"
"""A person takes a report as it is, or the outbox as a whole, after something was found wrong with it."""

REPAIRED, REOPENED = "repaired", "reopened"
"""A report is again as the authority has it, or as another outbox has it; one that was closed here is open again."""

MOVED_IN, MOVED_OUT = "moved_in", "moved_out"
"""A report was moved into this outbox, or from it into another one of the property. The detail is its state."""
