# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ip -json` prints, as recorded on Debian bookworm, trixie and sid, and what it means."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.routed import neighbours
from ansible_collections.dms.ipv6.plugins.module_utils.routed.neighbours import Facts
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.links import address, facts, neighbour, route

# iproute2 6.1 leaves an empty value for what its filter drops.
ADDRESSES: list[dict[str, t.Any]] = [
    {},
    {"ifindex": 4, "ifname": "eth0", "addr_info": [
        {"family": "inet6", "local": "2001:2:0:1:42:c6ff:fe12:30a", "prefixlen": 64, "scope": "global", "dynamic": True,
         "mngtmpaddr": True, "valid_life_time": 86398, "preferred_life_time": 14398},
        {"family": "inet6", "local": "fe80::42:c6ff:fe12:30a", "prefixlen": 64, "scope": "link",
         "valid_life_time": 4294967295, "preferred_life_time": 4294967295},
        {},
    ]},
    {"ifindex": 5, "ifname": "eth1", "addr_info": []},
]  # fmt: skip
ROUTES: list[dict[str, t.Any]] = [
    {"dst": "2001:2:0:1::/64", "dev": "eth0", "protocol": "kernel", "metric": 256, "flags": [], "expires": 86397},
    {"dst": "2001:2:0:1:d1::80", "dev": "br-part", "metric": 1},
    {"type": "unreachable", "dst": "2001:2:0:ff00::/56", "dev": "lo", "metric": 1024, "flags": [], "pref": "medium"},
    {"dst": "default", "nhid": 3180335093, "gateway": "fe80::1", "dev": "eth0", "protocol": "ra", "metric": 1024},
    {"dst": "2001:2:0:7::/64", "metric": 1024, "nexthops": [{"gateway": "fe80::1", "dev": "eth0", "weight": 1},
                                                            {"gateway": "fe80::2", "dev": "eth1", "weight": 1}]},
]  # fmt: skip
NEIGHBOURS: list[dict[str, t.Any]] = [
    {"dst": "fe80::1", "dev": "eth0", "lladdr": "02:42:c6:12:03:0b", "router": None, "state": ["DELAY"]},
    {"dst": "2001:2:0:1::5", "dev": "eth0", "lladdr": "02:42:c6:12:03:0c", "state": ["STALE"]},
    {"dst": "2001:2:0:1::6", "dev": "eth0", "state": ["INCOMPLETE"]},
    {"dst": "2001:2:0:1::7", "dev": "eth0", "lladdr": "02:42:c6:12:03:0d", "state": ["FAILED"]},
]  # fmt: skip


def test_addresses() -> None:
    assert neighbours.addresses(ADDRESSES) == (
        address("2001:2:0:1:42:c6ff:fe12:30a/64", valid=86398),
        address("fe80::42:c6ff:fe12:30a/64", valid=None),
    )
    assert neighbours.interfaces(ADDRESSES) == ("eth0", "eth1")


def test_routes() -> None:
    assert neighbours.routes(ROUTES) == (
        route("2001:2:0:1::/64", metric=256, expires=86397),
        route("2001:2:0:1:d1::80/128", "br-part", metric=1),
        route("2001:2:0:ff00::/56", "lo", kind="unreachable"),
        route("::/0", gateway="fe80::1"),
        route("2001:2:0:7::/64", gateway="fe80::1"),
        route("2001:2:0:7::/64", "eth1", gateway="fe80::2"),
    )


def test_neighbours() -> None:
    assert neighbours.neighbours(NEIGHBOURS) == (
        neighbour("fe80::1", "02:42:c6:12:03:0b", router=True),
        neighbour("2001:2:0:1::5", "02:42:c6:12:03:0c"),
        neighbour("2001:2:0:1::6", ""),
        neighbour("2001:2:0:1::7", ""),
    )
    entry = [{"dst": "2001:2:0:1:d2::80", "dev": "eth0", "flags": ["proxy"], "state": []}]
    assert neighbours.proxied(entry) == (("eth0", ipaddress.IPv6Address("2001:2:0:1:d2::80")),)


@pytest.mark.parametrize(
    ("found", "interface", "expected"),
    [
        (facts(), "eth0", ["2001:2:0:1::/64"]),
        (facts(), "br-part", ["2001:2:0:1:d1::/80"]),
        (facts(), "eth1", []),
        (
            facts(routes=(route("2001:2:0:1::/64"), route("2001:2:0:1:8000::/65"))),
            "eth0",
            ["2001:2:0:1:8000::/65", "2001:2:0:1::/64"],
        ),
        (facts(routes=(route("2001:2:0:1::/64", gateway="fe80::1"),)), "eth0", []),
        (facts(routes=(route("fd00:1::/64"), route("fe80::/64"), route("2001:2::5/128"))), "eth0", []),
        (facts(routes=(route("2600::/64"), route("::/0"))), "eth0", ["2600::/64"]),
    ],
)
def test_on_link(found: Facts, interface: str, expected: list[str]) -> None:
    """Global prefixes of the link itself: what Docker or a ULA brings is none of the uplink's."""
    assert [str(one) for one in found.on_link(interface)] == expected
