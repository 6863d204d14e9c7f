# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makers of what is found on a host, for tests that need only some of it."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import _definition, _found, _host_plan
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon

ULA = "fd5c:1ab0:7e57:1::/64"
MACHINE_ID = "0123456789abcdef0123456789abcdef"
# What auto derives from MACHINE_ID for the network dms-ipv6.
DERIVED = "fdad:f0b0:1d69:2bda::/64"
PORT6 = _found.Port(80, "tcp", "::", 8080)
PORT4 = _found.Port(80, "tcp", "0.0.0.0", 8080)


def network(name: str = "dms-ipv6", subnets: t.Iterable[str] = ("172.18.0.0/16", ULA), **more: t.Any) -> _found.Network:
    values = tuple(ipaddress.ip_network(one) for one in subnets)
    fields: dict[str, t.Any] = {
        "id": f"{name}-id",
        "name": name,
        "driver": "bridge",
        "ipv6": any(one.version == 6 for one in values),
        "internal": False,
        "subnets": values,
        "gateways": (),
        "bridge": f"br-{name}",
        "options": {},
        "labels": {},
        **more,
    }
    return _found.Network(**{"definition": _definition.of_network(as_inspected(fields)), **fields})


def as_inspected(fields: dict[str, t.Any]) -> dict[str, t.Any]:
    """A network of these fields as GET /networks has it."""
    gateways = {
        subnet: {"Gateway": one}
        for subnet in fields["subnets"]
        for one in fields["gateways"]
        if ipaddress.ip_address(one) in subnet
    }
    config = [{"Subnet": str(subnet), **gateways.get(subnet, {})} for subnet in fields["subnets"]]
    return {
        "Id": fields["id"],
        "Name": fields["name"],
        "Driver": fields["driver"],
        "EnableIPv6": fields["ipv6"],
        "Internal": fields["internal"],
        "Attachable": False,
        "ConfigOnly": False,
        "ConfigFrom": {"Network": ""},
        "Options": fields["options"],
        "Labels": fields["labels"],
        "IPAM": {"Driver": "default", "Options": {}, "Config": config},
    }


BRIDGE = network("bridge", ["172.17.0.0/16"], bridge="docker0")


def endpoint(name: str = "bridge", dual: bool = False, aliases: tuple[str, ...] = ()) -> _found.Endpoint:
    six = ("fd5c:1ab0:7e57:1::2", "fd5c:1ab0:7e57:1::1") if dual else ("", "")
    settings = _definition.of_endpoint({"Aliases": list(aliases)}, "")
    return _found.Endpoint(name, "172.17.0.2", six[0], "172.17.0.1", six[1], settings)


def container(name: str = "mail", *endpoints: _found.Endpoint, **more: t.Any) -> _found.Container:
    fields: dict[str, t.Any] = {
        "id": f"{name}-id",
        "name": name,
        "running": True,
        "network_mode": "bridge",
        "endpoints": endpoints or (endpoint(),),
        "ports": (PORT4, PORT6),
        "pid": 4711,
    }
    return _found.Container(**{**fields, **more})


def host(daemon: Daemon | None = None, **more: t.Any) -> _host_plan.Found:
    engine = daemon or Daemon()
    fields: dict[str, t.Any] = {
        "daemon": engine.running(),
        "path": PATH,
        "raw": engine.content,
        "borrowed": False,
        "networks": (BRIDGE,),
        "members": {"bridge": ("mail",)},
        "containers": (container(),),
        "taken": (),
        "ra_default": (),
        "accept_ra": {},
        "forwards": True,
        "sysctl_file": None,
        "record": {},
        "machine_id": MACHINE_ID,
    }
    return _host_plan.Found(**{**fields, **more})
