"""Hotel-side reporting client for APOA, Indonesia's reporting of foreign guests.

The version stands here, and is read from here by the build, so that ``apoa --version`` need not load
``importlib.metadata``.
"""

__version__ = "0.1.0"

SET_VARIABLE = "--set-variable"
"""The first argument of a scheduled task of Windows, with ``NAME=VALUE`` after it: a task has no other environment."""
