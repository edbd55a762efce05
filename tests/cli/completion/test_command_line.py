"""The words of an unfinished command line."""

import pytest

from apoa_client.cli.completion.shells import CommandLine, Word, parse_line, split


@pytest.mark.parametrize(
    ("line", "words", "current"),
    [
        ("apoa ", ["apoa"], Word("")),
        ("apoa  show  2e", ["apoa", "show"], Word("2e")),
        ("apoa show 'Melati 3", ["apoa", "show"], Word("Melati 3", "'")),
        ('apoa show "Melati 3', ["apoa", "show"], Word("Melati 3", '"')),
        ("apoa show Melati\\ 3", ["apoa", "show"], Word("Melati 3")),
        ('apoa "a\\"b" \'c\\d\' "e\\f" x', ["apoa", 'a"b', "c\\d", "e\\f"], Word("x")),
        ("apoa '' ", ["apoa", ""], Word("")),
        ("apoa --state=qu", ["apoa"], Word("--state=qu")),
        ("apoa show Melati\\", ["apoa", "show"], Word("Melati")),
        ("", [], Word("")),
    ],
)
def test_words_are_split_as_a_shell_splits_them(line: str, words: list[str], current: Word) -> None:
    """Quotes and backslashes are removed, and the word at the cursor may be unfinished."""
    assert split(line) == (words, current)


def test_assignments_and_the_command_are_no_arguments() -> None:
    """What stands before the command, and the command itself, are left out."""
    assert parse_line("APOA_LANG=id X= /opt/bin/apoa list --sta") == CommandLine(("list",), Word("--sta"))
