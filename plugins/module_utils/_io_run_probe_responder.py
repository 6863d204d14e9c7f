# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module probe_responder does."""

from __future__ import annotations

import datetime
import re
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _found,
    _io_files,
    _io_lock,
    _io_peers,
    _io_places,
    _io_record,
    _io_responder,
    _metrics,
    _verdict,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import SOCKET, Docker
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

SPEC: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "required": True},
    "network": {"type": "str", "default": "dms-ipv6"},
    "image": {"type": "str", "default": "traefik/whoami"},
    "port": {"type": "int", "default": 0},
    "container_port": {"type": "int", "default": 80},
    "address": {"type": "str", "default": ""},
    "ipv6_address": {"type": "str", "default": ""},
    "probes": {"type": "list", "elements": "dict", "default": []},
    "silent": {"type": "list", "elements": "str", "default": []},
    "metrics": {"type": "path", "default": ""},
    "expect": {"type": "str", "choices": ["real", "refused"], "default": "real"},
    "docker_socket": {"type": "path", "default": SOCKET},
}


def present(params: dict[str, t.Any], docker: Docker, dry: bool) -> dict[str, t.Any]:
    """Start the responder; what the module returns."""
    result: dict[str, t.Any] = {"changed": True}
    own = params["ipv6_address"]
    if not dry:
        port = result["port"] = _io_responder.start(
            docker,
            params["network"],
            params["image"],
            params["port"],
            params["container_port"],
            params["address"],
            own,
        )
        result["ports"] = {"ipv4": port, "ipv6": params["container_port"] if own else port}
    places = _io_places.read(_found.network(one) for one in docker.networks())
    addresses = {**places.reached_at, **({"ipv6": own} if own else {})}
    return {**result, "addresses": addresses, "host_addresses": places.all}


def absent(params: dict[str, t.Any], docker: Docker, dry: bool) -> dict[str, t.Any]:
    """Remove the responder and keep the proof; what the module returns."""
    silent = [_verdict.silent(name) for name in params["silent"]]
    probes, expect = [*_io_peers.judged(docker, params["probes"]), *silent], params["expect"]
    now = datetime.datetime.now(datetime.timezone.utc)
    proof = _verdict.proof(probes, now, expect)
    told = {**proof, "faults": _verdict.faults(probes, expect)}
    if dry:
        return {"changed": False, **told}
    changed = _io_responder.stop(docker)
    if probes:
        with _io_lock.lock():
            _io_record.keep(proof=proof)
    if probes and params["metrics"]:
        if not re.match(r"/.*\.prom$", params["metrics"]):
            raise Refused("give the absolute path of a file whose name ends in .prom", "metrics")
        _io_files.write(params["metrics"], _metrics.text(proof, now.timestamp()).encode())
    return {"changed": changed, **told}


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Start or remove the responder; what the module returns."""
    act = present if params["state"] == "present" else absent
    return act(params, Docker(params["docker_socket"]), dry)
