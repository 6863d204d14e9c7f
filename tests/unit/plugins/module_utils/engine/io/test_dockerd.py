# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which dockerd is behind a socket: real sockets, and processes and services as the kernel and systemd tell of them."""

from __future__ import annotations

import os
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import dockerd
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.dockerd import Dockerd
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs

ROOT, USER = True, False
CLOCK = "Mon 2026-11-30 08:59:46.994206 UTC"
SECONDS = 1796029186.994206


class Machine:
    """Processes, services and what listens on the socket."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "docker.sock")
        self.listener = 7
        # name, whether root's, program, unit
        self.processes: dict[int, tuple[str, bool, str, str | None]] = {
            1: ("systemd", ROOT, "/usr/lib/systemd/systemd", None),
            7: ("dockerd", ROOT, "/usr/sbin/dockerd", "docker.service"),
        }
        self.main: dict[str, int] = {"docker.service": 7}
        self.parents: dict[int, int] = {}
        self.clock = CLOCK
        self.sockets: dict[str, str] = {}
        self.asked: list[tuple[str, ...]] = []

    def of(self, pid: int, which: int, missing: t.Any) -> t.Any:
        return self.processes.get(pid, (missing,) * 4)[which]

    def said(self, *command: str) -> str:
        self.asked.append(command)
        units = command[2 : command.index("-p")]
        if "--timestamp=us+utc" not in command:
            return ""
        if units == ("*.socket",):
            units = tuple(self.sockets)
        return "\n".join(f"Id={one}\n{self.shown(one)}" for one in units)

    def shown(self, unit: str) -> str:
        if unit.endswith(".socket"):
            return self.sockets.get(unit, "Triggers=\n")
        return f"MainPID={self.main.get(unit, 0)}\nExecMainStartTimestamp={self.clock}\n"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> t.Iterator[Machine]:
    found = Machine(tmp_path)
    monkeypatch.setattr(dockerd, "CREDENTIALS", Credentials(found))
    monkeypatch.setattr(kernel, "name_of", lambda pid: found.of(pid, 0, ""))
    monkeypatch.setattr(kernel, "is_roots", lambda pid, group=None: found.of(pid, 1, False))
    monkeypatch.setattr(kernel, "program", lambda pid: found.of(pid, 2, ""))
    monkeypatch.setattr(kernel, "unit_of", lambda pid: found.of(pid, 3, None))
    monkeypatch.setattr(kernel, "parent", lambda pid: found.parents.get(pid, None))
    monkeypatch.setattr(kernel, "processes", lambda name: [one for one in found.processes if one in found.parents])
    monkeypatch.setattr(system_programs, "said", found.said)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as handle:
        handle.bind(found.path)
        handle.listen()
        yield found


class Credentials:
    """The kernel names this process as the listener; it stands for the machine's."""

    size = 12

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def unpack(self, answer: bytes) -> tuple[int, int, int]:
        assert int.from_bytes(answer[:4], "little") == os.getpid()
        return self.machine.listener, 0, 0


def test_one_that_listens_itself(machine: Machine) -> None:
    assert dockerd.behind(machine.path) == Dockerd(7, "docker.service", SECONDS)


@pytest.mark.parametrize("listener", [1, 7])
def test_the_usual_one_is_known_without_systemd(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, listener: int
) -> None:
    monkeypatch.setattr(dockerd, "SOCKET", machine.path)
    machine.listener, machine.parents = listener, {7: 1}
    assert dockerd.behind(machine.path) == Dockerd(7, "docker.service")
    assert machine.asked == []
    # When it was started is queried where that matters.
    monkeypatch.setattr(kernel, "process_started", lambda pid: SECONDS + 5)
    assert dockerd.began(Dockerd(7, "docker.service")) == pytest.approx(SECONDS - dockerd.COARSE)
    # A child of another's, or one of two, is not known to be the main process.
    for parents in ({7: 5}, {7: 1, 8: 1} if listener == 1 else {7: 5}):
        machine.processes[8] = machine.processes[7]
        machine.parents, machine.sockets = parents, {"docker.socket": listens(machine.path, "docker.service")}
        assert dockerd.behind(machine.path).pid == 7
        assert machine.asked


def test_a_second_one_is_no_problem(machine: Machine) -> None:
    machine.processes[8] = ("dockerd", ROOT, "/usr/sbin/dockerd", "docker2.service")
    machine.main["docker2.service"] = 8
    assert dockerd.behind(machine.path).pid == 7
    machine.listener = 8
    assert dockerd.behind(machine.path) == Dockerd(8, "docker2.service", SECONDS)


def listens(path: str, unit: str) -> str:
    return f"Listen={path} (Stream)\nTriggers={unit}\n"


def test_systemd_listens(machine: Machine, tmp_path: Path) -> None:
    machine.listener = 1
    machine.sockets = {"docker.socket": listens(machine.path, "docker.service")}
    assert dockerd.behind(machine.path) == Dockerd(7, "docker.service", SECONDS)
    assert len(machine.asked) == 1
    link = tmp_path / "link"
    link.symlink_to(machine.path)
    assert dockerd.behind(str(link)).pid == 7


