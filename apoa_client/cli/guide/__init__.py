"""Facts and help topics, and the search in them."""
