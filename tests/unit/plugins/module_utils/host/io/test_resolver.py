# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What new processes and the kernel are queried for, and what is read from their answers."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import record
from ansible_collections.dms.ipv6.plugins.module_utils.host import address_order, gai_conf
from ansible_collections.dms.ipv6.plugins.module_utils.host import undo as host_undo
from ansible_collections.dms.ipv6.plugins.module_utils.host.io import resolver
from ansible_collections.dms.ipv6.plugins.module_utils.state.host import Order
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs

GETENT = """\
198.18.7.10     STREAM far
198.18.7.10     DGRAM
198.18.7.10     RAW
2001:2:0:7::10  STREAM
2001:2:0:7::10  DGRAM
fe80::1%eth0    STREAM
"""


def program(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    file = folder / "getent"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_addresses_are_those_of_a_new_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(monkeypatch, tmp_path, f'test "$*" = "ahosts far" && cat <<END\n{GETENT}END')
    assert resolver.ahosts("far") == ("198.18.7.10", "2001:2:0:7::10", "fe80::1")
    assert resolver.ahosts("other") == ()


def test_no_answer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = system_programs.run_within
    monkeypatch.setattr(system_programs, "run_within", lambda command, stdin, _timeout: real(command, stdin, 0.3))
    program(monkeypatch, tmp_path, "PATH=/usr/bin:/bin; sleep 1; echo '2001:2::1 STREAM far'")
    assert resolver.ahosts("far") == ()
    monkeypatch.setenv("PATH", "/nowhere")
    assert resolver.ahosts("far") == ()


def test_source() -> None:
    assert resolver.source("::1") == "::1"
    assert resolver.source("nothing") == ""


def test_this_machine_has_glibc() -> None:
    assert resolver.glibc() is (subprocess.run(["getconf", "GNU_LIBC_VERSION"], check=False).returncode == 0)


@pytest.mark.parametrize(
    ("answer", "expected"), [("glibc 2.36", True), (None, False), (ValueError(), False), (OSError(), False)]
)
def test_glibc(monkeypatch: pytest.MonkeyPatch, answer: t.Any, expected: bool) -> None:
    """On musl Python does not even know the name."""

    def confstr(name: str) -> t.Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(os, "confstr", confstr)
    assert resolver.glibc() is expected


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses to which a way was queried, on a host with a name of both families."""
    found: list[str] = []
    monkeypatch.setattr(resolver, "glibc", lambda: True)

    def source(address: str) -> str:
        found.append(address)
        return "fd00::1"

    monkeypatch.setattr(resolver, "source", source)
    names = {"far": ("198.18.7.10", "2001:2::10", "2001:2::11"), "four": ("198.18.7.10",)}
    monkeypatch.setattr(resolver, "ahosts", lambda name: names.get(name, ()))
    return found


@pytest.mark.parametrize(
    ("name", "addresses", "ways"),
    [
        ("far", ("198.18.7.10", "2001:2::10", "2001:2::11"), ["2001:2::10"]),
        ("four", ("198.18.7.10",), []),
        ("none", (), []),
        ("", (), ["2000::"]),
    ],
)
def test_order(asked: list[str], name: str, addresses: t.Any, ways: list[str]) -> None:
    assert resolver.order(name) == Order(True, name, addresses, "fd00::1" if ways else "")
    assert asked == ways


def test_musl_is_not_queried(monkeypatch: pytest.MonkeyPatch, asked: list[str], tmp_path: Path) -> None:
    """Neither read nor written, whatever the file says."""
    monkeypatch.setattr(resolver, "glibc", lambda: False)
    assert resolver.order("far") == Order(False, "far")
    path = tmp_path / "gai.conf"
    path.write_text("nonsense\n")
    plan = resolver.plan(str(path), gai_conf.wanted(["fd00::/64"]), {})
    assert (plan.changed, plan.warnings, asked) == (False, (address_order.NOT_GLIBC,), [])


def test_plans_know_what_earlier_runs_wrote(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A tagged line that was edited is the user's; without a record it is ours."""
    monkeypatch.setattr(resolver, "glibc", lambda: True)
    monkeypatch.setattr(system_files, "STATE", str(tmp_path))
    path, asked = str(tmp_path / "gai.conf"), gai_conf.wanted(["fd00::/64"])
    first = resolver.plan(path, asked, {})
    memory = {"gai_conf": host_undo.remember_gai_conf(None, first)}
    assert resolver.known({}, path) == [] == resolver.known(memory, "/other")
    content = first.steps[0].content  # type: ignore[attr-defined]
    edited = f"label fd77::/48 3  {gai_conf.TAG}\n".encode()
    system_files.write(path, content + edited)
    assert resolver.plan(path, asked, memory).changed is False
    assert resolver.plan(path, asked, {}).changed is True
    assert resolver.others(path).own(gai_conf.LABEL) == gai_conf.DEFAULTS[gai_conf.LABEL]
    record.keep(**memory)
    assert [one.value for one in resolver.others(path).own(gai_conf.LABEL) if one.line] == [3]
    back = resolver.back(path, memory)
    assert back.steps[0].content == edited  # type: ignore[attr-defined]
    assert resolver.back(path, {}).steps[0].content == b""  # type: ignore[attr-defined]
