# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dockerd behind a socket, and since when it runs: by what the kernel and systemd say, never by its name alone."""

from __future__ import annotations

import datetime
import os
import socket
import struct
import typing as t

from ...core.refused import Refused
from ...system.io import kernel
from ...system.io import programs as system_programs

NAME = "dockerd"
SYSTEMD = 1
# Of Docker's and the distributions' packages.
SOCKET, UNIT = "/run/docker.sock", "docker.service"
# struct ucred: process, user, group.
CREDENTIALS = struct.Struct("3i")
# How long a connection may wait for its place in the queue, in seconds.
PATIENCE = 10.0
REMEDY = "Run this on the Docker host itself, with the socket of its dockerd"
# The clock that file systems take their times from is up to a tick of the kernel's behind; that of a process's start is
# rounded down to a hundredth. dockerd reads its file later than that.
COARSE = 0.02


Shown = dict[str, dict[str, list[str]]]


class Dockerd(t.NamedTuple):
    """A dockerd.

    Attributes:
        pid: its process.
        unit: the systemd service whose main process it is, empty if it is none.
        clock: what the clock showed at its start, by systemd (seconds since 1970); None if it was not read.
    """

    pid: int
    unit: str = ""
    clock: float | None = None


def behind(path: str) -> Dockerd:
    """The dockerd that serves a socket.

    Raises:
        Refused: it is not a process of this host, or not root's, or something else.
    """
    pid = _listener(path)
    usual = _usual(path, pid)
    if usual:
        return usual
    if is_dockerd(pid):
        return _as_service(pid, kernel.unit_of(pid) or "")
    if pid == SYSTEMD:
        # systemd listens, and hands the socket to a service; the usual ones are read at once because that is fast.
        shown = _shown("docker.socket", UNIT)
        unit = _triggered(path, shown) or _triggered(path, _shown("*.socket"))
        main = _main_process(unit, shown)
        if main and is_dockerd(main.pid):
            return main
        raise Refused(
            f"systemd listens on it for {unit or 'no service'}, which runs no dockerd of root's", path, REMEDY
        )
    if not pid:
        raise Refused("the engine is not a process of this host", path, REMEDY)
    raise Refused(
        f"process {pid} ({kernel.name_of(pid) or 'gone'}) listens on it, which is not a dockerd of root's",
        path,
        REMEDY,
    )


def _usual(path: str, listener: int) -> Dockerd | None:
    """The one main process of the usual service. systemd is not queried: that would cost as much as all else."""
    listening = [listener]
    if listener == SYSTEMD:
        listening = kernel.processes(NAME) if os.path.realpath(path) == SOCKET else []
    mains = [
        pid for pid in listening if is_dockerd(pid) and kernel.unit_of(pid) == UNIT and kernel.parent(pid) == SYSTEMD
    ]
    return Dockerd(mains[0], UNIT) if len(mains) == 1 else None


def is_dockerd(pid: int) -> bool:
    """Whether a process is called dockerd and is root's."""
    called = {kernel.name_of(pid), os.path.basename(kernel.program(pid)).replace(" (deleted)", "")}
    return NAME in called and kernel.is_roots(pid)


def refuse_elsewhere(pid: int, path: str) -> None:
    """Raise Refused if a process has files or a network of its own, so that ours are not those that it works with."""
    if not kernel.shares_root_and_network(pid):
        raise Refused(
            f"the dockerd behind it (process {pid}) has a file system or a network of its own, as in a container",
            path,
            "Give the socket of this host's own dockerd",
        )


def began(dockerd: Dockerd) -> float | None:
    """The earliest time that the clock can have shown for a file that was written after a daemon's start.

    If the clock was set since, that is what it showed at the start, or what it would have shown as it goes now.
    None if that is unknown.
    """
    now, clock = kernel.process_started(dockerd.pid), dockerd.clock
    if clock is None:
        main = _main_process(dockerd.unit, {})
        clock = main.clock if main else None
    return None if now is None or clock is None else min(now, clock) - COARSE


def start(pid: int) -> dict[str, t.Any] | None:
    """What tells a process from any other, on every boot and whatever the clock is set to; None if it is gone."""
    ticks = kernel.start_ticks(pid)
    return None if ticks is None else {"pid": pid, "boot": kernel.boot_id(), "ticks": ticks}


def _listener(path: str) -> int:
    """The process that listens on a socket; 0 if it is none of this PID namespace."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as handle:
            handle.settimeout(PATIENCE)
            handle.connect(path)
            answer = handle.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    except OSError as error:
        raise Refused(f"dockerd does not answer ({error})", path, "Look at `journalctl -u docker`") from None
    return int(CREDENTIALS.unpack(answer)[0])


def _triggered(path: str, shown: Shown) -> str:
    """The service that systemd starts for a socket, empty if it is none of these."""
    for unit in shown.values():
        listens = (os.path.realpath(place.rpartition(" (")[0]) for place in unit.get("Listen", ()))
        if os.path.realpath(path) in listens:
            return next(iter(" ".join(unit.get("Triggers", ())).split()), "")
    return ""


def _as_service(pid: int, unit: str) -> Dockerd:
    """A dockerd, with its service if it is that one's main process: what a shell or cron started is in theirs."""
    main = _main_process(unit, {})
    return main if main and main.pid == pid else Dockerd(pid)


def _main_process(unit: str, shown: Shown) -> Dockerd | None:
    """The main process of a service, and what the clock showed at its start."""
    if not unit:
        return None
    properties = shown.get(unit) or _shown(unit).get(unit, {})
    pid = "".join(properties.get("MainPID", ()))
    return (
        Dockerd(int(pid), unit, seconds_of("".join(properties.get("ExecMainStartTimestamp", ()))))
        if pid.isdecimal()
        else None
    )


def _shown(*units: str) -> Shown:
    """What systemd says of units: name -> property -> its values."""
    command = ("systemctl", "show", *units, "-p", "Id,Listen,Triggers,MainPID,ExecMainStartTimestamp")
    # Before systemd 247 there are whole seconds only.
    said = system_programs.said(*command, "--timestamp=us+utc") or system_programs.said(*command)
    found: Shown = {}
    for text in said.split("\n\n"):
        properties: dict[str, list[str]] = {}
        for name, _equals, value in (line.partition("=") for line in text.splitlines()):
            properties.setdefault(name, []).append(value)
        found["".join(properties.get("Id", ()))] = properties
    return found


def seconds_of(text: str) -> float | None:
    """A time as systemd shows it in UTC, in seconds since 1970: ``Mon 2026-11-30 08:59:46.994206 UTC``."""
    words = text.split()
    for form in ("%Y-%m-%d %H:%M:%S.%f UTC", "%Y-%m-%d %H:%M:%S UTC"):
        try:
            found = datetime.datetime.strptime(" ".join(words[1:]), form)
        except ValueError:
            continue
        return found.replace(tzinfo=datetime.timezone.utc).timestamp()
    return None
