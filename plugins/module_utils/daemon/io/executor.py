# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon: reloaded, restarted, its health read; its own words where it fails."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import time
import typing as t
from dataclasses import dataclass, field

from ...change import diff
from ...change.file_steps import WriteFile
from ...change.io import record
from ...core.refused import Refused
from ...engine import version as engine_version
from ...engine.io import dockerd
from ...engine.io.api import SOCKET, Docker, NotFound
from ...host import undo as host_undo
from ...state import container_status
from ...system.io import files as system_files
from ...system.io import kernel
from ...system.io import programs as system_programs
from .. import container_health
from .. import plan as daemon_plan
from .. import undo as daemon_undo
from ..steps import Reload
from . import loaded

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ...state.daemon import RunningContainer
    from ...state.host import Found
    from ..steps import Restart, StartContainers, StopContainers

POLL = 0.1
RELOAD_TIMEOUT = 20.0
# systemd may wait TimeoutStopSec for containers that ignore SIGTERM before it starts the new daemon.
SYSTEMCTL_TIMEOUT = 300
# How often the journal is looked at for a daemon's complaint, and how long it is between two looks, in seconds.
LOOKS = 10
BETWEEN_LOOKS = 0.2
# What dockerd prints when it gives up, as it is; what systemd says of it begins with a capital.
LAST_WORDS = ("failed to ", "unable to ")
COMPLAINTS = ("failed to start daemon", "level=fatal", "level=error")
# As long as the longest stop_grace_period that a container should need.
STOP_TIMEOUT = 600.0


