# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefixes and addresses."""

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fd12:3456:789a:1::/64", "fd12:3456:789a:1::/64"),
        ("FD12:3456:789A:0001:0:0:0:0/64", "fd12:3456:789a:1::/64"),
        ("fd12:3456:789a::/48", "fd12:3456:789a::/48"),
        ("fd12:3456:789a::/126", "fd12:3456:789a::/126"),
        ("fd12:3456:789a:1:2:3:4:4/126", "fd12:3456:789a:1:2:3:4:4/126"),
        ("2001:2:0:1::/64", "2001:2:0:1::/64"),
        ("2a01:4f8:c0c:1234::/80", "2a01:4f8:c0c:1234::/80"),
        ("2400:cb00::/64", "2400:cb00::/64"),
    ],
)
def test_subnet(text: str, expected: str) -> None:
    assert str(ip.subnet(text)) == expected


# What kind of prefix is refused is in test_ip_kinds.
REFUSED = [
    ("", "not a CIDR: the prefix length is missing"),
    ("fd12:3456:789a:1::", "'fd12:3456:789a:1::' is not a CIDR: the prefix length is missing"),
    ("fd12:3456:789a:1::1", "not a CIDR"),
    ("auto", "'auto' is not a CIDR"),
    ("/64", "not a CIDR"),
    ("fd12::/", "not a CIDR"),
    ("fd12::/x", "not a CIDR"),
    ("fd12::/129", "not a CIDR"),
    ("fd12::/-1", "not a CIDR"),
    ("fd12::/64/64", "not a CIDR"),
    ("fd12:::/64", "not a CIDR"),
    ("fd12:3456:789a:1:/64", "not a CIDR"),
    ("fd12g::/64", "not a CIDR"),
    (" fd12::/64", "not a CIDR"),
    ("fd12::/64 ", "not a CIDR"),
    ("[fd12::]/64", "not a CIDR"),
    ("fd12::/ffff:ffff:ffff:ffff::", "not a CIDR"),
    ("fd12:3456:789a:1::1/64", "fd12:3456:789a:1::1/64 has host bits set. Did you mean fd12:3456:789a:1::/64"),
    ("fd12:3456:789a:1::/48", "has host bits set. Did you mean fd12:3456:789a::/48"),
    ("fd12::2/127", "not between /48 and /126"),
    ("fd12::1/128", "not between /48 and /126"),
    ("fd12:3456::/47", "not between /48 and /126"),
    ("fd00::/8", "not between /48 and /126"),
    ("fc00::/7", "not between /48 and /126"),
    ("2000::/3", "not between /48 and /126"),
    ("::/0", "not between /48 and /126"),
    ("10.0.0.0/8", "10.0.0.0/8 is IPv4"),
    ("172.18.0.1/16", "172.18.0.1/16 is IPv4"),
    ("0.0.0.0/0", "is IPv4"),
    ("2001:db8::/64", "2001:db8::/64 is reserved for documentation (RFC 3849)"),
    ("2001:db8:ffff:ffff:ffff:ffff:ffff:fffc/126", "documentation (RFC 3849)"),
    ("3fff::/20", "documentation (RFC 9637)"),
    ("fc00::/8", "the half of the ULA range that is not defined"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_subnet_is_refused(text: str, words: str) -> None:
    with pytest.raises(Refused) as reason:
        ip.subnet(text)
    assert str(reason.value).startswith("subnet: ")
    assert words in str(reason.value)
    assert reason.value.remedy


def test_refusal_names_the_option() -> None:
    with pytest.raises(Refused, match=r"^fleet_prefix: "):
        ip.subnet("x", "fleet_prefix")


@given(st.text(max_size=24) | st.from_regex(r"[0-9a-f:./%]{0,30}"))
def test_any_text_is_a_usable_subnet_or_refused(text: str) -> None:
    try:
        network = ip.subnet(text)
    except Refused:
        return
    assert 48 <= network.prefixlen <= 126
    assert ip.special(network) is None
    assert not (network.is_multicast or network.is_link_local or network.is_loopback or network.is_unspecified)


# --- derived subnets

MACHINE_IDS = st.text("0123456789abcdef", min_size=32, max_size=32)
PREFIX_LENGTHS = st.integers(48, 126)
ID = "0123456789abcdef0123456789abcdef"


@given(machine=MACHINE_IDS, name=st.text(max_size=20), length=PREFIX_LENGTHS)
def test_derived_is_a_usable_ula_and_the_same_every_time(machine: str, name: str, length: int) -> None:
    network = ip.derive(machine, name, length)
    assert network == ip.derive(f"{machine}\n", name, length)
    assert network.prefixlen == length
    assert network.subnet_of(ip.ULA)
    assert ip.subnet(str(network)) == network


@given(machine=MACHINE_IDS, name=st.text(max_size=20), length=PREFIX_LENGTHS)
def test_derived_within_the_fleet(machine: str, name: str, length: int) -> None:
    fleet = ipaddress.IPv6Network("fd5c:1ab0:7e57::/48")
    network = ip.derive(machine, name, length, fleet)
    assert network.prefixlen == length
    assert network.subnet_of(fleet)


@given(one=MACHINE_IDS, other=MACHINE_IDS, length=PREFIX_LENGTHS)
def test_derived_differs_between_hosts(one: str, other: str, length: int) -> None:
    assert (ip.derive(one, "x", length) == ip.derive(other, "x", length)) is (one == other)


@given(one=MACHINE_IDS, other=MACHINE_IDS)
def test_derived_differs_between_hosts_of_a_fleet(one: str, other: str) -> None:
    fleet = ipaddress.IPv6Network("fd5c:1ab0:7e57::/48")
    same = ip.derive(one, "x", 120, fleet) == ip.derive(other, "x", 120, fleet)
    assert same is (one == other)


@pytest.mark.parametrize("length", [64, 80, 96, 126])
def test_derived_differs_between_networks_of_a_host(length: int) -> None:
    networks = {ip.derive(ID, name, length) for name in ("dms-ipv6", "dms-ipv6-2", "web", "")}
    assert len(networks) == 4


def test_networks_of_a_host_share_its_global_id() -> None:
    host = ip.derive(ID, "a", 48)
    assert host == ip.derive(ID, "b", 48)
    assert ip.derive(ID, "a", 64).subnet_of(host)


def test_derived_stays_the_same_over_releases() -> None:
    assert str(ip.derive(ID, "dms-ipv6")) == "fdad:f0b0:1d69:2bda::/64"


# --- overlap


def net(text: str) -> ip.AnyNetwork:
    return ipaddress.ip_network(text)


@pytest.mark.parametrize(
    ("network", "others", "words"),
    [
        ("fd12::/64", [("route on eth0", "fd12::/48")], "fd12::/64 overlaps fd12::/48 (route on eth0)"),
        ("fd12::/48", [("address on eth0", "fd12::5/128")], "overlaps fd12::5/128 (address on eth0)"),
        ("fd12::/64", [("a", "fd13::/64"), ("Docker network b", "fd12::/64")], "(Docker network b)"),
    ],
)
def test_overlap_is_refused(network: str, others: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(Refused) as reason:
        ip.refuse_overlap(net(network), [(label, net(text)) for label, text in others])
    assert words in str(reason.value)


@pytest.mark.parametrize("others", [[], ["fd12:0:0:1::/64"], ["10.0.0.0/8"], ["0.0.0.0/0", "fd11::/16"]])
def test_no_overlap(others: list[str]) -> None:
    ip.refuse_overlap(net("fd12::/64"), [("x", net(text)) for text in others])


# --- one spelling


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fd00::5", "fd00::5"),
        ("[fd00::5]", "fd00::5"),
        ("[fd00::5]:41234", "fd00::5"),
        (" [FD00:0:0:0::0005]:80\r", "fd00::5"),
        ("198.18.1.3", "198.18.1.3"),
        ("198.18.1.3:41234", "198.18.1.3"),
        ("::ffff:198.18.1.3", "198.18.1.3"),
        ("[::ffff:198.18.1.3]:25", "198.18.1.3"),
        ("::FFFF:c612:103", "198.18.1.3"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%eth0.5]:443", "fe80::1"),
        ("::1", "::1"),
        ("::", "::"),
        ("", ""),
        ("mail.example.org", "mail.example.org"),
        ("mail.example.org:25", "mail.example.org:25"),
        (" unknown ", "unknown"),
        ("[x]:1", "[x]:1"),
        ("300.1.1.1", "300.1.1.1"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert ip.plain(text) == expected


@given(value=st.ip_addresses(), port=st.integers(1, 65535))
def test_plain_of_any_address(value: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> None:
    shown = f"[{value}]:{port}" if value.version == 6 else f"{value}:{port}"
    assert ip.plain(shown) == ip.plain(str(value)) == ip.plain(ip.plain(str(value)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2001:db8::1", True),
        ("[2001:db8:ffff::1]:80", True),
        ("3fff::1", True),
        ("3fff:fff:ffff::1", True),
        ("3fff:1000::1", False),
        ("2001:db9::1", False),
        ("fd00::1", False),
        ("198.18.1.3", False),
    ],
)
def test_is_documentation(text: str, expected: bool) -> None:
    assert ip.is_documentation(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fd00:cafe:face:feed::/64", True),
        ("fd00:cafe:babe:1::/64", True),
        ("fd00:dead:beef::/80", True),
        ("fd00:0:0:1::/64", True),
        ("fd4d:6169:6c63:6f77::/64", True),  # mailcow's own default
        ("fd00:cafe:face:feec::/64", False),
        ("fd12:3456:789a:1::/64", False),
    ],
)
def test_is_vanity(text: str, expected: bool) -> None:
    assert ip.is_vanity(ipaddress.IPv6Network(text)) is expected
