"""The reporting contract and its HTTP client."""