@dataclass
class DaemonExecutor:
    """Reloads and restarts the daemon, and waits until it is healthy.

    Attributes:
        docker: the engine.
        unit: its systemd service.
        timeout: how long the daemon may take to become healthy, in seconds.
        version: what it must be afterwards; None if that does not matter.
        backup_file: the copy of the old file, once there is one.
        ran: how containers were right before the last restart, those that ran steadily.
        networks: names of those that there were then.
        notes: what containers did by themselves, for the user.
    """

    docker: Docker
    unit: str
    timeout: float
    version: engine_version.Version | None = None
    backup_file: str | None = None
    ran: dict[str, container_health.State] = field(default_factory=dict)
    networks: frozenset[str] = frozenset()
    notes: list[str] = field(default_factory=list)
    # Those that we stopped ourselves for the next restart.
    stopped: dict[str, container_health.State] = field(default_factory=dict)

    def kept(self) -> str:
        """Where the old file is kept, as a remedy."""
        return f"The old file is kept as {self.backup_file}" if self.backup_file else ""

    def reload(self, step: Reload) -> None:
        """SIGHUP; dockerd returns at once, acts later and only logs errors, so /info is read until it agrees."""
        if step.if_running and not self._answers():
            return
        os.kill(loaded.dockerd_pid(self.docker.path), signal.SIGHUP)
        since, end = time.time(), time.monotonic() + RELOAD_TIMEOUT
        while step.live_restore is not None and self._live_restore() != step.live_restore:
            if time.monotonic() > end:
                raise Refused(
                    f"dockerd did not switch live-restore {'on' if step.live_restore else 'off'} on reload",
                    self.unit,
                    last_words(self.unit, since),
                )
            time.sleep(POLL)

    def _live_restore(self) -> bool:
        return bool(self.docker.info().get("LiveRestoreEnabled"))

    def _answers(self) -> bool:
        if not kernel.processes("dockerd"):
            return False  # a request would have systemd start it, by its socket
        try:
            self.docker.networks()  # which is cheap: for /info, dockerd runs other programs
        except Refused:
            return False
        return True

    def await_answer(self) -> None:
        """Wait until the engine answers, or the time limit is over; a service that systemd gave up is started once."""
        end, tried = time.monotonic() + self.timeout, False
        while not self._answers() and time.monotonic() < end:
            if not tried and systemctl_code("is-failed", "--quiet", self.unit) == 0:
                tried = True
                systemctl_code("reset-failed", self.unit, "docker.socket")
                systemctl_code("start", self.unit)
            time.sleep(POLL)

    def restart(self, step: Restart) -> None:
        """Restart the service; Refused, in dockerd's own words, if it is not healthy within the time limit."""
        self._note(step)
        self.stopped = {}
        since = time.time()
        # Three starts within a minute are systemd's limit for docker.service; the fourth is refused without this.
        systemctl_code("reset-failed", step.unit, "docker.socket")
        done = systemctl_code("restart", step.unit)
        problems = [f"systemctl restart {step.unit} failed"] if done else self._unhealthy(step)
        if problems:
            raise Refused("; ".join(problems), step.unit, last_words(step.unit, since))

    def stop(self, step: StopContainers) -> None:
        """Stop containers; the engine gives each its own time to end, so it may take long to answer."""
        self._note(step)
        self.stopped = dict(self.ran)
        patient = Docker(self.docker.path, STOP_TIMEOUT)
        for container in step.containers:
            try:
                patient.post(f"/containers/{container.id}/stop")
            except Refused:
                if self._state(container).status in container_status.RUNS:
                    raise

    def start(self, step: StartContainers) -> None:
        """Start containers, unless they run. One that cannot be started is named: nothing that we did prevents it."""
        self._start_again(list(step.containers))
        states = [(container, self._state(container)) for container in step.containers]
        self.notes += container_health.not_started([(container.name, state) for container, state in states])

    def _note(self, step: Restart | StopContainers) -> None:
        """Write down what must be the same after this restart, right before it, while the daemon still answers."""
        if not self._answers():
            # What was noted before an earlier restart says nothing any more.
            self.ran = self.stopped or {container.id: container_health.UNASKED for container in step.containers}
            return
        now = time.time()
        states = {container.id: self._state(container) for container in step.containers}
        self.ran = {**{id_: status for id_, status in states.items() if status.steady(now)}, **self.stopped}
        self.networks = self._networks()

    def _networks(self) -> frozenset[str]:
        """By name: the default bridge gets a new id at every start without live containers."""
        return frozenset(network["Name"] for network in self.docker.networks())

    def _removed(self) -> set[str]:
        """Names of networks that were removed since the daemon's start, by others: a restart removes none."""
        until = int(time.time()) + 1
        return {
            event["Actor"]["Attributes"].get("name", "") for event in self.docker.events("network", "destroy", until)
        }

    def _unhealthy(self, step: Restart) -> list[str]:
        """Wait for the daemon and its containers; what is wrong at the end of the time limit."""
        end = time.monotonic() + self.timeout
        tried: set[str] = set()
        while True:
            found = self._judged(step, tried)
            if not found.faults or time.monotonic() > end:
                self.notes += found.notes
                return found.faults
            time.sleep(POLL)

    def _judged(self, step: Restart, tried: set[str]) -> container_health.Judged:
        try:
            return self._compared(step, tried)
        except Refused as reason:
            return container_health.Judged([str(reason)], [])

    def _compared(self, step: Restart, tried: set[str]) -> container_health.Judged:
        version = engine_version.parse(self.docker.info().get("ServerVersion", ""))
        lost = self.networks - self._networks()
        lost = lost - self._removed() if lost else lost
        now = {container.id: self._state(container) for container in step.containers}
        if self.version not in (None, version):
            return container_health.Judged([f"the engine is {version} now, and was to be {self.version}"], [])
        if lost:
            return container_health.Judged([f"network {', '.join(sorted(lost))} is missing"], [])
        again = [container for container in step.containers if now[container.id].stopped and container.id not in tried]
        if not step.back:
            again = [container for container in again if not step.containers_live_on and container.id in self.ran]
        if again:
            tried |= {container.id for container in again}
            self._start_again(again)
            now = {container.id: self._state(container) for container in step.containers}
        listening = {port for _address, port in itertools.chain(*kernel.listeners(os.getpid()).values())}
        return container_health.judge(step, self.ran, now, listening)

    def _state(self, container: RunningContainer) -> container_health.State:
        try:
            return container_health.of_inspect(self.docker.container(container.id))
        except NotFound:
            return container_health.GONE

    def _start_again(self, stopped: list[RunningContainer]) -> None:
        """Start what ran before and has no restart policy that would, as it was; the engine notes why it cannot."""
        for container in reversed(stopped):  # the engine lists the newest first, which may need the older
            with contextlib.suppress(Refused):
                self.docker.post(f"/containers/{container.id}/start")
                if container.status == container_status.PAUSED:
                    self.docker.post(f"/containers/{container.id}/pause")


def left_out(docker: Docker, containers: Iterable[RunningContainer]) -> list[str]:
    """What the operator should know before a restart: which containers are not judged by it."""
    states = []
    for container in containers:
        with contextlib.suppress(NotFound):
            states.append((container.name, container_health.of_inspect(docker.container(container.id))))
    return container_health.left_out(states, time.time())


