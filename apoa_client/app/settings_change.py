"""A change of one setting by hand: checked as a whole, with what follows from it, before anything is written.

Refused is what would make reports unreadable, or send them to a place that the set-up has not tested.
"""

from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

from apoa_client.app.container import Container
from apoa_client.errors import ApoaError, CredentialsProblem, UsageProblem
from apoa_client.files import full_path
from apoa_client.messages import Message, msg, nmsg
from apoa_client.outbox.errors import OutboxServerUnreachable
from apoa_client.report.kinds import State
from apoa_client.settings.config import SQLITE, TRAINING, PropertySettings
from apoa_client.settings.definitions import PATH, Value, WrongValue
from apoa_client.settings.origins import Origin, Origins, SettingKey
from apoa_client.settings.writer import Change, change_file

Values: TypeAlias = Mapping[str, Value | None]

_LOG_IN_AGAIN = msg("The stored password was given for the settings before. Give it again with: apoa login")


class SettingChange(NamedTuple):
    """A change that may be made: the value that applies before it, and what follows.

    `value` is None if the setting is removed from the file. `erases` says that guests' data will be erased sooner,
    which a user must confirm.
    """

    setting_key: SettingKey
    value: Value | None
    values: Values
    """What is written: the value, and what follows from it."""
    before: Origin
    consequences: tuple[Message, ...]
    erases: Message | None
    is_in_file: bool
    """Whether the user's file sets it before the change, in this table."""


def plan_change(app: Container, setting_key: SettingKey, text: str | None) -> SettingChange:
    """Check a change, to the value that a user typed or, for None, to what applies without the file.

    Raises `UsageProblem` for a change that is not made, `SettingsProblem`, or what reading the certificates raises.
    """
    definition = setting_key.definition
    if definition.set_instead is not None:
        raise UsageProblem(msg("{key} is not changed with this command.", key=definition.name), definition.set_instead)
    origins = Origins.read(app.folders, app.environ)
    known = origins.config
    if setting_key.property_name and known.find(setting_key.property_name) is None:
        raise app.unknown_property(setting_key.property_name)
    value = None if text is None else _parse_value(setting_key, text)
    if definition.name == "default_property" and value is not None and value not in known.names:
        raise app.unknown_property(str(value))
    values = _with_outbox_before(known.find(setting_key.property_name), definition.name, value)
    new = origins.after(Change(setting_key.table, values)).config
    if new.invalid.keys() - known.invalid.keys():  # nothing but a required setting can be missing
        raise UsageProblem(
            msg("{key} is required: it cannot be removed.", key=definition.name),
            msg("Give another value with: apoa config set, or set up again: apoa setup"),
        )
    consequences: list[Message] = []
    erases: Message | None = None
    for name, after in new.properties.items():
        before = known.properties.get(name, after)  # one that lacked a required setting has nothing to lose
        if before != after:
            consequences += _consequences(app, before, after)
            erases = _erased(before, after) or erases
    if definition.variable and app.environ.get(definition.variable):
        consequences.append(msg("{variable} is set: its value is used as long as it is.", variable=definition.variable))
    follows = tuple(dict.fromkeys(consequences))
    is_in_file = origins.is_in_file(setting_key)
    return SettingChange(setting_key, value, values, origins.of(setting_key), follows, erases, is_in_file)


def _with_outbox_before(property_settings: PropertySettings | None, name: str, value: Value | None) -> Values:
    """Return the values to write: with another outbox, the one before too. Raises what `after_switch` does."""
    to = SQLITE if value is None else str(value)
    if name != "outbox" or property_settings is None or to == property_settings.outbox:
        return {name: value}
    from apoa_client.app.shared_outbox import after_switch  # few changes need it

    return {name: value, "outbox_before": after_switch(property_settings, to).outbox_before or None}


def carry_out(app: Container, change: SettingChange) -> None:
    """Write a change that was planned. Raises `SettingsProblem` or `NotNow`: then nothing is written."""
    written = Change(change.setting_key.table, change.values)
    change_file(app.folders.config, lambda _config, _tables: [written], app.folders.site)


def _parse_value(setting_key: SettingKey, text: str) -> Value:
    """Return the value that a user typed. Raises `UsageProblem`, or `SettingsProblem` for an address."""
    definition = setting_key.definition
    if definition.kind == PATH and text:
        with suppress(RuntimeError):  # there is no such user
            text = str(Path(text).expanduser())
        text = str(full_path(Path(text)))
    try:
        value = definition.parse(text)
    except WrongValue as exc:
        raise UsageProblem(
            msg("This value is not allowed for {key}. Allowed: {values}", key=definition.name, values=exc.allowed),
            exc.advice or msg("What the setting means: apoa config explain {key}", key=definition.name),
            name=exc.name,
        ) from None
    if definition.name == "api_url" and value != TRAINING:
        from apoa_client.authority.address import check_base_url, is_apoa_website

        if is_apoa_website(str(value)):
            raise UsageProblem(
                msg("This is APOA's website for people. No server there takes reports from programs."),
                msg("Set up without a server, to type the reports into APOA: apoa setup --by-hand"),
            )
        return check_base_url(str(value))
    if definition.name == "ca_bundle":
        from apoa_client.authority.tls import tls_context

        tls_context(str(value))
    return value


