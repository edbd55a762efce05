"""HTML pages and sheets to print."""
