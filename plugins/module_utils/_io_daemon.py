# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out a daemon plan: writes, reloads, restarts, waits for health, and puts everything back where it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.dms.ipv6.plugins.module_utils import _daemon_plan, _engine, _io_files, _io_found, _io_kernel
from ansible_collections.dms.ipv6.plugins.module_utils._daemon_plan import Reload, Restart, WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._host_plan import Found
    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Step

POLL = 0.1
RELOAD_TIMEOUT = 20.0
# systemd may wait TimeoutStopSec for containers that ignore SIGTERM before it starts the new daemon.
SYSTEMCTL_TIMEOUT = 300.0


class RolledBack(Refused):
    """The change failed and the old state is back."""


@dataclass
class Executor:
    """Carries out the steps of one plan.

    Attributes:
        docker: the engine.
        found: the facts the plan was made on.
        timeout: how long the daemon may take to become healthy, in seconds.
        backup_file: the copy of the old file, once there is one.
    """

    docker: Docker
    found: Found
    timeout: float
    backup_file: str | None = None
    started: dict[str, str] = field(default_factory=dict)
    restarted: bool = False

    def carry_out(self, plan: _daemon_plan.DaemonPlan) -> None:
        """Carry out a plan, or put everything back.

        Raises:
            RolledBack: a step failed; the old file is back and the daemon healthy.
            Refused: a step failed, and so did the way back; both reasons are named.
        """
        self._remember(plan)
        try:
            for step in plan.steps:
                self._step(step)
        except Refused as reason:
            self._back(plan, reason)
        settings = _daemon_plan.loaded_after(plan, self.found.daemon)
        _io_files.keep(borrowed=None, daemon=_read_by(_io_found.dockerd_pid({}), settings))

    def _remember(self, plan: _daemon_plan.DaemonPlan) -> None:
        """Write down what a later run needs if this one dies: what the daemon has loaded, what live-restore was."""
        daemon = self.found.daemon
        borrowed = self.found.borrowed
        if borrowed is False and any(isinstance(one, Reload) and one.live_restore for one in plan.steps):
            borrowed = _daemon_plan.lent(self.found.raw, self.found.path)
        _io_files.keep(daemon=_read_by(daemon.pid, daemon.loaded), borrowed=None if borrowed is False else borrowed)
        if self.found.raw is not None and any(isinstance(step, WriteFile) for step in plan.steps):
            self.backup_file = _io_files.backup(self.found.path, self.found.raw)

    def _back(self, plan: _daemon_plan.DaemonPlan, reason: Refused) -> t.NoReturn:
        try:
            for step in plan.rollback if self.restarted else plan.undo:
                self._step(step)
        except Refused as second:
            raise Refused(
                f"{reason} The way back failed as well: {second}",
                remedy=f"The old file is kept as {self.backup_file}" if self.backup_file else "",
            ) from None
        _io_files.keep(borrowed=None, daemon=_read_by(_io_found.dockerd_pid({}), self.found.daemon.loaded))
        raise RolledBack(f"{reason} The old settings are back and the daemon is healthy") from None

    def _step(self, step: Step) -> None:
        if isinstance(step, WriteFile):
            _io_files.write(step.path, step.content)
        elif isinstance(step, Reload):
            self._reload(step)
        elif isinstance(step, Restart):
            self._restart(step)
        else:
            raise TypeError(f"no way to carry out {step!r}")

    def _reload(self, step: Reload) -> None:
        """SIGHUP; dockerd returns at once, acts later and only logs errors, so /info is asked until it agrees."""
        if step.if_running and not self._answers():
            return
        os.kill(_io_found.dockerd_pid({}), signal.SIGHUP)
        if step.live_restore is None:
            return
        since = time.time()
        while time.time() - since < RELOAD_TIMEOUT:
            if bool(self.docker.info().get("LiveRestoreEnabled")) == step.live_restore:
                return
            time.sleep(POLL)
        raise Refused(
            f"dockerd did not switch live-restore {'on' if step.live_restore else 'off'} on reload",
            self.found.daemon.unit,
            last_words(self.found.daemon.unit, since),
        )

    def _answers(self) -> bool:
        try:
            self.docker.info()
        except Refused:
            return False
        return True

    def _restart(self, step: Restart) -> None:
        if not self.started:
            self.started = {one.id: self.docker.container(one.id)["State"]["StartedAt"] for one in step.containers}
        self.restarted = True
        since = time.time()
        # Three starts within a minute are systemd's limit for docker.service; the fourth is refused without this.
        _systemctl("reset-failed", step.unit, "docker.socket")
        done = _systemctl("restart", step.unit)
        problems = [f"systemctl restart {step.unit} failed"] if done else self._unhealthy(step)
        if problems:
            raise Refused("; ".join(problems), step.unit, last_words(step.unit, since))

    def _unhealthy(self, step: Restart) -> list[str]:
        """Wait for the daemon and its containers; what is wrong at the end of the time limit."""
        end = time.monotonic() + self.timeout
        asked: set[str] = set()
        while True:
            problems = self._problems(step, asked)
            if not problems or time.monotonic() > end:
                return problems
            time.sleep(POLL)

    def _problems(self, step: Restart, asked: set[str]) -> list[str]:
        try:
            info = self.docker.info()
            running = {one["Id"] for one in self.docker.containers() if one.get("State") == "running"}
            now = {
                one.id: self.docker.container(one.id)["State"]["StartedAt"]
                for one in step.containers
                if one.id in running
            }
        except Refused as reason:
            return [str(reason)]
        version = _engine.parse(info.get("ServerVersion", ""))
        if version != self.found.daemon.version:
            return [f"the engine is {version} now, it was {self.found.daemon.version}"]
        if not step.containers_live_on:
            self._start_again([one for one in step.containers if one.id not in running and one.id not in asked], asked)
        return _daemon_plan.not_running_again(self.started, now, step.containers, step.containers_live_on)

    def _start_again(self, stopped: list[_daemon_plan.RunningContainer], asked: set[str]) -> None:
        """Start what ran before and has no restart policy that would; asked once for each."""
        for one in stopped:
            asked.add(one.id)
            self.docker.post(f"/containers/{one.id}/start")


