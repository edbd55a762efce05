"""The text of Windows access lists, as Windows writes it: who besides this user may read, write or replace a file."""

import pytest

from apoa_client.access_lists import READ, REPLACE, WRITE, others_may, owner_is_trusted

USER = "S-1-5-21-1-2-3-1001"
INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
IN_PROFILE = f"O:{USER}D:(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;{USER})"
ROOT_OF_A_DRIVE = (
    f"O:{INSTALLER}D:PAI(A;;LC;;;AU)(A;OICIIO;SDGXGWGR;;;AU)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
)
BELOW_THE_ROOT = (
    "O:BAD:AI(A;ID;FA;;;BA)(A;OICIIOID;GA;;;BA)(A;ID;FA;;;SY)(A;OICIIOID;GA;;;SY)(A;OICIID;0x1200a9;;;BU)"
    "(A;ID;0x1301bf;;;AU)(A;OICIIOID;SDGXGWGR;;;AU)"
)


@pytest.mark.parametrize(
    ("descriptor", "read", "write", "replace"),
    [
        (IN_PROFILE, False, False, False),
        (ROOT_OF_A_DRIVE, True, True, False),
        (BELOW_THE_ROOT, True, True, True),
        (f"O:{USER}", True, True, True),
        (f"O:{USER}D:NO_ACCESS_CONTROL", True, True, True),
        (f"O:{USER}D:P", False, False, False),
        (f"O:{USER}D:P(D;;FA;;;WD)(A;;FA;;;OW)", False, False, False),
        (f"O:{USER}D:(A;;FR;;;WD)", True, False, False),
        (f"O:{USER}D:(A;;0x2;;;{USER}0)", False, True, False),
        (f"O:{USER}D:(A;;WO;;;AN)", False, True, True),
        (f"O:{USER}D:(A;;DT;;;BU)", False, True, True),
        (f"O:{USER}D:(A;OICI;FA;;;AC)(A;;FA;;;S-1-15-2-2)(A;OICIIO;FA;;;CO)", False, False, False),
        (f'O:{USER}D:(XA;;FX;;;WD;(@User.Title=="PM"))(XA;;FW;;;WD;(@User.Title=="PM"))', False, True, False),
        (f"O:{USER}D:(A;;ZZ;;;WD)", True, True, True),
    ],
)
def test_what_others_may_do(descriptor: str, *, read: bool, write: bool, replace: bool) -> None:
    """A user who may write may also replace the file, not the other way round; a missing list allows everything."""
    assert [others_may(rights, descriptor, USER) for rights in (READ, WRITE, REPLACE)] == [read, write, replace]


@pytest.mark.parametrize(
    ("owner", "is_trusted"),
    [(USER, True), ("SY", True), ("BA", True), (INSTALLER, True), (f"{USER}0", False), ("BU", False)],
)
def test_the_owner(owner: str, *, is_trusted: bool) -> None:
    """This user, the system, administrators and Windows' installer; other groups may be in the text, too."""
    assert owner_is_trusted(f"O:{owner}D:P(A;;FA;;;SY)", USER) is is_trusted
    assert owner_is_trusted(f"O:{owner}G:S-1-5-21-1-2-3-513D:P", USER) is is_trusted
    assert not owner_is_trusted("D:P", USER)
