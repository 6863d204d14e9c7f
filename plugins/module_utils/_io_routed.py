# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for mode ``routed`` as facts for the role, see _io_host_plan."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _daemon_json,
    _exposure,
    _io_found,
    _io_host_plan,
    _io_ndp_proxy,
    _io_packages,
    _routed,
    _state_firewall,
)
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ansible_collections.dms.ipv6.plugins.module_utils import _found
    from ansible_collections.dms.ipv6.plugins.module_utils._host_plan import Wanted
    from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
    from ansible_collections.dms.ipv6.plugins.module_utils._io_host_plan import ComposeOptions
    from ansible_collections.dms.ipv6.plugins.module_utils._state_host import Found


def plan(wanted: Wanted, compose: ComposeOptions, found: Found, docker: Docker) -> dict[str, t.Any]:
    """The plan for mode ``routed``.

    Raises:
        Refused: anything that must not or cannot be done.
    """
    if compose != _io_host_plan.ComposeOptions():
        problem = "Compose files are not edited in mode routed"
        raise Refused(problem, "compose_files", "Remove the variables about Compose, and name the network in the file")
    if wanted.gai_conf:
        problem = "it has no effect in mode routed, as containers have public addresses, which need no label"
        raise Refused(problem, "gai_conf", "Remove dms_ipv6_gai_conf from this host")
    made = _routed.plan(wanted, found, _io_found.ask(docker), _daemon_json.load(found.raw, found.path))
    now = _exposure.host(found)
    _io_host_plan.refuse_opened(_io_host_plan.moved(made.host.network_plan), now, wanted)
    answers = _io_ndp_proxy.planned(_io_ndp_proxy.calls(wanted.network, made.ndp, found), found, _io_found.ask(docker))
    links = [one for _call, one in answers]
    steps = [*made.sentences(), *_io_host_plan.sentences(links)]
    warnings = [*made.host.daemon_plan.warnings, *made.host.network_plan.warnings, *made.warnings]
    warnings += _io_host_plan.minded(found, wanted, steps)
    programs = [*_io_packages.missing_programs(), *(name for one in links for name in one.packages)] if steps else []
    seeing = [*_io_host_plan.seeing(wanted, compose, found, (), ())]
    served = _exposure.served(seeing, now)
    return {
        "changed": bool(steps),
        "steps": steps,
        "config": made.host.config,
        "subnets": [made.table.subnet],
        "network": wanted.network,
        "containers": list(wanted.containers),
        "addresses": made.addresses,
        "firewall": {"state": "present", **made.table._asdict(), "ports": [one._asdict() for one in made.table.ports]},
        "ndp": [call for call, _plan in answers],
        "responder": made.responder,
        "prove_on": [wanted.network],
        "ports": [*_own_ports(made, seeing), *(list(one) for one in served if one[0] == _state_firewall.IPV4)],
        "packages": [*_io_packages.missing(), *programs] if steps else [],
        "warnings": [*warnings, *(text for one in links for text in one.warnings)],
    }


def _own_ports(plan: _routed.RoutedPlan, seeing: Iterable[_found.Container]) -> Iterator[list[t.Any]]:
    """Family, port and address of the TCP ports at which containers answer at addresses of their own."""
    named = {plan.addresses[one.name]: one for one in seeing if one.name in plan.addresses}
    for one in plan.table.ports:
        if one.protocol == "tcp" and one.address in named and _exposure.heard(named[one.address], one.port):
            yield [_state_firewall.IPV6, one.port, one.address]
