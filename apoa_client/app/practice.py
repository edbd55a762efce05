"""Practice: its reports, keys and settings are in a home of their own, so that they share no file with a real property.

Each property has a practice property of the same name in that home, which is made at its first use. One that was set up
for practice from the start is in the program's own home, until a real property is set up under its name.
"""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from apoa_client.app.container import Container
from apoa_client.errors import SettingsProblem, file_in_use
from apoa_client.files import make_private_folder, sync_folder
from apoa_client.messages import msg
from apoa_client.settings.config import PropertySettings
from apoa_client.settings.folders import Folders
from apoa_client.settings.writer import remove_property

_KEPT = frozenset({"APOA_LANG", "APOA_PLAIN"})
"""The variables of this program that are not about a property or its files."""


def practice_environment(environ: Mapping[str, str], folders: Folders) -> dict[str, str]:
    """Return the environment of the practice home: no settings, secrets or files of a real property are named in it."""
    others = {name: value for name, value in environ.items() if not name.startswith("APOA_") or name in _KEPT}
    others.pop("CREDENTIALS_DIRECTORY", None)
    return {**others, "APOA_HOME": str(folders.practice)}


def move_to_practice(app: Container, settings: PropertySettings) -> None:
    """Move a practice property from the program's own home to the practice home, so that a real one may have its name.

    After a kill between two steps the same call goes on. Raises `SettingsProblem`, also while another program uses the
    files, `NotNow`, or `CredentialsProblem` if the keys cannot be read: then nothing was moved.
    """
    if settings.has_shared_outbox:
        raise SettingsProblem(
            msg("The practice reports of {name} are in a shared outbox.", name=settings.name),
            msg("Set up the real property under another short name: apoa setup --property NAME"),
        )
    with closing(Container(practice_environment(app.environ, app.folders), app.clock)) as practice:
        source, target = app.folders.data / settings.name, practice.folders.data / settings.name
        if source.exists():
            if target.exists():
                raise SettingsProblem(
                    msg("Practice of this name is there already: {path}", path=str(target)),
                    msg("Move that folder away, then set up again."),
                )
            kept = settings._replace(vault="file", outbox_before="", backup_folder="", import_folder="")
            secrets, own = app.secrets_of(settings), app.secrets_of(kept)
            if settings.vault != kept.vault:
                own.keys.copy_from(secrets.keys)
            if settings.vault != kept.vault or secrets.private_key_from_environment() is not None:
                own.store_private_key(secrets.private_key())
            practice.save_settings(kept, language=app.config.language)
            _move(source, target)
    if settings.vault == "keyring":
        secrets = app.secrets_of(settings)
        for name in secrets.stored_names():
            secrets.delete_stored(name)
    remove_property(app.folders.config, settings.name)


def _move(source: Path, target: Path) -> None:
    try:
        make_private_folder(target.parent)
        source.rename(target)
        sync_folder(target.parent)
        sync_folder(source.parent)
    except OSError:  # on Windows, while a program has a file of the folder open
        raise file_in_use(str(source)) from None
