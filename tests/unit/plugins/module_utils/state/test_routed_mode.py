# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of mode routed, and the addresses on them."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.state import routed_mode
from ansible_collections.dms.ipv6.plugins.module_utils.state.routed_mode import BRIDGE_NAME, GATEWAY_MODE
from hypothesis import given
from hypothesis import strategies as st

BRIDGE = "dms6-28d9684723"


@given(st.text(max_size=80))
def test_bridge_name_fits(network: str) -> None:
    name = routed_mode.bridge_name(network)
    assert len(name) == 15 and name.isascii()
    assert name == routed_mode.bridge_name(network)


def test_bridge_name_stays() -> None:
    """Firewalls name it, so that it must not change from one release to the next."""
    assert routed_mode.bridge_name("dms-ipv6") == BRIDGE


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("20.10.24", {BRIDGE_NAME: BRIDGE}),
        ("26.1.5", {BRIDGE_NAME: BRIDGE}),
        ("27.0.1", {BRIDGE_NAME: BRIDGE, GATEWAY_MODE: "routed"}),
        ("29.0.0", {BRIDGE_NAME: BRIDGE, GATEWAY_MODE: "routed"}),
    ],
)
def test_options(version: str, expected: dict[str, str]) -> None:
    made = dict(routed_mode.options("dms-ipv6", engine_version.parse(version)))
    assert made == expected
    assert routed_mode.ours("dms-ipv6", {**made, "com.docker.network.driver.mtu": "1400"}) == expected


@pytest.mark.parametrize(
    "options",
    [
        {},
        {GATEWAY_MODE: "routed"},
        {BRIDGE_NAME: "br-mail", GATEWAY_MODE: "routed"},
        {BRIDGE_NAME: routed_mode.bridge_name("other")},
    ],
)
def test_options_of_others(options: dict[str, str]) -> None:
    assert routed_mode.ours("dms-ipv6", options) == {}


@given(st.integers(48, 126), st.text(max_size=30))
def test_address(length: int, name: str) -> None:
    subnet = ipaddress.IPv6Network((0x20010002 << 96, length))
    found = ipaddress.IPv6Address(routed_mode.address(subnet, name))
    assert found in subnet
    # Neither the anycast address, nor the gateway, nor what Docker gives out first.
    assert int(found) - int(subnet[0]) >= min(1 << 31, 2)
    assert routed_mode.address(subnet, name) == str(found)
    if length < 126:
        assert routed_mode.address(subnet, name, [str(found)]) != str(found)


def test_address_stays() -> None:
    """DNS names it, so that it must not change from one release to the next."""
    assert routed_mode.address(ipaddress.IPv6Network("2001:2:0:b1::/64"), "mail") == "2001:2:0:b1::c375:aa8f"


def test_full_subnet() -> None:
    subnet = ipaddress.IPv6Network("2001:2:0:b1::/126")
    first = routed_mode.address(subnet, "a")
    second = routed_mode.address(subnet, "b", [first])
    assert {first, second} == {"2001:2:0:b1::2", "2001:2:0:b1::3"}
    with pytest.raises(Refused, match="has no address left for c"):
        routed_mode.address(subnet, "c", [first, second])