@dataclass
class Recorder:
    """Keeps the host's record true while a daemon plan is carried out, so that a later run can finish what died."""

    found: Found
    plan: daemon_plan.DaemonPlan
    restoring: bool = False
    socket: str = SOCKET

    def before(self) -> str | None:
        """Before the first step: what the daemon has loaded, what live-restore was, what undo will put back.

        Keeps a copy of the old file, and returns its path.
        """
        daemon = self.found.daemon
        borrowed = self.found.borrowed
        if borrowed is False and any(isinstance(step, Reload) and step.live_restore for step in self.plan.steps):
            borrowed = daemon_plan.lent(self.found.raw, self.found.path)
        record.keep(
            daemon=loaded.read_by(daemon.pid, daemon.loaded),
            borrowed=None if borrowed is False else borrowed,
            starting=loaded.starting(self.plan.settings) if self.plan.restarts else None,
            guard=host_undo.remember_guard(self.found.record.get("guard"), self.plan.guards),
            stopped=container_health.to_start(self.plan.steps, self.found.record.get("stopped")),
        )
        if not self.restoring:
            record.keep(undo=daemon_undo.remember(self.found.record.get("undo"), self.plan))
        if self.plan.raw is not None and any(isinstance(step, WriteFile) for step in self.plan.steps):
            return system_files.backup(self.found.path, self.plan.raw)
        return None

    def after(self) -> None:
        """After the last step: what the daemon has loaded now; nothing is left to undo if all was put back."""
        settings = daemon_plan.loaded_after(self.plan, self.found.daemon)
        daemon = loaded.read_by(loaded.dockerd_pid(self.socket), settings)
        record.keep(borrowed=None, starting=None, daemon=daemon, stopped=None)
        if self.restoring:
            record.keep(undo=None)

    def back(self) -> None:
        """After the way back: all is as it was."""
        daemon = loaded.read_by(loaded.dockerd_pid(self.socket), self.found.daemon.loaded)
        entries = {name: self.found.record.get(name) for name in ("undo", "guard")}
        record.keep(borrowed=None, starting=None, daemon=daemon, stopped=None, **entries)


def systemctl_code(*arguments: str) -> int:
    """The exit code of a call of systemctl; Refused where there is none."""
    done = system_programs.run("systemctl", *arguments, timeout=SYSTEMCTL_TIMEOUT)
    if done is None and not system_programs.where("systemctl"):
        raise Refused("there is no systemctl on this host", remedy="Only hosts with systemd are supported")
    return -1 if done is None else done.returncode


def last_words(unit: str, since: float, lines: int = 5) -> str:
    """The last lines of a unit's log since a time (seconds since 1970), the daemon's own complaints first.

    The journal may know that a unit failed before it knows what the daemon said of it: complaints are waited for.
    """
    for attempt in range(LOOKS):
        if attempt:
            time.sleep(BETWEEN_LOOKS)
        said = _log(unit, since)
        loud = [line for line in said if line.startswith(LAST_WORDS) or any(word in line for word in COMPLAINTS)]
        if loud:
            break
    return "dockerd said: " + diff.without_userinfo(" | ".join((loud or said)[-lines:])) if said else ""


def _log(unit: str, since: float) -> list[str]:
    command = ("journalctl", "-u", unit, "--since", f"@{int(since)}", "-o", "cat", "--no-pager")
    done = system_programs.run(*command, timeout=30)
    said = "" if done is None else done.stdout.decode(errors="replace")
    return [line for line in said.splitlines() if line.strip()]


def validate(pid: int, text: str, path: str) -> None:
    """Let the very dockerd that runs judge a configuration, with its own flags; nothing is written for it.

    Raises:
        Refused: in dockerd's own words.
    """
    if not dockerd.is_dockerd(pid):
        raise Refused("dockerd has ended during the run", path, "Run this again")
    handle = os.memfd_create("daemon.json")
    try:
        os.write(handle, text.encode())
        flags = without_config_file(kernel.command_line(pid)[1:])
        command = [f"/proc/{pid}/exe", "--validate", *flags, "--config-file", f"/proc/self/fd/{handle}"]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60, pass_fds=[handle])
    except (OSError, subprocess.SubprocessError) as error:
        raise Refused(f"dockerd --validate could not be run ({error})", path) from None
    finally:
        os.close(handle)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().replace(f"/proc/self/fd/{handle}", path)
        problem = f"dockerd would not start with it: {diff.without_userinfo(said)}"
        raise Refused(problem, path, "Nothing was changed")


def without_config_file(flags: list[str]) -> list[str]:
    """The options of dockerd except ``--config-file`` and its value."""
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
