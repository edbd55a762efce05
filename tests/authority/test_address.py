"""Which addresses of an authority are accepted, and the shipped contract, as YAML text and as JSON."""

import contract_helpers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apoa_client.authority.address import check_base_url, is_apoa_website, is_loopback
from apoa_client.authority.contract import contract, contract_text
from apoa_client.errors import SettingsProblem


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://host.example/v1", "https://host.example/v1"),
        (" https://host.example/v1/ ", "https://host.example/v1"),
        ("https://host.example:8443/apoa/v1", "https://host.example:8443/apoa/v1"),
        ("HTTPS://Host.example/v1", "https://Host.example/v1"),
        ("http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://127.1.2.3/v1", "http://127.1.2.3/v1"),
        ("http://localhost:1/v1", "http://localhost:1/v1"),
        ("http://[::1]:1/v1", "http://[::1]:1/v1"),
        ("https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1"),
    ],
)
def test_usable(url: str, clean: str) -> None:
    """Https to any host, and http to this computer; the slash at the end is removed."""
    assert check_base_url(url) == clean


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host.example/v1",
        "training",
        "ftp://host.example/v1",
        "http://host.example/v1",
        "http://localhost.evil.example/v1",
        "http://128.0.0.1/v1",
        "https:///v1",
        "https://host.example:99999/v1",
        "https://host.example:0/v1",
        "https://host.example:x/v1",
        "https://[::1/v1",
        "https://host..example/v1",
        "https://" + "a" * 64 + ".example/v1",
        "https://host.example/v1?x=1",
        "https://host.example/v1#x",
        "https://host.example\\@evil.example/v1",
        "https://host.example/v1\nX",
        "https://ho st.example/v1",
        "https://höst.example/v1",
    ],
)
def test_unusable(url: str) -> None:
    """Any other address is refused before a byte is sent, with advice."""
    with pytest.raises(SettingsProblem) as caught:
        check_base_url(url)
    assert caught.value.advice is not None


def test_a_password_in_the_address_is_refused_and_not_repeated() -> None:
    """Credentials in a URL get into logs; the error message does not contain them."""
    with pytest.raises(SettingsProblem) as caught:
        check_base_url("https://melati:rahasia@host.example/v1")
    assert "rahasia" not in caught.value.message.render() + str(caught.value)


@given(st.text(max_size=60) | st.text(max_size=40).map("https://{}".format))
def test_any_text_is_accepted_or_refused(text: str) -> None:
    """Each text is a usable address, which is stable, or raises `SettingsProblem`."""
    try:
        clean = check_base_url(text)
    except SettingsProblem:
        return
    assert clean.startswith(("https://", "http://"))
    assert check_base_url(clean) == clean


def test_loopback() -> None:
    """Only names and addresses of this computer are loopback."""
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")  # noqa: S104  it is not bound to, but refused
    assert not is_loopback("")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("apoa.imigrasi.go.id", True),
        ("https://APOA.imigrasi.go.id/login", True),
        ("www.apoa.imigrasi.go.id.", True),
        ("api.imigrasi.go.id/v1", False),
        ("https://apoa.imigrasi.go.id.example/v1", False),
        ("https://[apoa", False),
        ("", False),
    ],
)
def test_the_website_of_apoa(address: str, *, expected: bool) -> None:
    """By its host alone, with or without a scheme; text that is no address is not the website."""
    assert is_apoa_website(address) is expected


def test_json_equals_yaml() -> None:
    """The program reads the same contract that `apoa contract` prints."""
    assert contract_helpers.JSON.read_text(encoding="utf-8") == contract_helpers.converted()
    assert contract()["info"]["version"] in contract_text()
