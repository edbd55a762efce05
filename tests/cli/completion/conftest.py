"""Completion as the scripts of the shells ask for it, in the test's process."""

import pytest
from cli_helpers import Apoa, Complete


@pytest.fixture
def complete(apoa: Apoa) -> Complete:
    """Return the words that fit after a command line, with their descriptions: `complete("list", "--sta")`."""

    def ask(*arguments: str, **environ: str) -> dict[str, str]:
        *before, current = arguments
        words = "\n".join(["apoa", *before])
        said = apoa(_APOA_COMPLETE="zsh_complete", _APOA_WORDS=words, _APOA_CURRENT=current, **environ)
        assert (said.code, said.err) == (0, "")
        kind, *lines = said.out.splitlines()
        if kind.startswith("files"):
            return {kind: ""}
        assert kind == "words"
        return dict(line.split("\t") for line in lines)

    return ask
