"""The sealed, durable queue and history of one property. `sqlite` is the engine; the modules here serve any engine."""
