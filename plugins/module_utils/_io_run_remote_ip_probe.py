# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module remote_ip_probe does."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _io_probe
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

SPEC: dict[str, t.Any] = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
    "family": {"type": "str", "choices": ["ipv4", "ipv6"], "default": "ipv6"},
    "timeout": {"type": "int", "default": 5},
    "host_addresses": {"type": "list", "elements": "str", "default": []},
    "hold": {"type": "int", "default": 0},
}


def run(params: dict[str, t.Any], _dry: bool = False) -> dict[str, t.Any]:
    """Probe once; what the module returns."""
    if not 1 <= params["port"] <= 65535:
        raise Refused(f"{params['port']} is not between 1 and 65535", "port")
    if params["hold"] < 0:
        raise Refused("it is a number of seconds, 0 or more", "hold")
    place = params["host"], params["port"], params["family"], params["timeout"]
    if params["hold"]:
        verdict = _io_probe.hold(*place, params["hold"])
    else:
        verdict = _io_probe.probe(*place, params["host_addresses"])
    asked = {name: params[name] for name in ("family", "host", "port")}
    return {"changed": False, **asked, **verdict._asdict()}
