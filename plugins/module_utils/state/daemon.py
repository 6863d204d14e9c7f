# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon that runs, and what runs on it, as values."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from . import container_status

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.version import Version

# Who filters packets for Docker.
IPTABLES, NFTABLES = "iptables", "nftables"
# What the operator should know of a container that runs.
SPECIAL = (container_status.PAUSED, container_status.RESTARTING)


@dataclass(frozen=True)
class RunningContainer:
    """A container that runs: it must run again, or still, when we are done.

    Attributes:
        ports: TCP ports of the host on which docker-proxy listens for it.
        status: in Docker's words, see container_status.
    """

    id: str
    name: str
    ports: tuple[int, ...] = ()
    status: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.status})" if self.status in SPECIAL else self.name


class Running(t.NamedTuple):
    """The daemon that runs, as far as it can be known.

    Attributes:
        version: its version, not that of the binary on disk.
        pid: process id.
        unit: its systemd service, empty if it is none.
        flags: options of its command line, by their name in daemon.json.
        swarm: whether it is a Swarm node, which cannot have live-restore.
        observed: settings that it reports itself (GET /info, the default bridge in GET /networks); the truth.
        loaded: the settings it read at its start; None if the file may have changed since and there is no record.
        hints: settings seen by their effect (rules for published ports, docker-proxy processes), for want of better.
        containers: what runs on it.
        stopped: what ran, until an earlier run stopped it and died.
        unfinished: whether an earlier run wrote the file to restart this daemon, and died before that.
    """

    version: Version
    pid: int
    unit: str
    flags: Mapping[str, str]
    swarm: bool
    observed: Mapping[str, t.Any]
    loaded: dict[str, t.Any] | None
    hints: Mapping[str, bool]
    containers: tuple[RunningContainer, ...] = ()
    stopped: tuple[RunningContainer, ...] = ()
    unfinished: bool = False