def test_systemd_listens_for_another_service(machine: Machine) -> None:
    machine.listener = 1
    machine.processes[8] = ("dockerd", ROOT, "/usr/sbin/dockerd", "second.service")
    machine.main["second.service"] = 8
    machine.sockets = {
        "docker.socket": listens("/run/docker.sock", "docker.service"),
        "second.socket": f"Listen=/run/x (FIFO)\n{listens(machine.path, 'second.service')}",
    }
    assert dockerd.behind(machine.path) == Dockerd(8, "second.service", SECONDS)


@pytest.mark.parametrize(
    ("process", "words"),
    [
        (
            ("dockerd", USER, "/opt/u/dockerd", None),
            "process 9 (dockerd) listens on it, which is not a dockerd of root's",
        ),
        (("haproxy", ROOT, "/usr/sbin/haproxy", None), "process 9 (haproxy) listens on it"),
        (None, "process 9 (gone) listens on it"),
    ],
)
def test_no_dockerd_of_roots(machine: Machine, process: t.Any, words: str) -> None:
    machine.listener = 9
    if process:
        machine.processes[9] = process
    with pytest.raises(Refused) as reason:
        dockerd.behind(machine.path)
    assert words in str(reason.value) and machine.path in str(reason.value)


@pytest.mark.parametrize("main", [0, 9])
def test_systemd_listens_and_runs_no_dockerd_of_roots(machine: Machine, main: int) -> None:
    """Not the one that runs beside it, either."""
    machine.listener = 1
    machine.processes[9] = ("dockerd", USER, "/opt/u/dockerd", "docker.service")
    machine.main["docker.service"] = main
    machine.sockets = {"docker.socket": listens(machine.path, "docker.service")}
    with pytest.raises(Refused, match=r"systemd listens on it for docker\.service, which runs no dockerd of root's"):
        dockerd.behind(machine.path)
    machine.sockets = {}
    with pytest.raises(Refused, match="systemd listens on it for no service"):
        dockerd.behind(machine.path)


def test_an_engine_elsewhere(machine: Machine) -> None:
    machine.listener = 0
    with pytest.raises(Refused, match="the engine is not a process of this host"):
        dockerd.behind(machine.path)
    with pytest.raises(Refused, match="dockerd does not answer"):
        dockerd.behind(f"{machine.path}-missing")


@pytest.mark.parametrize("unit", ["cron.service", None])
def test_one_that_is_no_service(machine: Machine, unit: str | None) -> None:
    """Started by cron or from a shell: its service, if there is one, is not restarted in its place."""
    machine.main["cron.service"] = 5
    machine.processes[7] = ("dockerd", ROOT, "/usr/sbin/dockerd", unit)
    assert dockerd.behind(machine.path) == Dockerd(7)


@pytest.mark.parametrize(
    ("name", "program", "expected"),
    [
        ("dockerd", "", True),
        ("exe", "/usr/sbin/dockerd", True),
        ("exe", "/usr/sbin/dockerd (deleted)", True),
        ("docker", "/usr/sbin/dockerd-proxy", False),
    ],
)
def test_what_is_called_dockerd(machine: Machine, name: str, program: str, expected: bool) -> None:
    machine.processes[7] = (name, ROOT, program, None)
    assert dockerd.is_dockerd(7) is expected


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (CLOCK, SECONDS),
        ("Mon 2026-11-30 08:59:46 UTC", SECONDS // 1),
        ("", None),
        ("n/a", None),
        ("Mon 2026-11-30 08:59:46 CET", None),
        ("\x00 \udcff", None),
    ],
)
def test_when_it_was_started(machine: Machine, clock: str, expected: float | None) -> None:
    machine.clock = clock
    assert dockerd.behind(machine.path).clock == expected


def test_systemd_before_247(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    def said(*command: str) -> str:
        return (
            ""
            if "--timestamp=us+utc" in command
            else "Id=docker.service\nMainPID=7\nExecMainStartTimestamp=Mon 2026-11-30 08:59:46 UTC\n"
        )

    monkeypatch.setattr(system_programs, "said", said)
    assert dockerd.behind(machine.path) == Dockerd(7, "docker.service", SECONDS // 1)


@pytest.mark.parametrize(("now", "then"), [(50.0, 50.0), (50.0, 52.0), (52.0, 50.0)])
def test_the_earlier_of_two_clocks_counts(monkeypatch: pytest.MonkeyPatch, now: float, then: float) -> None:
    monkeypatch.setattr(kernel, "process_started", lambda pid: now)
    assert dockerd.began(Dockerd(7, "x", then)) == pytest.approx(50.0 - dockerd.COARSE)
    assert dockerd.began(Dockerd(7, "", None)) is None


def test_one_in_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "shares_root_and_network", lambda pid: pid == 7)
    dockerd.refuse_elsewhere(7, "/x")
    with pytest.raises(
        Refused, match=r"/x: the dockerd behind it \(process 8\) has a file system or a network of its own"
    ):
        dockerd.refuse_elsewhere(8, "/x")
