"""The composition root: builds the program's parts, and the operations that need several of them."""
