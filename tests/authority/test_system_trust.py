"""The certificates that Windows itself trusts."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from basics import real_system
from tls_helpers import CA, NO_SUCH, TOKEN

from apoa_client.errors import UntrustedCertificate

pytestmark = [*real_system, pytest.mark.skipif(sys.platform != "win32", reason="the store of Windows")]

NAME = "Test CA of apoa-client"


def test_what_an_administrator_trusts_is_trusted(serve: Callable[..., Any], make_client: Callable[..., Any]) -> None:
    """A CA in the computer's store is trusted without a setting, and no longer once it is removed."""
    line = serve(TOKEN, NO_SUCH, certificate="server.pem")
    with pytest.raises(UntrustedCertificate):
        make_client(line.url).meta()
    subprocess.run(["certutil", "-addstore", "-f", "Root", str(CA)], check=True, capture_output=True)
    try:
        assert make_client(line.url).verdict("x") is None
    finally:
        subprocess.run(["certutil", "-delstore", "Root", NAME], check=True, capture_output=True)
    with pytest.raises(UntrustedCertificate):
        make_client(line.url).meta()
