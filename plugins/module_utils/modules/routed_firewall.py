# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module routed_firewall does."""

from __future__ import annotations

import typing as t

from ..change import diff
from ..engine.io.api import SOCKET
from ..modes.io import live_change
from ..routed import firewall as routed_firewall
from ..routed import nft_table

if t.TYPE_CHECKING:
    from ..change.plan import Plan
    from ..state.docker_objects import Ask
    from ..state.host import Found

SPEC: dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "subnet": {"type": "str"},
    "bridge": {"type": "str"},
    "ports": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "address": {"type": "str", "required": True},
            "protocol": {"type": "str", "choices": ["tcp", "udp", "sctp"], "default": "tcp"},
            "port": {"type": "int", "required": True},
        },
    },
    "sources": {"type": "list", "elements": "str", "default": []},
    "transaction": {"type": "str", "default": ""},
    "docker_socket": {"type": "path", "default": SOCKET},
}
RULES: dict[str, t.Any] = {"required_if": [("state", "present", ("subnet", "bridge"))]}


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Plan, and carry out unless ``dry``; what the module returns."""
    ports = [(port["address"], port["protocol"], port["port"]) for port in params["ports"]]
    wanted = None
    if params["state"] == "present":
        wanted = nft_table.table(params["subnet"] or "", params["bridge"] or "", ports, params["sources"])

    def make(found: Found, _ask: Ask) -> Plan:
        return routed_firewall.plan(wanted, found.table)

    plan, _found, _outage = live_change.change(
        params["docker_socket"], params["transaction"], dry, make, lambda planned: planned
    )
    return live_change.returned(plan, diff.of(plan, routed_firewall.FILE))
