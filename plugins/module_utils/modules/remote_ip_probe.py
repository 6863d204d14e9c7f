# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module remote_ip_probe does."""

from __future__ import annotations

import typing as t

from ..core import verdict as core_verdict
from ..core.refused import Refused
from ..proof.io import probe

SPEC: dict[str, t.Any] = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "family": {"type": "str", "choices": ["ipv4", "ipv6"], "default": "ipv6"},
    "timeout": {"type": "int", "default": 5},
    "host_addresses": {"type": "list", "elements": "str", "default": []},
    "host_networks": {"type": "list", "elements": "str", "default": []},
    "hold": {"type": "int", "default": 0},
}

LONGEST_TIMEOUT, LONGEST_HOLD = 60, 300


def run(params: dict[str, t.Any], _dry: bool = False) -> dict[str, t.Any]:
    """Probe once; what the module returns."""
    if not 0 <= params["port"] <= 65535:
        raise Refused(f"{params['port']} is not between 0 and 65535", "port")
    if not 1 <= params["timeout"] <= LONGEST_TIMEOUT:
        raise Refused(f"{params['timeout']} is not between 1 and {LONGEST_TIMEOUT} seconds", "timeout")
    if not 0 <= params["hold"] <= LONGEST_HOLD:
        raise Refused(f"{params['hold']} is not between 0 and {LONGEST_HOLD} seconds", "hold")
    family, timeout = params["family"], params["timeout"]
    place = probe.resolve(params["host"], params["port"], family)
    if probe.is_own(place, family):
        verdict = core_verdict.itself(str(place[0]))
        verdict = verdict if params["port"] else verdict._replace(client="")  # it cannot try
    elif not params["port"]:
        verdict = probe.way(place, family)
    elif params["hold"]:
        verdict = probe.hold(place, family, timeout, params["hold"])
    else:
        verdict = probe.probe(place, family, timeout, params["host_addresses"], params["host_networks"])
    question = {name: params[name] for name in ("family", "host", "port")}
    return {"changed": False, **question, **verdict._asdict()}
