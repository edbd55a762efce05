"""The names that a property may have: a folder has the same name, on every platform."""

from apoa_client.errors import UsageProblem
from apoa_client.messages import msg

NAME_FORM = msg("a short name of a-z, 0-9, - and _ that Windows does not keep for a device")
_FIRST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_REST = _FIRST | {"_", "-"}
_MAX_LENGTH = 32
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(10))})


def is_device(name: str) -> bool:
    """Return whether Windows keeps this name for a device, so that no folder can have it."""
    return name.casefold() in _DEVICES


def valid_name(name: str) -> bool:
    """Return whether a property may have this name, which is also a folder's name on every platform."""
    fits = 0 < len(name) <= _MAX_LENGTH and name[0] in _FIRST and _REST.issuperset(name)
    return fits and not is_device(name)


def check_name(name: str) -> None:
    """Raise `UsageProblem` unless `name` is a valid one for a property."""
    advice = msg("Give one with --property, such as: --property melati")
    if is_device(name):
        raise UsageProblem(
            msg("Windows keeps the name {name} for a device: no property can have it.", name=name), advice
        )
    if not valid_name(name):
        raise UsageProblem(
            msg("A property needs a short name of a-z, 0-9, - and _: {name} is not one.", name=repr(name)),
            advice,
        )
