# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of the order of addresses: an effect only where one was seen."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.host import address_order, gai_conf
from ansible_collections.dms.ipv6.plugins.module_utils.state.host import Order

FOUR, SIX = "198.18.7.10", "2001:2:0:7::10"
ULA, GUA, FAR = "fd5c:1ab0:7e57:1::1", "2001:2:0:7::11", "fd77::10"
PREFIXES = (ipaddress.IPv6Network("fd5c:1ab0:7e57:1::/64"),)
DEFAULT = gai_conf.Tables()


def order(*addresses: str, source: str = ULA, name: str = "far", glibc: bool = True) -> Order:
    return Order(glibc, name, addresses, source)


@pytest.mark.parametrize(
    ("before", "after", "effective", "words"),
    [
        # seen to change, and seen in a later run
        (
            order(FOUR, SIX),
            order(SIX, FOUR),
            True,
            f"new processes try {SIX} before {FOUR} for far. They tried {FOUR} first before. {address_order.LATER}",
        ),
        (order(SIX, FOUR), order(SIX, FOUR), True, f"new processes try {SIX} before {FOUR} for far"),
        # a ULA to which a host with a global address connects
        (
            order(FOUR, "fd5c:1ab0:7e57:1::9", source=GUA),
            order("fd5c:1ab0:7e57:1::9", FOUR, source=GUA),
            True,
            f"new processes try fd5c:1ab0:7e57:1::9 before {FOUR} for far. They tried",
        ),
        # not, although IPv6 comes first
        (
            order(SIX, FOUR, source=GUA),
            order(SIX, FOUR, source=GUA),
            False,
            f"no effect: from {GUA} to {SIX} IPv6 comes first without these lines",
        ),
        (
            order(FAR, FOUR, source="fd77::1"),
            order(FAR, FOUR, source="fd77::1"),
            False,
            f"no effect: from fd77::1 to {FAR} IPv6 comes first without these lines",
        ),
        # nor where it does not
        (
            order(FOUR, SIX, source="fd77::1"),
            order(FOUR, SIX, source="fd77::1"),
            False,
            f"no effect: fd77::1, from which this host connects to {SIX}, is in none of the prefixes",
        ),
        (order(FOUR, SIX), order(FOUR, SIX), False, f"no effect: new processes still try {FOUR} before {SIX} for far"),
        (order(FOUR, SIX, source=""), order(FOUR, SIX, source=""), False, f"no effect: this host has no way to {SIX}"),
        (order(glibc=False), order(glibc=False), False, address_order.NOT_GLIBC),
        # names that show nothing
        (order(), order(), False, "not verified: far cannot be resolved here"),
        (order(FOUR), order(FOUR), False, "not verified: far has no IPv6 address"),
        (order(SIX), order(SIX), False, "not verified: far has no IPv4 address"),
        # and without a name
        (order(name=""), order(name=""), False, "not verified: give a name that has addresses of both families"),
        (
            order(name="", source=""),
            order(name="", source=""),
            False,
            "no effect: this host has no way to global IPv6 addresses",
        ),
        (
            order(name="", source=GUA),
            order(name="", source=GUA),
            False,
            f"no effect: from {GUA} to global IPv6 addresses IPv6 comes first without these lines",
        ),
        (
            order(name="", source="fd77::1"),
            order(name="", source="fd77::1"),
            False,
            "no effect: fd77::1, from which this host connects to global IPv6 addresses, is in none of the prefixes",
        ),
    ],
)
def test_effect(before: Order, after: Order, effective: bool, words: str) -> None:
    found = address_order.effect(before, after, PREFIXES, DEFAULT)
    assert found[0] is effective
    assert found[1].startswith(words)
    assert not found[1].endswith(".")


def test_a_table_of_the_administrators_own_that_says_it_already() -> None:
    others = gai_conf.read("label ::/0 1\n", "")
    found = address_order.effect(order(SIX, FOUR), order(SIX, FOUR), PREFIXES, others)
    assert found == (False, f"no effect: from {ULA} to {SIX} IPv6 comes first without these lines")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (order(FOUR, SIX), True),
        (order(FOUR, FAR, source=GUA), True),
        (order(SIX, FOUR), False),
        (order(FOUR, SIX, source=GUA), False),
        (order(FOUR, FAR), False),
        (order(FOUR, SIX, source=""), False),
        (order(FOUR), False),
        (order(SIX), False),
        (order(), False),
        (order(FOUR, SIX, glibc=False), False),
    ],
)
def test_unequal(found: Order, expected: t.Any) -> None:
    assert found.unequal is expected