def _read_by(pid: int, settings: t.Any) -> dict[str, t.Any] | None:
    """The entry of the record: which daemon has loaded which settings. None if nobody knows."""
    if settings is None:
        return None
    return {"pid": pid, "started": _io_kernel.process_started(pid), "settings": settings}


def _systemctl(*arguments: str) -> int:
    try:
        return subprocess.run(
            ["systemctl", *arguments], capture_output=True, check=False, timeout=SYSTEMCTL_TIMEOUT
        ).returncode
    except FileNotFoundError:
        raise Refused("there is no systemctl on this host", remedy="Only hosts with systemd are supported") from None
    except subprocess.TimeoutExpired:
        return -1


def last_words(unit: str, since: float, lines: int = 5) -> str:
    """The last lines of a unit's log since a time (seconds since 1970), the daemon's own complaints first."""
    try:
        done = subprocess.run(
            ["journalctl", "-u", unit, "--since", f"@{int(since)}", "-o", "cat", "--no-pager"],
            capture_output=True, check=False, timeout=30,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    said = [line for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
    loud = [line for line in said if "failed to start daemon" in line or "level=fatal" in line or "level=error" in line]
    return "dockerd said: " + " | ".join((loud or said)[-lines:]) if said else ""


def validate(pid: int, text: str, path: str) -> None:
    """Let the very dockerd that runs judge a configuration, with its own flags; nothing is written for it.

    Raises:
        Refused: in dockerd's own words.
    """
    handle = os.memfd_create("daemon.json")
    try:
        os.write(handle, text.encode())
        flags = _without_config_file(_io_kernel.command_line(pid)[1:])
        command = [f"/proc/{pid}/exe", "--validate", *flags, "--config-file", f"/proc/self/fd/{handle}"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60, pass_fds=[handle])
    except (OSError, subprocess.SubprocessError) as error:
        raise Refused(f"dockerd --validate could not be run ({error})", path) from None
    finally:
        os.close(handle)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().replace(f"/proc/self/fd/{handle}", path)
        raise Refused(f"dockerd would not start with it: {said}", path, "Nothing was changed")


def _without_config_file(flags: list[str]) -> list[str]:
    kept = []
    skip = False
    for flag in flags:
        if skip:
            skip = False
        elif flag == "--config-file":
            skip = True
        elif not flag.startswith("--config-file="):
            kept.append(flag)
    return kept
