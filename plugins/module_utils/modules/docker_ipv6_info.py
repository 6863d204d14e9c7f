# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module docker_ipv6_info does.

It is sent to every host on every run, so it brings what most runs need: the audit of ports, and mode nat. The rest
comes with docker_ipv6_full_info, which the action plugin runs in its place.
"""

from __future__ import annotations

import typing as t

from ..core.finding import Finding
from ..core.refused import Refused
from ..daemon import plan as daemon_plan
from ..engine.io.api import Docker
from ..exposure import direct_access, published
from ..modes import chosen, findings, nat, report
from ..modes.io import nat_facts, nat_targets, read_host
from ..proof.io import own_addresses
from ..state import docker_objects, engine_kind
from ..state import firewall as state_firewall
from ..state import host as state_host
from .options import READING

if t.TYPE_CHECKING:
    from ..modes import facts
    from ..state.host import Found, Order

SPEC = READING
NOTHING_OF_OURS = "nothing of this collection is on this host"
# The modes in which containers are moved, or would be, by way of a Compose file as well.
LIVE = ("audit", "nat", "absent")
SHOWN = ("ip6tables", "experimental", "userland-proxy", "live-restore")


class More(t.NamedTuple):
    """What a reading may need that this module does not bring.

    Attributes:
        orders: names -> in which order the host tries the addresses of each.
        mail: (docker, found, containers, as root) -> findings of mail servers.
        plan: (params, found, docker) -> the plan for another mode than nat.
        nat: what mode nat needs on few hosts.
    """

    orders: t.Callable[[list[str]], tuple[Order, ...]] = nat_facts.not_brought
    mail: t.Callable[[Docker, Found, tuple[str, ...], bool], list[Finding]] = nat_facts.not_brought
    plan: t.Callable[[dict[str, t.Any], Found, Docker], facts.Plan] = nat_facts.not_brought
    nat: nat_facts.Seldom = nat_facts.Seldom()


def wanted_host(params: dict[str, t.Any]) -> nat.Wanted:
    """What the options say of the host."""
    return nat.Wanted(
        network=params["network"],
        subnet=params["subnet"],
        prefix_length=params["prefix_length"],
        fleet_prefix=params["fleet_prefix"],
        containers=tuple(params["containers"]),
        select=params["select"],
        attach=params["attach"],
        address_pool=params["address_pool"],
        userland_proxy=params["userland_proxy"],
        consent=params["allow_container_restart"],
        allow_exposure=tuple(params["allow_exposure"]),
        allow_forwarding=tuple(params["allow_forwarding"]),
        allow_leak=tuple(params["allow_leak"]),
        gai_conf=params["gai_conf"],
        gai_conf_precedence=params["gai_conf_precedence"],
        gai_conf_prefixes=tuple(params["gai_conf_prefixes"]),
        addresses=tuple((name, str(address)) for name, address in sorted(params["addresses"].items())),
        interface=params["interface"],
        ndp_backend=params["ndp_backend"],
    )


def compose_options(params: dict[str, t.Any]) -> nat_targets.ComposeOptions:
    """What the options say of Compose projects."""
    return nat_targets.ComposeOptions(
        tuple(params["compose_files"]),
        params["compose_shape"],
        tuple(params["compose_services"]),
        params["compose_edit"],
    )


def run(params: dict[str, t.Any], _dry: bool) -> dict[str, t.Any]:
    """Read the host; what the module returns, or only that docker_ipv6_full_info has to run."""
    try:
        return read(params, More())
    except nat_facts.NotBrought:
        return {"changed": False, "incomplete": True}


def read(params: dict[str, t.Any], more: More) -> dict[str, t.Any]:
    """Read the host, and write nothing.

    Raises:
        Refused: it cannot be read, or what is wanted must not or cannot be done.
        NotBrought: something in ``more`` is needed and not there.
    """
    docker = Docker(params["docker_socket"])
    found = read_host.read(docker, any_engine=params["mode"] == "audit")
    if not engine_kind.elsewhere(found.environment):
        found = read_host.looked_into(docker, found)
    params = chosen.named(params, found)
    wanted = wanted_host(params)
    if params["names"]:
        found = found._replace(orders=more.orders(params["names"]))
    places = own_addresses.read(found.networks)
    targets = nat_targets.attempt(wanted, compose_options(params), found, docker) if params["mode"] in LIVE else None
    result: dict[str, t.Any] = {
        "changed": False,
        "engine": _engine_facts(found),
        "addresses": places.reached_at,
        "outbound": places.outbound,
        "host_addresses": places.all,
        "networks": [_network_facts(network) for network in found.networks],
        "containers": _containers_facts(found),
        "findings": [
            finding.result()
            for finding in _wrong(docker, found, _live(wanted, params["mode"], targets), wanted, params, more)
        ],
    }
    result["table"] = report.lines(result["containers"], result["findings"])
    result.update({name: found.record[name] for name in ("proof", "reverted") if name in found.record})
    if params["mode"] != "audit":
        result["plan"] = _plan(params, found, targets, docker, more)
    result["summary"] = _summary(params["mode"], found, result)
    return result


def _summary(mode: str, found: Found, result: dict[str, t.Any]) -> str:
    """The host in one sentence."""
    version = found.daemon.version
    if mode == "absent" and not found.record and not result["plan"]["steps"]:
        return f"Docker {version}; {NOTHING_OF_OURS}"
    return report.summary(version, result.get("plan"), result["findings"], result.get("proof"))


def _plan(
    params: dict[str, t.Any], found: Found, targets: nat_targets.Targets | Refused | None, docker: Docker, more: More
) -> facts.Plan:
    """The plan for a mode that changes something."""
    nothing = chosen.nothing(params)
    if nothing:
        return nat_facts.nothing(nothing)
    if params["mode"] != "nat" or targets is None:
        return more.plan(params, found, docker)
    if not found.paths:
        return nat_facts.nothing(nat_facts.UNREACHABLE)
    if isinstance(targets, Refused):
        raise targets
    return nat_facts.nat(wanted_host(params), compose_options(params), targets, docker, more.nat)


def _live(wanted: nat.Wanted, mode: str, targets: nat_targets.Targets | Refused | None) -> tuple[str, ...]:
    """The containers that are moved while they run, without a Compose file being edited."""
    if mode == "prevent":
        return ()  # no container gets IPv6
    return targets.containers if isinstance(targets, nat_targets.Targets) else wanted.containers


def _wrong(
    docker: Docker,
    found: state_host.Found,
    live: tuple[str, ...],
    wanted: nat.Wanted,
    params: dict[str, t.Any],
    more: More,
) -> list[Finding]:
    """All findings; those of mail servers only if they are to be looked into, on an engine that our model is about."""
    result = findings.findings(found, wanted, live)
    if params["mail"] and not engine_kind.elsewhere(found.environment):
        result += more.mail(docker, found, wanted.containers, params["mail_as_root"])
    return result


def _engine_facts(found: state_host.Found) -> dict[str, t.Any]:
    return {
        "version": str(found.daemon.version),
        "config_path": found.path,
        "unit": found.daemon.unit,
        "settings": {name: daemon_plan.effective(name, found.daemon) for name in SHOWN},
    }


def _network_facts(network: docker_objects.Network) -> dict[str, t.Any]:
    return {
        "name": network.name,
        "driver": network.driver,
        "ipv6": network.ipv6,
        "subnets": [str(subnet) for subnet in network.subnets],
        "bridge": network.bridge,
    }


def _containers_facts(found: state_host.Found) -> list[dict[str, t.Any]]:
    """By name: an engine lists the newest first."""
    return sorted(_facts_of_containers(found), key=lambda fact: str(fact["name"]))


def _facts_of_containers(found: state_host.Found) -> list[dict[str, t.Any]]:
    if engine_kind.elsewhere(found.environment):
        return [
            _container_facts(container, _unjudged(container), ()) for container in found.containers if container.ports
        ]
    host = published.host(found)
    facts = (
        _container_facts(container, published.exposures(container, host), direct_access.exposures(container, host))
        for container in found.containers
    )
    return [fact for fact in facts if fact["exposure"] or fact["direct"]]


def _unjudged(container: docker_objects.Container) -> tuple[published.Exposure, ...]:
    """The ports of an engine that our model is not about."""
    families = ((port, state_firewall.IPV6 if ":" in port.host_ip else state_firewall.IPV4) for port in container.ports)
    return tuple(published.Exposure(port, family, published.UNKNOWN) for port, family in families)


def _container_facts(
    container: docker_objects.Container, exposed: tuple[published.Exposure, ...], direct: tuple[published.Exposure, ...]
) -> dict[str, t.Any]:
    return {
        "name": container.name,
        "networks": [endpoint.network for endpoint in container.endpoints],
        "exposure": [{"host_port": exposure.port.host_port, **_exposure_facts(exposure)} for exposure in exposed],
        "direct": [{"address": exposure.port.host_ip, **_exposure_facts(exposure)} for exposure in direct],
    }


def _exposure_facts(exposure: published.Exposure) -> dict[str, t.Any]:
    return {
        "port": exposure.port.container_port,
        "protocol": exposure.port.protocol,
        "family": exposure.family,
        "verdict": exposure.verdict,
        "by": exposure.by,
        "cause": exposure.cause,
    }