def _consequences(app: Container, before: PropertySettings, after: PropertySettings) -> list[Message]:
    """Return what follows for a property. Raises `UsageProblem` for what would harm its reports."""
    follows: list[Message] = []
    if after.vault != before.vault:
        _check_private_key(app, after)
    if after.api_url != before.api_url:
        _check_address(app, before, after)
        follows.append(msg("For another authority, set up again instead: apoa setup"))
    bound = (before.api_url, before.username, before.ca_bundle, before.vault)
    if bound != (after.api_url, after.username, after.ca_bundle, after.vault) and _has_account(after):
        follows.append(_LOG_IN_AGAIN)
    if after.outbox != before.outbox:
        follows += _of_another_outbox(app, before, after)
    if after.window_hours != before.window_hours and _has_account(after):
        follows.append(msg("The authority's own number counts: apoa login takes it over again."))
    if after.backup_folder != before.backup_folder and after.backup_folder and not Path(after.backup_folder).is_dir():
        follows.append(msg("The folder {path} is not there now.", path=after.backup_folder))
    return follows


def _of_another_outbox(app: Container, before: PropertySettings, after: PropertySettings) -> list[Message]:
    """Return what follows for the log-in to a shared outbox.

    Raises `SettingsProblem` for a database that is not an outbox, or that this property cannot use.
    """
    follows = [msg("What the outbox before has is handed over by the next commands, at once by: apoa sync")]
    if before.has_shared_outbox and after.has_shared_outbox:
        follows = [msg("This must be the same outbox: nothing is taken over from the address before.")]
    if after.has_shared_outbox:
        from apoa_client.app.shared_outbox import agree_on_keys, require_decided

        if app.folders.outbox(before.name).exists() and not before.has_shared_outbox:
            with app.outbox_of(before) as outbox:
                require_decided(outbox)
        try:
            with app.outbox_of(after) as outbox:
                agree_on_keys(after, outbox)
        except CredentialsProblem as exc:
            follows += [exc.message, msg("Store the password of the database with: apoa login --outbox")]
        except OutboxServerUnreachable as exc:
            follows += [exc.message, msg("Until it does, guests are saved on this computer.")]
    return follows


def _has_account(settings: PropertySettings) -> bool:
    return not (settings.uses_sandbox or settings.by_hand)


def _check_address(app: Container, before: PropertySettings, after: PropertySettings) -> None:
    """Refuse an address where reports would be lost or sent twice."""
    if before.is_training or after.uses_sandbox:
        raise UsageProblem(
            msg("Between training and an authority, a property changes with a new set-up only."),
            msg("Set up again: apoa setup --property {name}", name=before.name),
        )
    count = _count_undecided(app, before.name)
    if count:
        raise UsageProblem(
            nmsg(
                "The authority may have {count} report on which it has not decided yet.",
                "The authority may have {count} reports on which it has not decided yet.",
                count,
            ),
            msg("Run apoa sync first. If the authority itself has a new address, set up again: apoa setup"),
        )


def _count_undecided(app: Container, name: str) -> int:
    """Return how many reports were sent and not decided on; 0 if that cannot be read."""
    with closing(Container(app.environ, app.clock, name)) as other, suppress(ApoaError):
        other.on_unwritable = lambda _problem: None
        now = app.clock.now()
        counts = other.outbox.summary(now=now, soon=now).counts
        return counts[State.SENDING] + counts[State.PENDING]
    return 0


def _check_private_key(app: Container, after: PropertySettings) -> None:
    """Refuse another vault that does not have the property's private key already."""
    from apoa_client.vault.sealing import encode_key, public_key_of

    with suppress(CredentialsProblem):
        if encode_key(public_key_of(app.secrets_of(after, prompt=False).private_key())) == after.public_key.strip():
            return
    raise UsageProblem(
        msg(
            "The private key of {name} is not in that place ({vault}): its reports could not be read any more.",
            name=after.name,
            vault=after.vault,
        ),
        msg(
            "Move the key with: apoa setup --property {name} --vault {vault}",
            name=after.name,
            vault=after.vault,
        ),
    )


def _erased(before: PropertySettings, after: PropertySettings) -> Message | None:
    if after.retention_days >= before.retention_days:
        return None
    return nmsg(
        "The data of guests of {name} whose stay ended more than {count} day ago are then erased, at the next daily "
        "purge. That cannot be undone.",
        "The data of guests of {name} whose stay ended more than {count} days ago are then erased, at the next daily "
        "purge. That cannot be undone.",
        after.retention_days,
        name=after.name,
    )
