# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a plan mean to people: which services notice it, which files are written, what clients get then.

The controller makes sentences of it, see plugin_utils.screen. A step says how something is done; this says what for.
"""

from __future__ import annotations

import json
import typing as t

from ..change.file_steps import WriteFile
from ..compose.steps import Recreate
from ..daemon.steps import Reload, Restart, StopContainers
from ..exposure import published
from ..host.forwarding import ForwardingComesOn
from ..network.steps import ConnectContainer, CreateNetwork, DisconnectContainer, RemoveNetwork
from ..state import firewall as state_firewall

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..change.plan import Plan, Step
    from ..state import docker_objects
    from ..state.host import Found

    Pairs = Iterable[tuple[docker_objects.Container, docker_objects.Container, published.Host]]
    Effects = dict[str, t.Any]


def of(plans: Iterable[Plan], found: Found) -> Effects:
    """The effects of some plans; empty if there is nothing to do.

    Args:
        plans: in the order in which they are carried out.
        found: the host, as the plans were made for it.
    """
    steps = [step for plan in plans for step in plan.steps]
    if not steps:
        return {}
    restarts = [step for step in steps if isinstance(step, Restart)]
    killed = [step.containers for step in restarts if not step.containers_live_on]
    killed += [step.containers for step in steps if isinstance(step, StopContainers)]
    running = (step for step in steps if isinstance(step, (ConnectContainer, DisconnectContainer)) and step.running)
    return {
        "docker": "restarted" if restarts else "reloaded" if any(isinstance(step, Reload) for step in steps) else "",
        "stopped": sorted({container.name for some in killed for container in some}),
        "moved": sorted({step.name for step in running}),
        "networks": _networks(steps),
        "written": list(_written(steps, found)),
        "forwarding": any(isinstance(step, ForwardingComesOn) for step in steps) and not found.forwards,
        "recreated": sorted({name for step in steps if isinstance(step, Recreate) for name in step.services}),
    }


def together(parts: Iterable[Effects]) -> Effects:
    """The effects of several plans, each of which was looked at by itself."""
    found = [part for part in parts if part]
    if not found:
        return {}
    lists = {
        name: sorted({text for part in found for text in part[name]}) for name in ("stopped", "moved", "recreated")
    }
    kinds = ("created", "replaced", "removed")
    return {
        **lists,
        "docker": max((part["docker"] for part in found), key=("", "reloaded", "restarted").index),
        "networks": {
            kind: [*dict.fromkeys(name for part in found for name in part["networks"][kind])] for kind in kinds
        },
        "written": [written for part in found for written in part["written"]],
        "forwarding": any(part["forwarding"] for part in found),
    }


def _networks(steps: Iterable[Step]) -> dict[str, list[str]]:
    """Networks by what becomes of them; without those that exist only during the change."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        if isinstance(step, (CreateNetwork, RemoveNetwork)):
            found.setdefault(step.name, []).append(step)
    ends = {
        name: (isinstance(some[0], CreateNetwork), isinstance(some[-1], CreateNetwork)) for name, some in found.items()
    }
    kinds = {"created": (True, True), "replaced": (False, True), "removed": (False, False)}
    return {kind: [name for name, pair in ends.items() if pair == wanted] for kind, wanted in kinds.items()}


def _written(steps: Iterable[Step], found: Found) -> Iterable[dict[str, t.Any]]:
    """Each file with what is new in it: what is written for the time of a restart only is not."""
    last: dict[str, WriteFile] = {}
    first: dict[str, WriteFile] = {}
    for step in steps:
        if isinstance(step, WriteFile):
            last[step.path] = step
            first.setdefault(step.path, step)
    for path, step in last.items():
        before = found.raw if path == found.path else first[path].old
        if before != step.content:
            yield {"path": path, **_difference(before or b"", step.content or b"", path == found.path)}


def _difference(before: bytes, after: bytes, has_keys: bool) -> dict[str, t.Any]:
    """Names of keys that differ, or how many lines are new and gone."""
    old, new = (_settings(raw) for raw in (before, after)) if has_keys else ({}, {})
    keys = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
    rest = before.splitlines()
    added = 0
    for line in after.splitlines():
        if line in rest:
            rest.remove(line)
        else:
            added += 1
    return {"keys": keys, "added": added, "removed": len(rest)}


def _settings(raw: bytes) -> Mapping[str, t.Any]:
    try:
        found = json.loads(raw.decode()) if raw.strip() else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def expected(now: published.Host, pairs: Pairs) -> list[dict[str, t.Any]]:
    """Each published port at which IPv6 clients get something else than today, once the plan is carried out.

    Args:
        now: how the host is.
        pairs: each container as it is and as it will be, with the host around it then.
    """
    found = []
    for old, new, after in pairs:
        before = {*map(_answer, _six(old, now))}
        later = sorted(_six(new, after), key=lambda exposure: exposure.port.host_port)
        found += [_expected(old, exposure) for exposure in later if _answer(exposure) not in before]
    return found


def _expected(container: docker_objects.Container, exposure: published.Exposure) -> dict[str, t.Any]:
    return {
        "container": container.name,
        "host_port": exposure.port.host_port,
        "port": exposure.port.container_port,
        "protocol": exposure.port.protocol,
        "verdict": exposure.verdict,
        "by": exposure.by,
    }


def _six(container: docker_objects.Container, host: published.Host) -> list[published.Exposure]:
    return [exposure for exposure in published.exposures(container, host) if exposure.family == state_firewall.IPV6]


def _answer(exposure: published.Exposure) -> tuple[int, int, str, str]:
    """A port, and what its clients get there."""
    port = exposure.port
    return port.host_port, port.container_port, port.protocol, exposure.verdict
