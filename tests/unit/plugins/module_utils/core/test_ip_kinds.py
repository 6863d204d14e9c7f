# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sort of prefix a network is."""

from __future__ import annotations

import ipaddress
import itertools

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from hypothesis import example, given
from hypothesis import strategies as st

net = ipaddress.IPv6Network


@st.composite
def networks(draw: st.DrawFn) -> ipaddress.IPv6Network:
    """Any network, half of them around the edges of a row of the table."""
    row, _kind = draw(st.sampled_from(ip.TABLE))
    near = st.integers(-2, 2).map(lambda step: (int(draw(st.sampled_from((row[0], row[-1])))) + step) % 2**128)
    address = draw(st.integers(0, 2**128 - 1) | near)
    return net((address, draw(st.integers(0, 128))), strict=False)


USABLE = [
    ("fd00::/8", "ula", "RFC 4193"),
    ("fd12:3456:789a:1::/64", "ula", "RFC 4193"),
    ("fdff:ffff:ffff:ffff::/64", "ula", "RFC 4193"),
    ("2000::/64", "gua", "RFC 4291"),
    ("2a01:4f8:c0c:1234::/64", "gua", "RFC 4291"),
    ("3fff:1000::/48", "gua", "RFC 4291"),
    ("2001:200::/32", "gua", "RFC 4291"),
    ("2001:db7:ffff:ffff::/64", "gua", "RFC 4291"),
    ("2001:db9::/64", "gua", "RFC 4291"),
    ("2620:4f:8001::/48", "gua", "RFC 4291"),
    ("2001:2::/48", "benchmarking", "RFC 5180"),
    ("2001:2:0:1::/64", "benchmarking", "RFC 5180"),
    ("2001:2:0:ffff:ffff:ffff:ffff:fffc/126", "benchmarking", "RFC 5180"),
]
UNUSABLE = [
    ("::/128", "unspecified", "RFC 4291"),
    ("::1/128", "loopback", "RFC 4291"),
    ("::2/128", "ipv4-compatible", "RFC 4291"),
    ("::/64", "reserved", "RFC 4291"),
    ("::ffff:192.0.2.0/120", "ipv4-mapped", "RFC 4291"),
    ("64:ff9b::/96", "translation", "RFC 6052"),
    ("64:ff9b:1:2::/64", "translation", "RFC 8215"),
    ("64:ff9b:2::/48", "reserved", "RFC 4291"),
    ("100::/64", "discard", "RFC 6666"),
    ("100:0:0:1::/64", "dummy", "RFC 9780"),
    ("100:0:0:2::/64", "unassigned", "RFC 4291"),
    ("200::/64", "unassigned", "RFC 4291"),
    ("1fff:ffff::/64", "unassigned", "RFC 4291"),
    ("4000::/3", "unassigned", "RFC 4291"),
    ("fbff::/64", "unassigned", "RFC 4291"),
    ("fe00::/64", "unassigned", "RFC 4291"),
    ("2001::/32", "teredo", "RFC 4380"),
    ("2001:0:4136:e378::/64", "teredo", "RFC 4380"),
    ("2001:1::/64", "protocol", "RFC 2928"),
    ("2001:2:1::/48", "protocol", "RFC 2928"),
    ("2001:1ff:ffff::/48", "protocol", "RFC 2928"),
    ("2001:10::/28", "orchid", "RFC 4843"),
    ("2001:2f:ffff::/64", "orchid", "RFC 7343"),
    ("2001:db8:1::/64", "documentation", "RFC 3849"),
    ("3fff:fff:ffff::/64", "documentation", "RFC 9637"),
    ("2002:c000:204::/48", "6to4", "RFC 3056"),
    ("2620:4f:8000::/64", "as112", "RFC 7534"),
    ("3ffe:1234::/64", "6bone", "RFC 3701"),
    ("3ffe:ffff:ffff::/64", "6bone", "RFC 3701"),
    ("5f00::/64", "srv6", "RFC 9602"),
    ("fc12:3456:789a::/64", "undefined-ula", "RFC 4193"),
    ("fe80::/64", "link-local", "RFC 4291"),
    ("febf:ffff::/64", "link-local", "RFC 4291"),
    ("fec0::/64", "site-local", "RFC 3879"),
    ("feff:ffff::/64", "site-local", "RFC 3879"),
    ("ff05::/64", "multicast", "RFC 4291"),
]


