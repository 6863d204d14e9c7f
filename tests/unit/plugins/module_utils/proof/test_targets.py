# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where probes may connect to, whatever a Docker host reports."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.proof import targets

SIX, FOUR = "2600::25", "9.9.9.25"
BOTH = {"ipv6": SIX, "ipv4": FOUR}
ULA, PRIVATE = "fd5c:1ab0:7::2", "10.8.0.5"


@pytest.mark.parametrize(
    ("reported", "given", "inventory", "expected"),
    [
        (BOTH, {}, "", BOTH),
        (BOTH, {}, "mail.example.com", BOTH),
        ({"ipv6": ULA, "ipv4": "198.18.7.2"}, {}, "", {"ipv6": ULA, "ipv4": "198.18.7.2"}),
        # What the operator gave is not judged here.
        (BOTH, {"ipv6": "2600::1"}, "", {"ipv6": "2600::1", "ipv4": FOUR}),
        (BOTH, {"ipv6": "mail.example.com"}, "2600::2", {"ipv6": "mail.example.com", "ipv4": FOUR}),
        # The inventory's own before the host's; a public one before a private one.
        (BOTH, {}, "9.9.9.9", {"ipv6": SIX, "ipv4": "9.9.9.9"}),
        (BOTH, {}, PRIVATE, BOTH),
        ({"ipv4": "10.0.0.7"}, {}, "9.9.9.9", {"ipv4": "9.9.9.9"}),
        ({"ipv4": "10.0.0.7"}, {}, PRIVATE, {"ipv4": PRIVATE}),
        ({}, {}, SIX, {"ipv6": SIX}),
        ({}, {}, "127.0.0.1", {}),
        # A host that lies.
        ({"ipv6": "::1", "ipv4": "127.0.0.1"}, {}, "", {}),
        ({"ipv6": "fe80::1", "ipv4": "169.254.169.254"}, {}, "", {}),
        ({"ipv6": "fe80::1%eth0", "ipv4": "0.0.0.0"}, {}, "", {}),
        ({"ipv6": "ff02::1", "ipv4": "224.0.0.1"}, {}, "", {}),
        ({"ipv6": "::", "ipv4": "255.255.255.255"}, {}, "", {}),
        ({"ipv6": "::ffff:127.0.0.1", "ipv4": "127.1"}, {}, "", {}),
        ({"ipv6": "64:ff9b::7f00:1", "ipv4": "localhost"}, {}, "", {}),
        ({"ipv6": "2002:7f00:1::", "ipv4": SIX}, {}, "", {}),
        ({"ipv6": "2001:db8::1", "ipv4": ["9.9.9.9"]}, {}, "", {}),
        ({"ipv6": f"{SIX}%eth0", "ipv4": 1}, {}, "", {}),
        ({"ipv6": "intranet", "ipv4": None}, {}, "", {}),
        ("garbage", {}, "", {}),
        (None, {}, "", {}),
    ],
)
def test_addresses(reported: t.Any, given: dict[str, str], inventory: str, expected: dict[str, str]) -> None:
    assert targets.addresses(reported, given, inventory, True) == expected


def test_a_host_that_is_not_believed() -> None:
    assert targets.addresses(BOTH, {}, "", False) == {}
    assert targets.addresses(BOTH, {"ipv6": "2600::1"}, PRIVATE, False) == {"ipv6": "2600::1", "ipv4": PRIVATE}


def place(family: str, port: int, service: bool, host: str = "") -> dict[str, t.Any]:
    return {"family": family, "host": host or BOTH[family], "port": port, "service": service}


BOTH_FAMILIES = ["ipv6", "ipv4"]
ALL = targets.Asked(BOTH, BOTH_FAMILIES)


@pytest.mark.parametrize(
    ("asked", "ports", "services", "expected"),
    [
        (ALL, {"ipv6": 20000, "ipv4": 32767}, [], [place("ipv6", 20000, False), place("ipv4", 32767, False)]),
        (ALL, {}, [["ipv6", 25], ["ipv4", 25]], [place("ipv6", 25, True), place("ipv4", 25, True)]),
        (ALL, {}, [["ipv6", 25, "2600::7"]], [place("ipv6", 25, True, "2600::7")]),
        (ALL._replace(families=["ipv4"]), {"ipv6": 20000}, [["ipv6", 25]], []),
        (ALL._replace(addresses={}), {"ipv6": 20000}, [["ipv6", 25]], []),
        (ALL._replace(port=8080), {"ipv6": 8080, "ipv4": 22}, [], [place("ipv6", 8080, False)]),
        # A host that lies.
        (ALL, {"ipv6": 22, "ipv4": 80}, [], []),
        (ALL, {"ipv6": "20000", "ipv4": True}, [], []),
        (ALL, "garbage", [["ipv6", "25"], ["ipv6", 0], ["ipv6", 65536], ["ipv6", True], ["ipv6"], [], 7, None], []),
        (ALL, {}, [["ipv5", 25], [["ipv6"], 25], "x", {"family": "ipv6"}], []),
        (ALL, {}, [["ipv6", 25, "::1"], ["ipv6", 25, "10.0.0.1"], ["ipv6", 25, None]], []),
        (ALL._replace(subnet="2600:0:0:b::/64"), {}, [["ipv6", 25, SIX]], []),
        (ALL, {}, 7, []),
    ],
)
def test_targets(asked: targets.Asked, ports: t.Any, services: t.Any, expected: t.Any) -> None:
    assert targets.targets(asked, "", ports, services) == expected


def test_a_responder_with_an_address_of_its_own() -> None:
    own = "2600:0:0:b::7"
    ports = {"ipv6": 80, "ipv4": 24871}
    expected = [place("ipv6", 80, False, own), place("ipv4", 24871, False)]
    for subnet in ("auto", "", "2600:0:0:b::/64"):
        assert targets.targets(ALL._replace(subnet=subnet), own, ports, []) == expected
    assert targets.targets(ALL._replace(subnet="2600:0:0:c::/64"), own, ports, []) == expected[1:]
    assert targets.targets(ALL, "::1", ports, []) == expected[1:]


def test_no_more_than_64_ports() -> None:
    services = [[family, port] for port in range(1, 1000) for family in BOTH_FAMILIES]
    found = targets.targets(ALL, "", {}, services)
    assert len(found) == 128
    assert {one["port"] for one in found} == set(range(1, 65))
