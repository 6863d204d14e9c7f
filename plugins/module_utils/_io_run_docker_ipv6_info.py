# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module docker_ipv6_info does."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _daemon_plan,
    _direct_access,
    _environment,
    _exposure,
    _findings,
    _found,
    _host_plan,
    _io_found,
    _io_host_plan,
    _io_places,
    _report,
    _state_firewall,
    _state_host,
)
from ansible_collections.dms.ipv6.plugins.module_utils._finding import Finding
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
from ansible_collections.dms.ipv6.plugins.module_utils._options import READING

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._state_host import Order

SPEC = READING
SHOWN = ("ip6tables", "experimental", "userland-proxy", "live-restore")


def wanted_host(params: dict[str, t.Any]) -> _host_plan.Wanted:
    """What the options say of the host."""
    return _host_plan.Wanted(
        network=params["network"],
        subnet=params["subnet"],
        prefix_length=params["prefix_length"],
        fleet_prefix=params["fleet_prefix"],
        containers=tuple(params["containers"]),
        attach=params["attach"],
        address_pool=params["address_pool"],
        userland_proxy=params["userland_proxy"],
        consent=params["allow_container_restart"],
        allow_exposure=tuple(params["allow_exposure"]),
        allow_forwarding=tuple(params["allow_forwarding"]),
        gai_conf=params["gai_conf"],
        gai_conf_precedence=params["gai_conf_precedence"],
        gai_conf_prefixes=tuple(params["gai_conf_prefixes"]),
        addresses=tuple((name, str(address)) for name, address in sorted(params["addresses"].items())),
        interface=params["interface"],
        ndp_backend=params["ndp_backend"],
    )


def compose_options(params: dict[str, t.Any]) -> _io_host_plan.ComposeOptions:
    """What the options say of Compose projects."""
    return _io_host_plan.ComposeOptions(
        tuple(params["compose_files"]),
        params["compose_shape"],
        tuple(params["compose_services"]),
        params["compose_edit"],
    )


def run(params: dict[str, t.Any], _dry: bool) -> dict[str, t.Any]:
    """Read the host; what the module returns."""
    return read(params)


