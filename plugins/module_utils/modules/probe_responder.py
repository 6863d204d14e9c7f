# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module probe_responder does."""

from __future__ import annotations

import datetime
import os
import re
import typing as t

from ..change.io import lock, record
from ..core import ip, verdict
from ..core.refused import Refused
from ..engine.io.api import SOCKET, Docker
from ..proof import metrics
from ..proof.io import own_addresses, peers, responder
from ..state import docker_objects
from ..system.io import files as system_files

LONGEST = 3600

SPEC: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["ready", "present", "absent"], "required": True},
    "network": {"type": "str", "default": "dms-ipv6"},
    "image": {"type": "str", "default": "traefik/whoami:v1.11.0"},
    "port": {"type": "int", "default": 0},
    "container_port": {"type": "int", "default": 80},
    "address": {"type": "str", "default": ""},
    "addresses": {"type": "dict", "default": {}},
    "ipv6_address": {"type": "str", "default": ""},
    "remove_after": {"type": "int", "default": 600},
    "probes": {"type": "list", "elements": "raw", "default": []},
    "silent": {"type": "list", "elements": "str", "default": []},
    "metrics": {"type": "path", "default": ""},
    "expect": {"type": "str", "choices": ["real", "refused"], "default": "real"},
    "docker_socket": {"type": "path", "default": SOCKET},
}


def present(params: dict[str, t.Any], docker: Docker, dry: bool) -> dict[str, t.Any]:
    """Start the responder; what the module returns."""
    _refuse(params)
    own = params["ipv6_address"]
    places = own_addresses.read(docker_objects.network(network) for network in docker.networks())
    given = {family: ip.plain(str(address)) for family, address in params["addresses"].items() if address}
    reached = {**places.reached_at, **given}
    wanted = responder.Wanted(
        params["network"],
        params["image"],
        params["port"],
        params["container_port"],
        _published_at(params["address"], own, reached, places),
        own,
        params["remove_after"],
    )
    port = params["port"] or responder.free_port() if dry else responder.start(docker, wanted)
    return {
        "changed": True,
        "port": port,
        "ports": {"ipv4": port, "ipv6": params["container_port"] if own else port},
        "addresses": {**reached, **({"ipv6": own} if own else {})},
        "host_addresses": places.all,
        "host_networks": places.networks,
    }


def ready(params: dict[str, t.Any], docker: Docker, dry: bool) -> dict[str, t.Any]:
    """See that what a proof needs of this host is there; what the module returns."""
    _refuse(params)
    return {"changed": responder.ready(docker, params["image"], params["port"], dry)}


def _refuse(params: dict[str, t.Any]) -> None:
    """Raise Refused for what would only be found out after a whole proof."""
    _refuse_metrics(params["metrics"])
    responder.refuse_image(params["image"])
    if not 0 <= params["port"] <= 65535:
        raise Refused(f"{params['port']} is not between 0 and 65535", "port")
    if not 1 <= params["container_port"] <= 65535:
        raise Refused(f"{params['container_port']} is not between 1 and 65535", "container_port")
    if not 1 <= params["remove_after"] <= LONGEST:
        raise Refused(f"{params['remove_after']} is not between 1 and {LONGEST} seconds", "remove_after")
    if not set(params["addresses"]) <= set(verdict.WORDS):
        raise Refused(f"{', '.join(sorted(params['addresses']))}: the families are ipv4 and ipv6", "addresses")


def _refuse_metrics(path: str) -> None:
    if not path:
        return
    if not re.match(r"/.*\.prom$", path):
        raise Refused("give the absolute path of a file whose name ends in .prom", "metrics")
    if not os.path.isdir(os.path.dirname(path)):
        raise Refused(f"there is no folder {os.path.dirname(path)} on this host", "metrics", "Make it, or correct it")


def _published_at(address: str, own: str, reached: dict[str, str], places: own_addresses.Places) -> tuple[str, ...]:
    """Addresses of the host on which the responder is published: only those at which it is probed.

    Raises:
        Refused: there is none.
    """
    found = (address,) if address else places.published_at(reached)
    if own and not any(":" in address for address in found):
        # No client connects to the host at that port, but the engine opens the container's only if it is published.
        found = (*found, "::")
    if not found:
        problem = "this host has no address at which other hosts could reach the responder"
        raise Refused(problem, remedy="Give dms_ipv6_probe_addresses")
    return found


def absent(params: dict[str, t.Any], docker: Docker, dry: bool) -> dict[str, t.Any]:
    """Remove the responder, whatever the probes say, and keep the proof; what the module returns."""
    changed = not dry and responder.stop(docker)
    _refuse_metrics(params["metrics"])
    silent = [verdict.silent(name) for name in params["silent"]]
    expect = params["expect"]
    probes = [*peers.judged(docker, verdict.checked(params["probes"])), *silent]
    now = datetime.datetime.now(datetime.timezone.utc)
    proof = verdict.proof(probes, now, expect)
    result = {**proof, "faults": verdict.faults(probes, expect)}
    if probes and not dry:
        if record.exists():  # a host that was only looked at keeps nothing
            with lock.lock():
                record.keep(proof=proof)
        if params["metrics"]:
            system_files.write(params["metrics"], metrics.text(proof, now.timestamp()).encode())
    return {"changed": changed, **result}


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Start or remove the responder; what the module returns."""
    act = {"ready": ready, "present": present, "absent": absent}[params["state"]]
    return act(params, Docker(params["docker_socket"]), dry)
