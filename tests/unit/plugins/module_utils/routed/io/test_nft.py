# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our table of nftables, with an nft and a systemctl of the test's own."""

from __future__ import annotations

import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.routed import firewall as routed_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.routed import nft_table
from ansible_collections.dms.ipv6.plugins.module_utils.routed.firewall import DisableUnit, EnableUnit, LoadTable
from ansible_collections.dms.ipv6.plugins.module_utils.routed.io import nft as routed_nft
from ansible_collections.dms.ipv6.plugins.module_utils.routed.nft_table import Open, Table
from ansible_collections.dms.ipv6.plugins.module_utils.state.host import TableFiles
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import packages
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.programs import program

TABLE = Table("2001:2:0:b1::/64", "dms6-0123456789", (Open("2001:2:0:b1::25", "tcp", 25),))
# Notes its arguments and its input, and answers from a file.
NFT = """cd "$(dirname "$0")" && {{ echo "$*"; cat; }} >> asked; cat listing; {end}
"""


def missing(*_words: object, **_more: object) -> t.NoReturn:
    raise FileNotFoundError


class Host:
    """A folder for what is on PATH and in /etc."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bin, self.etc = folder / "bin", folder / "etc"
        for one in (self.bin, self.etc):
            one.mkdir()
        monkeypatch.setenv("PATH", f"{self.bin}:/usr/bin:/bin")
        monkeypatch.setattr(routed_firewall, "FILE", str(self.etc / "dms-ipv6.nft"))
        monkeypatch.setattr(routed_firewall, "UNIT_FILE", str(self.etc / "unit"))
        monkeypatch.setattr(routed_nft, "WANTS", str(self.etc / "wants"))

    def nft(self, listing: str = "", end: str = "exit 0") -> None:
        program(self.bin, "nft", NFT.format(end=end))
        (self.bin / "listing").write_text(listing)

    @property
    def asked(self) -> str:
        file = self.bin / "asked"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(tmp_path, monkeypatch)


def test_without_our_files_nft_is_not_run(there: Host) -> None:
    """Listing tables would load the kernel's modules."""
    there.nft("table")
    assert routed_nft.read() == TableFiles()
    assert there.asked == ""


def test_read(there: Host) -> None:
    there.nft("table ip6 dms_ipv6 {\n}\n")
    (there.etc / "dms-ipv6.nft").write_bytes(b"x")
    assert routed_nft.read() == TableFiles(b"x", None, False, "table ip6 dms_ipv6 {\n}\n")
    assert there.asked == "-s list table ip6 dms_ipv6\n"
    (there.etc / "unit").write_bytes(b"y")
    (there.etc / "wants").symlink_to("/no/such/unit")
    there.nft("Error: No such file or directory", "exit 1")
    assert routed_nft.read() == TableFiles(b"x", b"y", True, "")


def test_read_without_nft(there: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    (there.etc / "unit").write_bytes(b"y")
    monkeypatch.setattr(subprocess, "run", missing)
    assert routed_nft.read() == TableFiles(None, b"y")


def test_load(there: Host) -> None:
    there.nft()
    routed_nft.load(LoadTable(TABLE.text))
    assert there.asked == f"-f -\n{TABLE.text}"


def test_unload(there: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    there.nft()
    routed_nft.load(LoadTable(""))
    assert there.asked == f"--version\n-f -\n{nft_table.EMPTY}"
    monkeypatch.setattr(subprocess, "run", missing)
    routed_nft.load(LoadTable(""))


def test_load_fails(there: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    there.nft(end='echo "Error: syntax error" >&2; exit 1')
    with pytest.raises(Refused, match="cannot load the firewall: nft says: Error: syntax error"):
        routed_nft.load(LoadTable(TABLE.text))
    monkeypatch.setattr(subprocess, "run", missing)
    with pytest.raises(Refused, match=r"there is no program nft\. Install the package nftables"):
        routed_nft.load(LoadTable(TABLE.text))


def test_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, ...]] = []
    monkeypatch.setattr(system_programs, "systemctl", lambda *words, needed=True: done.append((*words, str(needed))))
    routed_nft.enable(EnableUnit("x.service"))
    routed_nft.disable(DisableUnit("x.service"))
    assert done == [
        ("daemon-reload", "True"),
        ("enable", "--now", "x.service", "True"),
        ("disable", "--now", "x.service", "False"),
    ]


def test_responder_is_let_in_for_a_while(there: Host) -> None:
    there.nft()
    routed_nft.admit("2001:2:0:b1::7", 80, 7)
    assert there.asked == "add element ip6 dms_ipv6 probe { 2001:2:0:b1::7 . 80 timeout 7s }\n"


def test_no_client_is_let_in(there: Host) -> None:
    there.nft()
    routed_nft.admit_nobody()
    assert there.asked == ""
    system_files.write(routed_firewall.FILE, b"x")
    routed_nft.admit_nobody()
    assert there.asked == "flush set ip6 dms_ipv6 probe\n"


def test_missing_program(there: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "NFT", "dms-ipv6-no-such-program")
    assert packages.missing_programs() == ["nftables"]
    program(there.bin, "dms-ipv6-no-such-program", "")
    assert packages.missing_programs() == []
