"""What the staff type. The only rooms that know click and rich, and the only ones that know the reader's language."""
