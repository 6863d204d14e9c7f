# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module gai_conf does."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _address_order,
    _diff,
    _gai_conf,
    _io_change,
    _io_gai_conf,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import SOCKET
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._found import Ask
    from ansible_collections.dms.ipv6.plugins.module_utils._host_plan import Found
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan

SPEC: dict[str, t.Any] = {
    "prefixes": {"type": "list", "elements": "str", "default": [], "aliases": ["prefix"]},
    "precedence": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "path": {"type": "path", "default": _gai_conf.PATH},
    "name": {"type": "str", "default": ""},
    "transaction": {"type": "str", "default": ""},
    "docker_socket": {"type": "path", "default": SOCKET},
}


def run(params: dict[str, t.Any], dry: bool) -> dict[str, t.Any]:
    """Plan, and carry out unless ``dry``; what the module returns."""
    path, present = params["path"], params["state"] == "present"
    if present and not params["prefixes"]:
        raise Refused("there is none", "prefixes", "Give the ULA that this host connects from")
    asked = _gai_conf.wanted(params["prefixes"], params["precedence"])

    def make(found: Found, _ask: Ask) -> Plan:
        return _io_gai_conf.plan(path, asked, found.record) if present else _io_gai_conf.back(path, found.record)

    before = _io_gai_conf.order(params["name"])
    plan, _found, _outage = _io_change.change(
        params["docker_socket"], params["transaction"], dry, make, lambda made: made
    )
    result = {
        **_io_change.told(plan, _diff.of(plan, path)),
        "before": list(before.addresses),
        "source": before.source,
    }
    if dry and plan.changed:
        return result
    after = _io_gai_conf.order(params["name"])
    result["after"] = list(after.addresses)
    if present:
        effective, effect = _address_order.effect(before, after, asked.prefixes, _io_gai_conf.others(path))
        result.update(effective=effective, effect=effect)
        if not effective:
            result["warnings"] = list(dict.fromkeys([*result["warnings"], effect]))
    return result
