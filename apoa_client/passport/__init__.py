"""ICAO Doc 9303's machine readable zone: layouts, check digits, dates, names, states, repair. Pure."""
