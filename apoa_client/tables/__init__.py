"""Tables in and out: files become rows of typed fields, and reports become tables and figures."""