@pytest.mark.parametrize(
    ("text", "kind", "rfc", "usable"), [(*row, True) for row in USABLE] + [(*row, False) for row in UNUSABLE]
)
def test_kind(text: str, kind: str, rfc: str, usable: bool) -> None:
    found = ip.classify(net(text))
    assert (found.kind, found.usable) == (kind, usable)
    assert f"({rfc})" in found.reason
    assert found.advice


@pytest.mark.parametrize(
    "text", ["::/0", "2000::/3", "fc00::/7", "f000::/4", "2001:2::/47", "2001::/23", "2001:d00::/24"]
)
def test_what_covers_both_sorts_is_mixed(text: str) -> None:
    assert ip.classify(net(text)) is ip.MIXED


def test_each_row_is_found() -> None:
    """No row is hidden by the others: it shows at one of its ends or in its middle."""
    kinds = {ip.classify(net((int(edge), 128))) for row, _kind in ip.TABLE for edge in (row[0], row[-1])}
    middle = {ip.classify(net((int(row[0]) + int(row.hostmask) // 2, 128))) for row, _kind in ip.TABLE}
    assert {kind for _row, kind in ip.TABLE} <= kinds | middle


@given(network=networks())
@example(network=net("::/0"))
def test_every_network_has_a_kind(network: ipaddress.IPv6Network) -> None:
    kind = ip.classify(network)
    assert kind.kind and kind.reason and kind.advice
    assert (ip.special(network) is None) is kind.usable


@given(network=networks(), part=st.integers(0, 2**128 - 1), longer=st.integers(0, 128))
def test_a_part_of_what_is_usable_is_usable(network: ipaddress.IPv6Network, part: int, longer: int) -> None:
    inside = (int(network[0]) | (part & int(network.hostmask)), min(128, network.prefixlen + longer))
    kind, inner = ip.classify(network), ip.classify(net(inside, strict=False))
    assert kind is ip.MIXED or kind.usable is inner.usable


@given(network=networks())
def test_agrees_with_the_registry_that_python_has(network: ipaddress.IPv6Network) -> None:
    """What Python calls link-local, multicast and so on is never usable."""
    address = network.network_address
    python_says = (
        address.is_multicast
        or address.is_link_local
        or address.is_site_local
        or address.is_loopback
        or address.is_unspecified
        or address.ipv4_mapped
        or address.teredo
        or address.sixtofour
    )
    if python_says:
        assert not ip.classify(network).usable


def test_no_network_that_docker_could_have_is_mixed() -> None:
    """So a /48 and longer is refused for its kind, never for being mixed."""
    edges = [row for row, _kind in ip.TABLE]
    for row, length in itertools.product(edges, range(ip.SHORTEST, ip.LONGEST + 1)):
        assert ip.classify(net((int(row[0]), length), strict=False)) is not ip.MIXED


def test_refusal_carries_the_advice() -> None:
    for text, _kind, rfc in UNUSABLE:
        with pytest.raises(Refused, match=rfc) as reason:
            ip.subnet(text)
        assert reason.value.remedy == ip.classify(net(text)).advice


@given(network=networks())
def test_a_subnet_is_usable_and_of_fitting_length(network: ipaddress.IPv6Network) -> None:
    fits = 48 <= network.prefixlen <= 126
    try:
        assert ip.subnet(str(network)) == network
    except Refused:
        assert not fits or not ip.classify(network).usable
    else:
        assert fits and ip.classify(network).usable


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2001:2::/47", "x: 2001:2::/47 is not between /48 and /126"),
        ("::/0", "x: ::/0 is not between /48 and /126"),
        ("2001:db8::/32", "x: 2001:db8::/32 is reserved for documentation (RFC 3849)"),
    ],
)
def test_what_is_said_of_a_wide_one(text: str, words: str) -> None:
    with pytest.raises(Refused) as reason:
        ip.subnet(text, "x")
    assert str(reason.value).startswith(words)


@pytest.mark.parametrize("text", ["2001:db8::/32", "::/0", "fe80::/64", "fd12::/127", "fd12::1/128"])
def test_any_kind_and_length_is_a_cidr(text: str) -> None:
    assert ip.cidr(text) == net(text)


@pytest.mark.parametrize("text", ["fd12::", "10.0.0.0/8", "fd12::1/64", "auto", "", "fe80::%eth0/64"])
def test_no_cidr(text: str) -> None:
    with pytest.raises(Refused, match=r"^x: .*\. (Say so|Did you mean .*)\.$"):
        ip.cidr(text, "x", "Say so")
