# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module docker_ipv6_full_info does: docker_ipv6_info, with all that few runs need.

What a mode needs is imported by it alone, because docker_ipv6 reads a host by this as well.
"""

from __future__ import annotations

import typing as t

from ..modes.io import nat_facts, read_host
from . import docker_ipv6_info
from .options import READING

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from ..change.plan import Plan
    from ..core.finding import Finding
    from ..engine.io.api import Docker
    from ..modes import facts
    from ..routed.ndp_proxy import NdpPlan
    from ..state.host import Found, Order

SPEC = READING


def run(params: dict[str, t.Any], _dry: bool) -> dict[str, t.Any]:
    """Read the host; what the module returns."""
    return read(params)


def read(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """Read the host, and write nothing.

    Raises:
        Refused: it cannot be read, or what is wanted must not or cannot be done.
    """
    nat = nat_facts.Seldom(_gai_conf, _given_up)
    return docker_ipv6_info.read(params, docker_ipv6_info.More(_orders, _mail, _plan, nat))


def _orders(names: list[str]) -> tuple[Order, ...]:
    from ..host.io import resolver

    return tuple(map(resolver.order, names))


def _mail(docker: Docker, found: Found, containers: tuple[str, ...], as_root: bool) -> list[Finding]:
    from ..mail.io import servers

    return servers.findings(docker, found, containers, as_root)


def _gai_conf(prefixes: Collection[str], precedence: bool, record: Mapping[str, t.Any]) -> Plan:
    from ..host import gai_conf
    from ..host.io import resolver

    return resolver.plan(gai_conf.PATH, gai_conf.wanted(prefixes, precedence), record)


def _given_up(network: str, found: Found, docker: Docker) -> list[tuple[dict[str, t.Any], NdpPlan]]:
    from ..routed.io import ndp

    return ndp.planned(ndp.calls(network, {}, found), found, read_host.ask(docker))


def _plan(params: dict[str, t.Any], found: Found, docker: Docker) -> facts.Plan:
    """The plan for another mode than nat."""
    if params["mode"] == "routed":
        from ..modes.io import routed_facts

        options = docker_ipv6_info.compose_options(params)
        return routed_facts.plan(docker_ipv6_info.wanted_host(params), options, found, docker)
    if params["mode"] == "prevent":
        return _prevented(params, found, docker)
    from ..modes.io import absent_facts

    return absent_facts.plan(found, docker, params["allow_container_restart"])


def _prevented(params: dict[str, t.Any], found: Found, docker: Docker) -> facts.Prevent:
    """The plan for mode ``prevent``."""
    from ..modes import prevent
    from ..modes.io import prevent_facts

    defaults = {name: option.get("default") for name, option in SPEC.items()}
    prevent.refuse_contradiction({name: value for name, value in params.items() if value != defaults.get(name)})
    wanted = prevent.Wanted(
        tuple(params["containers"]),
        params["allow_container_restart"],
        params["prevent_compose"],
        tuple(params["compose_files"]),
        tuple(params["compose_services"]),
    )
    return prevent_facts.plan(wanted, found, docker)
