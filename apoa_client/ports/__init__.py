"""Interfaces between packages: what the desk and delivery need of the authority, secrets and time.

Protocols, and the values that pass through them and through the outbox, a module for each partner. Neither side imports
the other, and tests put a simulator in place of the real one. All instants are timezone-aware; the outbox and delivery
use UTC. The values are named tuples: as dataclasses they would cost every start 3 ms.
"""
