# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart of the daemon would do beside what is wanted: reasons to refuse it, or to ask for consent."""

from __future__ import annotations

import typing as t

from ..core.refused import Refused
from ..engine import version as engine_version
from . import command_line

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from ..engine.version import Version
    from .json_text import Settings


class Surroundings(t.NamedTuple):
    """What there is around the daemon.

    Attributes:
        next_flags: options that the unit will start dockerd with, by their name in daemon.json.
        next_version: of the dockerd on disk; None if it is the one that runs.
        bound_units: services that systemd stops together with Docker's (Requires, BindsTo, PartOf).
        client_units: services whose own process is a Docker client in the foreground.
        forwards: whether the host forwards IPv6 already.
        other_paths: interfaces that are not Docker's and between which it may forward: bridges, tunnels, VPNs.
        forward_policy_drops: whether the IPv6 FORWARD policy is DROP already.
        kill_mode: of the unit, if systemd kills the processes of containers with the daemon; else empty.
        own_mounts: whether network namespaces of containers are mounted for the daemon that runs, and not for the next.
    """

    next_flags: Mapping[str, str]
    next_version: Version | None
    bound_units: tuple[str, ...]
    client_units: tuple[str, ...]
    forwards: bool
    other_paths: tuple[str, ...]
    forward_policy_drops: bool
    kill_mode: str = ""
    own_mounts: bool = False


class Consent(t.NamedTuple):
    """What the operator has allowed."""

    container_restart: bool = False
    engine_upgrade: bool = False
    forward_drop: bool = False


def refuse(
    around: Surroundings, settings: Settings, version: Version, unit: str, turns_on_ip6tables: bool, consent: Consent
) -> None:
    """Raise Refused for the first reason that speaks against a restart with these settings.

    Args:
        around: what there is.
        settings: what the file will say.
        version: of the engine that runs.
        unit: its service.
        turns_on_ip6tables: whether the restart brings ip6tables into force.
        consent: what was agreed to.
    """
    both = command_line.both(settings, around.next_flags)
    if both:
        first, value = next(iter(both.items()))
        raise Refused(
            f"{unit} starts dockerd with --{first}={value}, and {', '.join(both)} is in the"
            " file too; dockerd does not start with both",
            remedy="Take the flag out of the unit, its drop-ins and its environment file",
        )
    if around.next_version not in (None, version) and not consent.engine_upgrade:
        raise Refused(
            f"a restart would also change the engine from {version} to {around.next_version}, which is installed",
            unit,
            "Set allow_engine_upgrade to consent, or restart Docker yourself first",
        )
    _refuse_lost_containers(around, unit)
    if not consent.container_restart:
        _refuse_units(around, unit)
    if turns_on_ip6tables and not engine_version.has(version, "forward_policy_kept") and not consent.forward_drop:
        _refuse_forward_drop(around, version)


def _refuse_lost_containers(around: Surroundings, unit: str) -> None:
    """What takes containers down, or off their networks, whatever live-restore says."""
    if around.kill_mode:
        raise Refused(
            f"systemd would kill every container with the daemon (KillMode={around.kill_mode}), whatever live-restore"
            " says",
            unit,
            "Set KillMode=process in a drop-in of the unit (systemctl edit), then run this again",
        )
    if around.own_mounts:
        raise Refused(
            "a restart would cut running containers off their networks, whatever live-restore says: the unit gives"
            " dockerd mounts of its own, and the network namespaces of containers are among them",
            unit,
            "Take PrivateMounts, PrivateTmp, MountFlags, Protect* and the like out of the unit (systemctl cat), restart"
            " Docker when its containers may stop, then run this again",
        )


def _refuse_units(around: Surroundings, unit: str) -> None:
    stopped = sorted({*around.bound_units, *around.client_units})
    if stopped:
        raise Refused(
            f"a restart would stop {', '.join(stopped)}: live-restore does not keep services alive that depend on"
            f" {unit} or run a Docker client",
            unit,
            "Set allow_container_restart to consent",
        )


def _refuse_forward_drop(around: Surroundings, version: Version) -> None:
    if around.forwards and around.other_paths and not around.forward_policy_drops:
        raise Refused(
            f"Docker Engine {version} sets the IPv6 FORWARD policy to DROP with ip6tables, and this host forwards"
            f" IPv6 for others ({', '.join(around.other_paths)})",
            "ip6tables",
            "Add rules that accept that traffic, then set allow_forward_drop to consent",
        )
