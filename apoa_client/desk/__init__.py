"""The desk: typed fields and MRZ lines become checked reports in the outbox, and reported stays are changed."""
