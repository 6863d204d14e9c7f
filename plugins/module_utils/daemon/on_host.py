# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's part of a plan for a host: which settings, and what a restart would do beside."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ..change.plan import Steps
from ..core.refused import Refused
from ..engine import version as engine_version
from ..host import forwarding
from ..state import daemon as state_daemon
from ..state import host as state_host
from . import json_text
from . import plan as daemon_plan
from . import undo as daemon_undo

if t.TYPE_CHECKING:
    from collections.abc import Collection

    from . import restart_checks
    from .json_text import Settings

REMEDY_FORWARDING = "Remove the key `ip-forward`, or set net.ipv6.conf.all.forwarding = 1"
# Roles and helpers that write the whole file.
PUT_THERE = (
    "Put the keys where that program has its own settings as well (geerlingguy.docker: docker_daemon_options; mailcow:"
    " what its helper scripts write), or they go again"
)


def nat_settings(daemon: state_daemon.Running, file_settings: Settings, userland_proxy: bool | None = None) -> Settings:
    """The daemon settings of mode ``nat``.

    Below 27.0 ip6tables is off by default and experimental; from 27.0 on neither key is needed, so a key is written
    only where the file has ip6tables off, or the daemon that runs is not known to have it on. A left-over
    ``experimental`` is left alone, and what a flag of dockerd says already is not said again.
    """
    settings: Settings = {}
    if not engine_version.has(daemon.version, "ip6tables_by_default"):
        settings.update({"experimental": True, "ip6tables": True})
    elif file_settings.get("ip6tables") is False or daemon_plan.effective("ip6tables", daemon) is not True:
        settings["ip6tables"] = True
    if userland_proxy is not None:
        settings["userland-proxy"] = userland_proxy
    return {name: value for name, value in settings.items() if daemon_plan.flag(name, daemon) is not value}


def plan_daemon(wanted: daemon_plan.Wanted, found: state_host.Found) -> daemon_plan.DaemonPlan:
    """The daemon's part: with the host's default route kept where a stored IPv6 network makes dockerd forward."""
    plan = daemon_plan.plan(found.path, found.raw, wanted, found.daemon, found.borrowed)
    gone = set(wanted.config) & {
        *daemon_undo.taken_out(found.record.get("undo"), json_text.load(found.raw, found.path))
    }
    if gone and plan.changed:
        plan = replace(plan, warnings=(*plan.warnings, f"{taken_out(sorted(gone), found.path)}. {PUT_THERE}"))
    if plan.restarts and (plan.settings.get("ipv6") or any(network.ipv6 for network in found.networks)):
        return plan.guarded(guard(found, tells=False))
    return plan


def taken_out(names: Collection[str], path: str) -> str:
    """What it means that our keys are gone, as a clause."""
    return (
        f"{' and '.join(names)} went out of {path} since this collection wrote it: another program writes the file too"
    )


def refuse_restart(
    plan: daemon_plan.DaemonPlan,
    found: state_host.Found,
    around: restart_checks.Surroundings,
    consent: restart_checks.Consent,
) -> None:
    """Raise Refused where the restart of a plan would do more than is wanted."""
    from . import restart_checks  # most runs restart nothing

    daemon = found.daemon
    ip6tables = daemon_plan.in_force("ip6tables", {"ip6tables": True}, daemon) != daemon_plan.IN_FORCE
    turns_on = ip6tables and plan.settings.get("ip6tables") is True
    restart_checks.refuse(around, plan.settings, daemon.version, daemon.unit, turns_on, consent)


def guard(found: state_host.Found, tells: bool = True, again: bool = False) -> Steps:
    """The steps before a host forwards IPv6.

    Args:
        found: what was read.
        tells: whether those that only say what dockerd does are among them.
        again: see was_switched_off().
    """
    ours = never_forwards(found)
    forwards = found.forwards or not (ours or tells)
    return forwarding.guard(
        found.ra_default, found.accept_ra, forwards, found.sysctl_file, not ours, found.at_boot, again
    )


def was_switched_off(found: state_host.Found) -> bool:
    """Whether something switched IPv6 forwarding off after dockerd had switched it on: hardening does, every night.

    Not where its settings say that the daemon leaves it alone: then it is the administrator's decision.
    """
    if found.forwards or never_forwards(found) or not any(network.ipv6 for network in found.networks):
        return False
    return not is_set_not_to_forward(found)


def is_set_not_to_forward(found: state_host.Found) -> bool:
    """Whether the host does not forward IPv6, and dockerd is set to leave it so."""
    return not found.forwards and daemon_plan.no_ip_forward(json_text.load(found.raw, found.path), found.daemon)


def refuse_forwarding(found: state_host.Found) -> None:
    """Raise Refused if the settings say that this host forwards nothing."""
    if is_set_not_to_forward(found):
        problem = "ip-forward is false and the host does not forward IPv6, so no client gets to a container"
        raise Refused(problem, found.path, REMEDY_FORWARDING)


def never_forwards(found: state_host.Found) -> bool:
    """Whether the host does not forward IPv6 and never will by dockerd's doing."""
    return not found.forwards and daemon_plan.firewall_backend(found.daemon) == state_daemon.NFTABLES
