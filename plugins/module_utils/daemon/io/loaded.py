# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings the dockerd that runs has read: by our record of it, or by the times of file and process."""

from __future__ import annotations

import os
import typing as t

from ...core.refused import Refused
from ...engine.io import dockerd as engine_dockerd
from ...engine.io.api import SOCKET
from ...system.io import files as system_files
from ...system.io import kernel
from .. import command_line, json_text

# Where dockerd looks by default.
CONFIG = "/etc/docker/daemon.json"


def dockerd_pid(path: str) -> int:
    """The process of the daemon behind a socket.

    Raises:
        Refused: it is not a dockerd of root's on this host.
    """
    return engine_dockerd.behind(path).pid


def read_by_daemon(socket: str = SOCKET, config: str = CONFIG) -> dict[str, t.Any] | None:
    """The entry of the record for a daemon that was just started: what it has read. None if it does not run."""
    try:
        pid = dockerd_pid(socket)
        path = command_line.parse(kernel.command_line(pid)).get("config-file") or config
        settings = json_text.load(system_files.read(path), path)
    except Refused:
        return None
    return read_by(pid, settings)


def read_by(pid: int, settings: t.Any) -> dict[str, t.Any] | None:
    """The entry of the record: which daemon has loaded which settings. None if that is unknown."""
    start = engine_dockerd.start(pid)
    return None if settings is None or start is None else {**start, "settings": settings}


def starting(settings: t.Any) -> dict[str, t.Any]:
    """The entry of the record for a daemon that is about to be started: what it will read."""
    return {"boot": kernel.boot_id(), "ticks": kernel.ticks_now(), "settings": settings}


def loaded(
    dockerd: engine_dockerd.Dockerd, path: str, raw: bytes | None, record: dict[str, t.Any]
) -> dict[str, t.Any] | None:
    """The settings that the daemon read at its start, None if the file is newer and we kept no record."""
    start = engine_dockerd.start(dockerd.pid)
    kept = record.get("daemon") or {}
    if start is None:
        return None
    if _is(kept, start):
        return t.cast(dict[str, t.Any], kept.get("settings"))
    # Where there is no file, its folder tells since when there has been none.
    changed = system_files.changed_at(os.path.dirname(path) if raw is None else path)
    began = engine_dockerd.began(dockerd)
    if changed is None or began is None or changed > began:
        # A run died behind its restart: this daemon read what that run had written.
        begun = record.get("starting") or {}
        return begun.get("settings") if _is_later(start, begun) else None
    try:
        return json_text.load(raw, path)
    except Refused:
        return None  # the daemon cannot have read it; the plan will say what is wrong with the file


def _is(kept: dict[str, t.Any], start: dict[str, t.Any]) -> bool:
    """Whether the record is about this very process."""
    if "ticks" in kept:
        return {name: kept.get(name) for name in start} == start
    # An older record has a time of the clock in its place.
    began = kernel.process_started(start["pid"])
    return kept.get("pid") == start["pid"] and began is not None and abs(kept.get("started", 0) - began) < 1


def _is_later(start: dict[str, t.Any], begun: dict[str, t.Any]) -> bool:
    """Whether a process was started after something began, on the same boot."""
    if "ticks" in begun:
        return bool(begun.get("boot") == start["boot"] and start["ticks"] > begun["ticks"])
    began = kernel.process_started(start["pid"])
    return began is not None and began > begun.get("since", began)


def is_unfinished(pid: int, record: dict[str, t.Any]) -> bool:
    """Whether a run that was to start a daemon died before that."""
    start = engine_dockerd.start(pid)
    return bool("starting" in record and start and not _is_later(start, record["starting"]))
