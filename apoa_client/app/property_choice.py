"""Which property a command works on, and its settings: read at their first use, and written."""

from collections.abc import Callable, Mapping
from functools import cached_property

from apoa_client.errors import SettingsProblem
from apoa_client.messages import msg
from apoa_client.settings import reading
from apoa_client.settings.config import Config, PropertySettings, nothing_set_up
from apoa_client.settings.folders import Folders, find_folders

NOT_CHOSEN = "property_not_chosen"
"""The name of the error that there are several properties, and none was chosen."""


class PropertyChoice:
    """The settings of the files and the environment, and those of the property with a name, or of the usual one."""

    def __init__(self, environ: Mapping[str, str], property_name: str = "") -> None:
        self.environ = environ
        self._name = property_name
        self.choose_property: Callable[[Config], str] | None = None
        """Asks a person at the terminal for one of several properties; None: an error then."""
        self.on_chosen: Callable[[PropertySettings], object] = lambda _settings: None
        """Called with the settings of the property when it is chosen."""

    @cached_property
    def folders(self) -> Folders:
        """The folders of the program's files."""
        return find_folders(self.environ)

    @cached_property
    def config(self) -> Config:
        """The settings of the files and the environment. Raises `SettingsProblem`."""
        return reading.load(self.folders.config, self.environ)

    @cached_property
    def settings(self) -> PropertySettings:
        """The settings of the named property, else of the default one, else of the only one, else of one asked for.

        Raises `SettingsProblem` if there is no such property, if its table is invalid, or if there are several and no
        person can be asked.
        """
        if not self.config.names:
            raise nothing_set_up()
        name = self._name or self.usual_name or self._chosen_property()
        settings = self.config.find(name)
        if settings is None:
            raise self.unknown_property(name)
        self.on_chosen(settings)
        return settings

    @property
    def usual_name(self) -> str:
        """The property that a command works on if none is chosen by an option; empty: a person is asked."""
        names = self.config.names
        usual = self.environ.get("APOA_PROPERTY") or self.config.default_property
        return usual or (names[0] if len(names) == 1 else "")

    @property
    def is_chosen(self) -> bool:
        """Whether it is known which property this is: nothing that only wants to name it may ask."""
        return "settings" in self.__dict__

    def _chosen_property(self) -> str:
        if self.choose_property is not None:
            return self.choose_property(self.config)
        raise SettingsProblem(
            msg("Several properties are set up here: {names}.", names=", ".join(self.config.names)),
            msg("Choose one with --property NAME, or for good: apoa config set default_property NAME"),
            name=NOT_CHOSEN,
        )

    def unknown_property(self, name: str) -> SettingsProblem:
        """Return the error about a property that is not set up here."""
        from apoa_client.texts import close_matches  # for a mistake alone

        names = ", ".join(self.config.names) or "-"
        advice = msg("Known: {names}. Set it up with: apoa setup", names=names)
        near = close_matches(name, self.config.names, limit=1)
        if near:
            advice = msg("Did you mean {near}? Known: {names}", near=near[0], names=names)
        return SettingsProblem(msg("There is no property {name} in the settings.", name=name), advice)

    def saved_config(self) -> Config:
        """Return the settings as the file has them now, whatever the environment says."""
        return reading.load(self.folders.config)

    def saved_settings(self, settings: PropertySettings) -> PropertySettings:
        """Return the settings of this property as the files have them now; those given if they have none."""
        return self.saved_config().properties.get(settings.name, settings)

    def save_settings(
        self, settings: PropertySettings, before: PropertySettings | None = None, *, language: str = ""
    ) -> None:
        """Write what is different from `before` into the settings file, as `apoa_client.settings.writer.save` says."""
        from apoa_client.settings.writer import save

        save(self.folders.config, settings, before=before, language=language)
