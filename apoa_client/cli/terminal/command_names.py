"""Names of the commands in the reader's language, for the sentences that mention a command."""

from apoa_client.cli.terminal.language import current_language

ALIASES = {
    "lapor": "report",
    "cek": "check",
    "daftar": "list",
    "keluar": "checkout",
    "ubah": "amend",
    "batal": "cancel",
    "perbaiki": "fix",
    "bukti": "receipt",
    "kirim": "sync",
    "bantuan": "help",
    "siapkan": "setup",
}
"""Indonesian names of commands."""


def localized_name(name: str) -> str:
    """Return a command's name in the reader's language."""
    aliases = {of: alias for alias, of in ALIASES.items()} if current_language() == "id" else {}
    return aliases.get(name, name)


def localized_command(words: str) -> str:
    """Return a whole command line, such as "apoa lapor", for a command with or without options."""
    name, space, options = words.partition(" ")
    return f"apoa {localized_name(name)}{space}{options}"
