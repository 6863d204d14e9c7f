# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""gai_conf, on a file of its own, with an engine in memory and an order of addresses that follows the file."""

from __future__ import annotations

import os
import stat
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import lock, record
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.io import executor as daemon_executor
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.host.io import resolver
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import read_host
from ansible_collections.dms.ipv6.plugins.module_utils.rollback import transaction
from ansible_collections.dms.ipv6.plugins.module_utils.rollback.io import armed_transaction
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.modules import gai_conf
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import hosts
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

ULA = "fd5c:1ab0:7e57:1::/64"
LINE = f"label {ULA} 1".split()
FOUR, SIX = "198.18.7.10", "2001:2:0:7::10"
TEXT = b"# Configuration for getaddrinfo(3).\n#label ::/0 1\n\xff\n".replace(b"\xff", b"# \xff")


class Lab:
    """A host that connects from its ULA."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.sockets: list[str] = []
        self.source = "fd5c:1ab0:7e57:1::1"
        self.failing = False

    def read(self, docker: Docker, path: str | None = None, any_engine: bool = False) -> t.Any:
        self.sockets.append(docker.path)
        return hosts.host(record=record.record())

    def ahosts(self, name: str) -> tuple[str, ...]:
        """As glibc does it: by the labels of both ends, in the file as it is now."""
        if name != "far":
            return ()
        text = self.file.read_bytes().decode(errors="replace") if self.file.exists() else ""
        ours = any(line.split()[:3] == LINE for line in text.splitlines())
        return (SIX, FOUR) if ours else (FOUR, SIX)

    @property
    def state(self) -> t.Any:
        return self.file.read_bytes() if self.file.exists() else None, record.record()


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lab:
    found = Lab(tmp_path / "gai.conf")
    found.file.write_bytes(TEXT)
    monkeypatch.setattr(system_files, "STATE", str(tmp_path / "state"))
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(read_host, "read", found.read)
    monkeypatch.setattr(daemon_executor.DaemonExecutor, "await_answer", lambda self: None)
    monkeypatch.setattr(resolver, "glibc", lambda: True)
    monkeypatch.setattr(resolver, "ahosts", found.ahosts)
    monkeypatch.setattr(resolver, "source", lambda address: found.source)
    return found


def said(lab: Lab, **options: t.Any) -> dict[str, t.Any]:
    return run(gai_conf, path=str(lab.file), **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"prefixes": [ULA]}, "label "),
        ({"prefix": ULA, "precedence": True, "docker_socket": "/run/other.sock"}, f"precedence {ULA}"),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_there_and_back(lab: Lab, options: dict[str, t.Any], words: str, there: bool) -> None:
    """Check mode says the same and does nothing; a second run finds nothing to do; absent brings the old bytes."""
    if there:
        os.chmod(lab.file, 0o640)
    else:
        lab.file.unlink()
    before = lab.state
    check = said(lab, check=True, name="far", **options)
    assert lab.state == before
    assert "after" not in check and "effective" not in check and "effect" not in check
    real = said(lab, name="far", **options)
    assert {name: real[name] for name in check} == check
    assert (real["changed"], real["rolled_back"], real["warned"]) == (True, False, "")
    assert real["steps"] == [f"write {lab.file}: new processes try IPv6 first from {ULA}"]
    assert (real["before"], real["after"], real["source"]) == ([FOUR, SIX], [SIX, FOUR], lab.source)
    assert real["effective"] is True
    assert real["effect"].startswith(f"new processes try {SIX} before {FOUR} for far. They tried {FOUR} first before.")
    assert f"+++ after: {lab.file}\n" in real["diff"]["prepared"]
    text = lab.file.read_bytes()
    assert text.startswith(TEXT if there else b"#") and words.encode() in text
    assert stat.S_IMODE(lab.file.stat().st_mode) == (0o640 if there else 0o644)
    assert all(
        f"+{line}\n" in real["diff"]["prepared"] for line in text.decode(errors="replace").splitlines() if ULA in line
    )
    again = said(lab, name="far", **options)
    assert (again["changed"], again["steps"], again["effective"]) == (False, [], True)
    assert again["effect"] == f"new processes try {SIX} before {FOUR} for far"
    assert lab.file.read_bytes() == text
    check = said(lab, check=True, state="absent", name="far")
    assert lab.file.read_bytes() == text
    gone = said(lab, state="absent", name="far")
    assert gone["steps"] == check["steps"] == [f"{'write' if there else 'remove'} {lab.file}: the file as it was"]
    assert (gone["before"], gone["after"], gone["warned"]) == ([SIX, FOUR], [FOUR, SIX], "")
    assert "effective" not in gone
    assert lab.state[0] == before[0]
    assert "gai_conf" not in lab.state[1]
    assert said(lab, state="absent")["changed"] is False
    assert set(lab.sockets) == set()  # Docker may be stopped


def test_no_effect_is_a_warning(lab: Lab) -> None:
    """Written all the same, as wanted; and nothing is claimed."""
    lab.source = "2001:2:0:7::11"
    real = said(lab, prefixes=[ULA])
    words = "no effect: from 2001:2:0:7::11 to global IPv6 addresses IPv6 comes first without these lines"
    assert (real["changed"], real["effective"], real["effect"]) == (True, False, words)
    assert words in real["warned"]


def test_musl(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "glibc", lambda: False)
    for check in (True, False):
        real = said(lab, prefixes=[ULA], name="far", check=check)
        assert (real["changed"], real["steps"], real["effective"], real["after"]) == (False, [], False, [])
        assert real["effect"].startswith("no effect: the C library of this host is not glibc (musl, say)")
        assert real["warned"].count("no effect") == 1
    assert lab.state == (TEXT, {})


def test_edited_since(lab: Lab) -> None:
    """Only our own lines go, and those that were edited stay, with a warning."""
    said(lab, prefixes=[ULA])
    text = lab.file.read_text(errors="surrogateescape")
    mine = text.replace("label fc00::/7", "label fd00::/8") + "label fd77::/48 6\n"
    lab.file.write_text(mine, errors="surrogateescape")
    gone = said(lab, state="absent")
    assert gone["steps"] == [f"write {lab.file}: without our lines"]
    assert "our lines that were edited since stay as they are" in gone["warned"]
    edited = [line for line in mine.splitlines() if line.startswith("label fd00::/8")]
    after = TEXT.decode(errors="surrogateescape") + "\n".join([*edited, "label fd77::/48 6"]) + "\n"
    assert lab.file.read_text(errors="surrogateescape") == after


def test_change_within_a_transaction(lab: Lab) -> None:
    armed_transaction.write(transaction.Transaction("run", armed_transaction.boot_id(), 1e12, 60.0))
    assert "another run's change" in failure(gai_conf, path=str(lab.file), prefixes=[ULA], transaction="other")
    assert said(lab, prefixes=[ULA], transaction="run")["changed"] is True
    armed = armed_transaction.armed()
    assert armed and armed.deadline < 1e12
    (step,) = armed.steps_back()
    system_files.write(step.path, step.content)  # type: ignore[attr-defined]
    assert lab.file.read_bytes() == TEXT


def test_failing_write(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(path: str, content: bytes | None, **more: t.Any) -> None:
        if path == str(lab.file) and content != TEXT:
            raise Refused("cannot be written: No space left on device", path)
        original(path, content, **more)

    original = system_files.write
    monkeypatch.setattr(system_files, "write", write)
    result = said(lab, prefixes=[ULA])
    assert (result["failed"], result["rolled_back"]) == (True, True)
    assert result["msg"].endswith("cannot be written: No space left on device. The old state is back.")
    assert lab.state == (TEXT, {})


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (b"#\nlable ::/0 1\n", {"prefixes": [ULA]}, ":2: `lable ::/0 1`: there is no such word as lable"),
        (f"label {ULA} 6\n".encode(), {"prefixes": [ULA]}, f":1: `label {ULA} 6` is the contrary of"),
        (b"", {}, "state is present but all of the following are missing: prefixes"),
        (b"", {"prefixes": ["fe80::/10"]}, "prefixes: fe80::/10 is neither a ULA nor global"),
        (b"", {"state": "gone"}, "value of state must be one of: present, absent"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_failures_are_one_message(lab: Lab, text: bytes, options: t.Any, words: str, check: bool) -> None:
    lab.file.write_bytes(text)
    assert words in failure(gai_conf, path=str(lab.file), check=check, **options)
    assert lab.state == (text, {})


def test_a_folder_is_no_file(lab: Lab, tmp_path: Path) -> None:
    words = f"{tmp_path}: cannot be read: it is a directory."
    assert failure(gai_conf, path=str(tmp_path), prefixes=[ULA]) == words