def read(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """Read the host, and write nothing."""
    wanted = wanted_host(params)
    docker = Docker(params["docker_socket"])
    found = _io_found.read(docker, any_engine=params["mode"] == "audit")
    if not _environment.elsewhere(found.environment):
        found = _io_found.looked_into(docker, found)
    if params["names"]:
        found = found._replace(orders=_orders(params["names"]))
    places = _io_places.read(found.networks)
    joining = wanted._replace(containers=())  # with prevent nobody gets IPv6
    if params["mode"] == "routed":
        joining = wanted  # no Compose file is edited
    elif params["mode"] != "prevent":
        joining = _io_host_plan.joining(wanted, compose_options(params), found, docker)
    result: dict[str, t.Any] = {
        "changed": False,
        "engine": _engine_facts(found),
        "addresses": places.reached_at,
        "outbound": places.outbound,
        "host_addresses": places.all,
        "networks": [_network_facts(one) for one in found.networks],
        "containers": _containers_facts(found),
        "findings": [one._asdict() for one in _wrong(docker, found, wanted, joining, params)],
    }
    result["table"] = _report.lines(result["containers"], result["findings"])
    result.update({name: found.record[name] for name in ("proof", "reverted") if name in found.record})
    if params["mode"] != "audit":
        result["plan"] = _plan(params, wanted, found, docker)
    result["summary"] = _report.summary(
        found.daemon.version, result.get("plan"), result["findings"], result.get("proof")
    )
    return result


# What a mode, or an option, needs beyond that is imported by it alone: most runs find a host as it should be.


def _orders(names: list[str]) -> tuple[Order, ...]:
    from ansible_collections.dms.ipv6.plugins.module_utils import _io_gai_conf

    return tuple(map(_io_gai_conf.order, names))


def _plan(
    params: dict[str, t.Any], wanted: _host_plan.Wanted, found: _state_host.Found, docker: Docker
) -> dict[str, t.Any]:
    """The plan for a mode that changes something."""
    if params["mode"] == "nat":
        return _io_host_plan.nat(wanted, compose_options(params), found, docker)
    if params["mode"] == "routed":
        from ansible_collections.dms.ipv6.plugins.module_utils import _io_routed

        return _io_routed.plan(wanted, compose_options(params), found, docker)
    if params["mode"] == "prevent":
        return _prevented(params, found, docker)
    from ansible_collections.dms.ipv6.plugins.module_utils import _io_restored

    return _io_restored.plan(found, docker, params["allow_container_restart"])


def _prevented(params: dict[str, t.Any], found: _state_host.Found, docker: Docker) -> dict[str, t.Any]:
    """The plan for mode ``prevent``."""
    from ansible_collections.dms.ipv6.plugins.module_utils import _io_prevent, _prevent

    defaults = {name: option.get("default") for name, option in SPEC.items()}
    _prevent.refuse_contradiction({name: value for name, value in params.items() if value != defaults.get(name)})
    wanted = _prevent.Wanted(
        tuple(params["containers"]),
        params["allow_container_restart"],
        params["prevent_compose"],
        tuple(params["compose_files"]),
        tuple(params["compose_services"]),
    )
    return _io_prevent.plan(wanted, found, docker)


def _wrong(
    docker: Docker,
    found: _state_host.Found,
    wanted: _host_plan.Wanted,
    joining: _host_plan.Wanted,
    params: dict[str, t.Any],
) -> list[Finding]:
    """All findings; those of mail servers only if they are to be looked into, on an engine that our model is about."""
    result = _findings.findings(found, wanted, joining.containers)
    if params["mail"] and not _environment.elsewhere(found.environment):
        from ansible_collections.dms.ipv6.plugins.module_utils import _io_mail_server

        result += _io_mail_server.findings(docker, found, wanted.containers, params["mail_as_root"])
    return result


def _engine_facts(found: _state_host.Found) -> dict[str, t.Any]:
    return {
        "version": str(found.daemon.version),
        "config_path": found.path,
        "unit": found.daemon.unit,
        "settings": {name: _daemon_plan.effective(name, found.daemon) for name in SHOWN},
    }


def _network_facts(network: _found.Network) -> dict[str, t.Any]:
    return {
        "name": network.name,
        "driver": network.driver,
        "ipv6": network.ipv6,
        "subnets": [str(one) for one in network.subnets],
        "bridge": network.bridge,
    }


def _containers_facts(found: _state_host.Found) -> list[dict[str, t.Any]]:
    if _environment.elsewhere(found.environment):
        return [_container_facts(one, _unjudged(one), ()) for one in found.containers if one.ports]
    host = _exposure.host(found)
    facts = (
        _container_facts(one, _exposure.exposures(one, host), _direct_access.exposures(one, host))
        for one in found.containers
    )
    return [one for one in facts if one["exposure"] or one["direct"]]


def _unjudged(container: _found.Container) -> tuple[_exposure.Exposure, ...]:
    """The ports of an engine that our model is not about."""
    families = ((one, _state_firewall.IPV6 if ":" in one.host_ip else _state_firewall.IPV4) for one in container.ports)
    return tuple(_exposure.Exposure(port, family, _exposure.UNKNOWN) for port, family in families)


def _container_facts(
    container: _found.Container, exposed: tuple[_exposure.Exposure, ...], direct: tuple[_exposure.Exposure, ...]
) -> dict[str, t.Any]:
    return {
        "name": container.name,
        "networks": [one.network for one in container.endpoints],
        "exposure": [{"host_port": one.port.host_port, **_exposure_facts(one)} for one in exposed],
        "direct": [{"address": one.port.host_ip, **_exposure_facts(one)} for one in direct],
    }


def _exposure_facts(exposure: _exposure.Exposure) -> dict[str, t.Any]:
    return {
        "port": exposure.port.container_port,
        "protocol": exposure.port.protocol,
        "family": exposure.family,
        "verdict": exposure.verdict,
        "by": exposure.by,
        "cause": exposure.cause,
    }
