"""The outbox of many properties and desks in PostgreSQL, with psycopg: the extra `apoa-client[postgres]`."""
