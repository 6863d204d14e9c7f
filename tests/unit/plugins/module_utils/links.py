# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host on a link that it shares with its router, as facts, and what steps make of it."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import replace

from ansible_collections.dms.ipv6.plugins.module_utils.host.forwarding import SetSysctl
from ansible_collections.dms.ipv6.plugins.module_utils.routed import ndp_proxy, networkd
from ansible_collections.dms.ipv6.plugins.module_utils.routed import undo as routed_undo
from ansible_collections.dms.ipv6.plugins.module_utils.routed.ndp_steps import PlaceDropIn, PlaceUnit
from ansible_collections.dms.ipv6.plugins.module_utils.routed.neighbours import (
    Address,
    Facts,
    Managed,
    Neighbour,
    Route,
)

PREFIX = "2001:2:0:1:d1::/80"
FIXED = ("2001:2:0:1:d1::80", "2001:2:0:1:d1::81")
OWN = "2001:2:0:1:42:c6ff:fe12:30a"
ROUTER = "fe80::1"
NETWORK_FILE = "/run/systemd/network/10-netplan-eth0.network"
MANAGED = {"eth0": Managed(((NETWORK_FILE, "[Match]\nName=eth0\n[Network]\nDHCP=yes\n"),))}


def address(text: str, interface: str = "eth0", valid: int | None = 86400) -> Address:
    return Address(ipaddress.IPv6Interface(text), interface, valid)


def route(text: str, interface: str = "eth0", **more: t.Any) -> Route:
    return Route(ipaddress.IPv6Network(text), interface, **more)


def neighbour(text: str, mac: str = "02:00:00:00:00:01", interface: str = "eth0", router: bool = False) -> Neighbour:
    return Neighbour(ipaddress.IPv6Address(text), interface, mac, router)


def facts(**more: t.Any) -> Facts:
    """The host of scenario ndp_proxy, with ndppd installed."""
    fields: dict[str, t.Any] = {
        "interfaces": ("lo", "eth0", "eth1", "br-part"),
        "addresses": (
            address("::1/128", "lo", None),
            address(f"{OWN}/64"),
            address("fe80::2/64", valid=None),
            address("2001:2:0:1:d1::1/80", "br-part", None),
        ),
        "routes": (
            route("2001:2:0:1::/64", expires=86397),
            route("2001:2:0:1:d1::/80", "br-part"),
            route("fe80::/64"),
            route("::/0", gateway=ROUTER),
        ),
        "neighbours": (neighbour(ROUTER, router=True),),
        "proxy_ndp": {"eth0": "0", "eth1": "0"},
        "forwarding": {"all": "1", "eth0": "1"},
        "bridges": ("docker0", "br-part"),
        "ndppd": "/usr/sbin/ndppd",
        **more,
    }
    return Facts(**fields)


def carried_out(found: Facts, plan: ndp_proxy.NdpPlan) -> Facts:
    """The host once a plan was carried out, its record as the executor writes it."""
    units, drop_ins, sysctls = dict(found.units), dict(found.drop_ins), dict(found.proxy_ndp)
    proxied, running = set(found.proxied), set(found.running)
    for step in plan.steps:
        if isinstance(step, SetSysctl):
            assert sysctls[step.name.split("/")[-2]] == step.old
            sysctls[step.name.split("/")[-2]] = step.value
        elif isinstance(step, PlaceUnit):
            assert units.pop(step.unit, None) == step.old
            proxied -= of_unit(step.old)
            running -= {step.unit}
            if step.content is not None:
                units[step.unit] = step.content
                proxied |= of_unit(step.content)
                running |= {step.unit}
        else:
            assert isinstance(step, PlaceDropIn)
            assert drop_ins.pop(step.path, None) == step.old
            proxied -= of_drop_in(step.old)
            if step.content is not None:
                drop_ins[step.path] = step.content
                proxied |= of_drop_in(step.content)
    return replace(
        found,
        units=units,
        drop_ins=drop_ins,
        proxy_ndp=sysctls,
        proxied=tuple(sorted(proxied)),
        running=tuple(sorted(running)),
        record=routed_undo.remember_ndp(dict(found.record), plan.steps) or {},
    )


def of_unit(content: bytes | None) -> set[tuple[str, ipaddress.IPv6Address]]:
    """The kernel's entries that a unit keeps: read from the line that it runs."""
    for line in (content or b"").decode().splitlines():
        if "neighbour replace proxy" in line:
            names = line.split("for one in ")[1].split(";")[0].split()
            interface = line.split(" dev ")[1].split(";")[0]
            return {(interface, ipaddress.IPv6Address(one)) for one in names}
    return set()


def of_drop_in(content: bytes | None) -> set[tuple[str, ipaddress.IPv6Address]]:
    return {("eth0", ipaddress.IPv6Address(one)) for one in networkd.addresses((content or b"").decode())}


def silence(interface: str, asked: t.Any) -> dict[t.Any, str]:
    """No neighbour answers."""
    return {}
