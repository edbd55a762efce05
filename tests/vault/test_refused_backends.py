"""Keyring backends that are refused, with the reason."""

from pathlib import Path

import pytest
from conftest import raises_error
from keyring.util import platform_

from apoa_client.vault.keyring_store import KeyringStore
from apoa_client.vault.refused_backends import refused_backend

NOWHERE = Path("nowhere.cfg")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("keyring.backends.null.Keyring", "stores nothing"),
        ("keyring.backends.fail.Keyring", "refuses every call"),
        ("keyring.backends.chainer.ChainerBackend", "even one that stores plain text"),
        ("keyrings.alt.file.PlaintextKeyring", "plain text files"),
        ("keyrings.alt.file.EncryptedKeyring", "weak encryption"),
        ("keyrings.cryptfile.cryptfile.CryptFileKeyring", "does not know it"),
    ],
)
def test_each_has_its_reason(name: str, reason: str, tmp_path: Path) -> None:
    """Whether it is named in the environment or in the settings file."""
    settings = tmp_path / "keyringrc.cfg"
    settings.write_text(f"[backend]\ndefault-keyring = {name}\n", encoding="utf-8")
    for found in (refused_backend({"PYTHON_KEYRING_BACKEND": name}, NOWHERE), refused_backend({}, settings)):
        assert found is not None
        assert name in found.message.render()
        assert reason in found.message.render()


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    """As in `keyring`."""
    settings = tmp_path / "keyringrc.cfg"
    settings.write_text("[backend]\ndefault-keyring=keyring.backends.null.Keyring\n", encoding="utf-8")
    assert refused_backend({"PYTHON_KEYRING_BACKEND": "keyring.backends.SecretService.Keyring"}, settings) is None
    named = refused_backend({"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}, settings)
    assert named is not None
    assert "fail" in named.message.render()


@pytest.mark.parametrize(
    "content", [b"", b"[backend]\n", b"default-keyring=x", b"\xff\xfe\x00", b"[backend]\ndefault-keyring=\n"]
)
def test_a_settings_file_without_a_backend(content: bytes, tmp_path: Path) -> None:
    """Missing, empty or broken, it is another program's file, and no error."""
    assert refused_backend({}, tmp_path / "gone.cfg") is None
    settings = tmp_path / "keyringrc.cfg"
    settings.write_bytes(content)
    assert refused_backend({}, settings) is None


def test_a_user_without_a_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container there is no keyring, and no settings file to look at."""

    def refuse() -> str:
        raise RuntimeError

    monkeypatch.setattr(platform_, "config_root", refuse)
    store = KeyringStore("apoa-client/melati", interactive=False, environ={}, factories=[])
    with raises_error("keyring_no_bus"):
        store.get("password")
