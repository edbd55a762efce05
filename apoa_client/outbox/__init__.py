"""The sealed, durable queue and history of one property. `sql` is what the engines `sqlite` and `postgres` share."""
