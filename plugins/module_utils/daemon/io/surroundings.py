# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads what there is around the daemon: its unit, the dockerd on disk, services that depend on it, forwarding."""

from __future__ import annotations

import contextlib
import os
import re
import typing as t

from ...core.refused import Refused
from ...engine import version as engine_version
from ...engine.io.api import SOCKET
from ...host.io import sysctls
from ...system.io import files as system_files
from ...system.io import kernel
from ...system.io import programs as system_programs
from .. import command_line
from ..restart_checks import Surroundings

if t.TYPE_CHECKING:
    from ...engine.version import Version
    from ...state.host import Found

CLIENTS = ("docker", "docker-compose")
# Of the unit itself; what else depends on Docker is stopped with it.
OWN_UNITS = ("docker.socket", "containerd.service")
# What keeps a container running: its name, as the kernel cuts it off.
SHIM = "containerd-shim"
# systemd.kill(5): these two do not spare the rest of the control group.
KILLING = ("control-group", "mixed")
NO_LINK_LAYER = "65534"
# Whose mounts the next daemon begins with.
SYSTEMD = 1


def read(found: Found) -> Surroundings:
    """The surroundings of a daemon that is about to be restarted."""
    shown = _show(found.daemon.unit)
    return Surroundings(
        next_flags=_next_flags(shown),
        next_version=_version_on_disk(found.daemon.pid),
        bound_units=tuple(sorted(_words(shown, "RequiredBy", "BoundBy", "ConsistsOf") - {*OWN_UNITS})),
        client_units=tuple(sorted(_client_units(found.daemon.unit))),
        forwards=sysctls.forwards(),
        other_paths=tuple(_other_paths({network.bridge for network in found.networks})),
        forward_policy_drops=_forward_policy_drops(),
        kill_mode=_kill_mode(shown, found.daemon.unit),
        own_mounts=bool(kernel.mounted_namespaces(found.daemon.pid) - kernel.mounted_namespaces(SYSTEMD)),
    )


def _show(unit: str) -> dict[str, str]:
    wanted = "ExecStart,Environment,EnvironmentFiles,RequiredBy,BoundBy,ConsistsOf,KillMode"
    shown: dict[str, str] = {}
    for line in system_programs.said("systemctl", "show", unit, "-p", wanted).splitlines():
        name, _equals, value = line.partition("=")
        shown[name] = f"{shown[name]} {value}" if name in shown else value  # EnvironmentFiles: a line for each
    return shown


def _words(shown: dict[str, str], *names: str) -> set[str]:
    return {word for name in names for word in shown.get(name, "").split()}


def _next_flags(shown: dict[str, str]) -> dict[str, str]:
    environment = command_line.environment_file("\n".join(command_line.words(shown.get("Environment", ""))))
    for path in re.findall(r"(\S+) \(ignore_errors=\w+\)", shown.get("EnvironmentFiles", "")):
        with contextlib.suppress(Refused):
            text = (system_files.read(path) or b"").decode(errors="replace")
            environment.update(command_line.environment_file(text))
    return command_line.parse(command_line.unit_command(shown.get("ExecStart", ""), environment))


def next_version(found: Found) -> Version:
    """The engine that a restart will bring."""
    return _version_on_disk(found.daemon.pid) or found.daemon.version


def _version_on_disk(pid: int) -> Version | None:
    """The version of the dockerd on disk, None if it is the file that runs."""
    try:
        path = os.readlink(f"/proc/{pid}/exe")
        if not path.endswith(" (deleted)"):
            return None
    except OSError:
        return None
    found = re.search(r"version (\S+)", system_programs.said(path[: -len(" (deleted)")], "--version"))
    return engine_version.parse(found.group(1)) if found else None


def _kill_mode(shown: dict[str, str], unit: str) -> str:
    """The unit's KillMode if containers end with it: where dockerd started containerd, they belong to its unit."""
    mode = shown.get("KillMode", "")
    kills = mode in KILLING and any(kernel.unit_of(pid) == unit for pid in kernel.processes(SHIM))
    return mode if kills else ""


def _client_units(own: str) -> set[str]:
    """Services that run a Docker client, as units made for `docker run` do.

    A process of a user who may not use the socket is not such a client, whatever it calls itself.
    """
    pids = [pid for name in CLIENTS for pid in kernel.processes(name, _group_of_docker())]
    units = {kernel.unit_of(pid) for pid in pids}
    return {unit for unit in units if unit and unit != own and not unit.startswith("user@")}


def _group_of_docker() -> int | None:
    with contextlib.suppress(OSError):
        return os.stat(SOCKET).st_gid
    return None


def _other_paths(dockers: set[str]) -> t.Iterator[str]:
    """Bridges and tunnels with an IPv6 address that are not Docker's."""
    for name in sorted({address.interface for address in kernel.addresses()}):
        path = f"/sys/class/net/{name}"
        virtual = (
            os.path.isdir(f"{path}/bridge") or link_type(path) == NO_LINK_LAYER or os.path.exists(f"{path}/tun_flags")
        )
        if virtual and name not in dockers and name not in ("docker0", "docker_gwbridge"):
            yield name


def link_type(path: str) -> str:
    """The kernel's number for the kind of a link (ARPHRD), empty if it cannot be read."""
    with contextlib.suppress(OSError), open(f"{path}/type", encoding="ascii") as file:
        return file.read().strip()
    return ""


def _forward_policy_drops() -> bool:
    return "-P FORWARD DROP" in system_programs.said("ip6tables", "-S", "FORWARD").splitlines()
