# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out a daemon plan: what is done when a step fails, and what is written down."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _daemon_plan,
    _daemon_steps,
    _io_daemon,
    _io_files,
    _io_found,
    _io_kernel,
)
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import MAIL, Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import host

NAT = _daemon_plan.Wanted({"experimental": True, "ip6tables": True})
OLD = b'{"mtu": 1450}'


class Lab:
    """A daemon in memory, whose file is a real one; it fails at the steps named."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.daemon = Daemon(OLD, {"mtu": 1450})
        self.fail: list[str] = []
        self.done: list[str] = []
        path.write_bytes(OLD)

    @property
    def version(self) -> str:
        return self.daemon.version

    def info(self) -> dict[str, t.Any]:
        return {"ServerVersion": self.daemon.version, "LiveRestoreEnabled": self.daemon.live_restore}

    def containers(self) -> list[dict[str, t.Any]]:
        return [{"Id": one.id, "State": "running"} for one in self.daemon.containers]

    def container(self, name: str) -> dict[str, t.Any]:
        return {"State": {"StartedAt": str(len(self.daemon.killed))}}

    def post(self, resource: str) -> None:
        self.done.append(resource)

    def signal(self, pid: int, number: int) -> None:
        self.act("reload")
        self.daemon.content = self.path.read_bytes()
        if "reload" not in self.fail:
            self.daemon._reload()

    def act(self, name: str) -> None:
        self.done.append(name)

    def systemctl(self, *arguments: str) -> int:
        self.act(arguments[0])
        if arguments[0] != "restart":
            return 0
        if "restart" in self.fail:
            self.fail.remove("restart")
            return 1
        self.daemon.content = self.path.read_bytes()
        running = _daemon_steps.Restart("docker.service", False, self.daemon.containers)
        self.daemon._restart(running)
        return 0


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lab:
    found = Lab(tmp_path / "daemon.json")
    monkeypatch.setattr(_io_files, "STATE", str(tmp_path / "state"))
    monkeypatch.setattr(_io_daemon, "RELOAD_TIMEOUT", 0.3)
    monkeypatch.setattr(_io_daemon, "_systemctl", found.systemctl)
    monkeypatch.setattr(_io_daemon, "last_words", lambda *_arguments: "dockerd said: no")
    monkeypatch.setattr(_io_found, "dockerd_pid", lambda info: 100 + found.daemon.restarts)
    monkeypatch.setattr(_io_kernel, "process_started", lambda pid: 5.0)
    monkeypatch.setattr(os, "kill", found.signal)
    return found


def carry_out(lab: Lab, wanted: _daemon_plan.Wanted = NAT) -> _io_daemon.Executor:
    facts = host(lab.daemon, path=str(lab.path))
    plan = _daemon_plan.plan(str(lab.path), lab.path.read_bytes(), wanted, facts.daemon)
    executor = _io_daemon.Executor(lab, facts, 0.3)  # type: ignore[arg-type]
    executor.carry_out(plan)
    return executor


def test_success(lab: Lab) -> None:
    executor = carry_out(lab)
    assert lab.path.read_bytes() == b'{"mtu": 1450, "experimental": true, "ip6tables": true}'
    assert lab.done == ["reload", "reset-failed", "restart", "reload"]
    assert (lab.daemon.killed, lab.daemon.live_restore) == ([], False)
    assert Path(executor.backup_file or "").read_bytes() == OLD
    settings = {"mtu": 1450, "experimental": True, "ip6tables": True}
    assert _io_files.record() == {"daemon": {"pid": 101, "started": 5.0, "settings": settings}}


def test_restart_that_fails_is_taken_back(lab: Lab) -> None:
    lab.fail = ["restart"]
    with pytest.raises(_io_daemon.RolledBack) as reason:
        carry_out(lab)
    assert "systemctl restart docker.service failed. dockerd said: no." in str(reason.value)
    assert str(reason.value).endswith("The old settings are back and the daemon is healthy.")
    assert lab.path.read_bytes() == OLD
    assert (lab.daemon.killed, lab.daemon.live_restore, lab.daemon.settings["mtu"]) == ([], False, 1450)
    assert "borrowed" not in _io_files.record()


def test_restart_that_fails_twice_says_where_the_old_file_is(lab: Lab) -> None:
    lab.fail = ["restart", "restart"]
    with pytest.raises(Refused) as reason:
        carry_out(lab)
    assert not isinstance(reason.value, _io_daemon.RolledBack)
    assert "The way back failed as well" in str(reason.value)
    assert f"The old file is kept as {lab.path}.dms-ipv6-" in str(reason.value)


def test_reload_that_does_nothing_is_refused(lab: Lab) -> None:
    lab.fail = ["reload"]
    with pytest.raises(_io_daemon.RolledBack, match="dockerd did not switch live-restore on on reload"):
        carry_out(lab)
    assert lab.path.read_bytes() == OLD
    assert lab.daemon.restarts == 0


def test_file_that_cannot_be_written_changes_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    write = _io_files.write
    failing = iter([True])

    def full(path: str, content: bytes | None, mode: int = 0o644) -> None:
        if path == str(lab.path) and next(failing, False):
            raise Refused("cannot be written: No space left on device", path)
        write(path, content, mode)

    monkeypatch.setattr(_io_files, "write", full)
    with pytest.raises(_io_daemon.RolledBack, match="No space left on device"):
        carry_out(lab)
    assert (lab.path.read_bytes(), lab.daemon.restarts, lab.daemon.live_restore) == (OLD, 0, False)


def test_what_was_borrowed_is_written_down_before_the_reload(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[t.Any] = []

    def look(*arguments: t.Any) -> None:
        seen.append(_io_files.record().get("borrowed"))
        lab.signal(*arguments)

    monkeypatch.setattr(os, "kill", look)
    carry_out(lab)
    assert seen == [[], []]


def test_other_engine_after_the_restart_is_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def upgraded(*arguments: str) -> int:
        code = lab.systemctl(*arguments)
        lab.daemon.version = "28.5.2"
        return code

    monkeypatch.setattr(_io_daemon, "_systemctl", upgraded)
    with pytest.raises(Refused, match=r"the engine is 28\.5\.2 now, it was 26\.1\.5"):
        carry_out(lab)


def test_containers_that_stopped_are_started_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: t.Iterator[list[dict[str, str]]] = iter([[], [], [{"Id": MAIL.id, "State": "running"}]])
    monkeypatch.setattr(lab, "containers", lambda: next(answers), raising=False)
    carry_out(lab, _daemon_plan.Wanted(NAT.config, consent=True))
    assert lab.done == ["reset-failed", "restart", f"/containers/{MAIL.id}/start"]


def test_container_that_stays_away_brings_the_old_file_back(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: t.Iterator[list[dict[str, str]]] = iter([[]] * 2)
    monkeypatch.setattr(lab, "containers", lambda: next(answers, [{"Id": MAIL.id, "State": "running"}]), raising=False)
    monkeypatch.setattr(_io_daemon, "POLL", 1.0)
    with pytest.raises(_io_daemon.RolledBack, match="container mail does not run"):
        carry_out(lab)
    assert lab.path.read_bytes() == OLD


# --- programs


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (["-H", "fd://"], ["-H", "fd://"]),
        (["--config-file", "/x", "-D"], ["-D"]),
        (["--config-file=/x", "--mtu=1"], ["--mtu=1"]),
        (["--config-file"], []),
    ],
)
def test_flags_without_the_file(flags: list[str], expected: list[str]) -> None:
    assert _io_daemon._without_config_file(flags) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"", ""),
        (b"a\n\nb\n", "dockerd said: a | b"),
        (b"1\n2\n3\n4\n5\n6\n", "dockerd said: 2 | 3 | 4 | 5 | 6"),
        (
            b"x\nlevel=error msg=bad\nfailed to start daemon: y\nz\n",
            "dockerd said: level=error msg=bad | failed to start daemon: y",
        ),
        (b"\xff\n", "dockerd said: �"),
    ],
)
def test_last_words(monkeypatch: pytest.MonkeyPatch, said: bytes, expected: str) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_a, **_o: subprocess.CompletedProcess([], 0, said, b""))
    assert _io_daemon.last_words("docker.service", 1.0) == expected


def test_no_last_words_without_a_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_arguments: object, **_options: object) -> t.NoReturn:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    assert _io_daemon.last_words("docker.service", 1.0) == ""
    with pytest.raises(Refused, match="there is no systemctl on this host"):
        _io_daemon._systemctl("restart", "docker.service")


@pytest.mark.parametrize("code", [0, 1])
def test_validate(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_options: object) -> subprocess.CompletedProcess[bytes]:
        commands.append(command)
        said = f"unable to configure with file {command[-1]}: unknown: x\n".encode()
        return subprocess.CompletedProcess(command, code, b"", said)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(_io_kernel, "command_line", lambda pid: ["dockerd", "--mtu=1", "--config-file=/x"])
    if code:
        with pytest.raises(Refused) as reason:
            _io_daemon.validate(7, "{}", "/etc/docker/daemon.json")
        words = "dockerd would not start with it: unable to configure with file /etc/docker/daemon.json: unknown: x."
        assert words in str(reason.value)
    else:
        _io_daemon.validate(7, "{}", "/etc/docker/daemon.json")
    assert commands[0][:4] == ["/proc/7/exe", "--validate", "--mtu=1", "--config-file"]
