"""Reads the machine-readable zone of a travel document from a picture, on this computer."""
