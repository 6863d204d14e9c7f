# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of containers with public addresses, as text."""

from __future__ import annotations

import ipaddress
import re
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.routed import nft_table
from ansible_collections.dms.ipv6.plugins.module_utils.routed.nft_table import Open, Table
from hypothesis import given
from hypothesis import strategies as st

SUBNET, BRIDGE, ADDRESS = "2001:2:0:b1::/64", "dms6-0123456789", "2001:2:0:b1::25"
TABLE = Table(
    SUBNET,
    BRIDGE,
    (Open(ADDRESS, "tcp", 25), Open(ADDRESS, "tcp", 465), Open(ADDRESS, "udp", 53), Open("2001:2:0:b1::80", "tcp", 80)),
    (ADDRESS,),
)
MARKED = re.compile(r' comment "dms\.ipv6 [0-9a-f]{12}"$', re.MULTILINE)
TEXT = """\
# Written by dms.ipv6, which replaces this file and the table as a whole.
table ip6 dms_ipv6
delete table ip6 dms_ipv6
table ip6 dms_ipv6 {
    set probe {
        type ipv6_addr . inet_service
        flags timeout
    }
    chain forward {
        type filter hook forward priority -5; policy accept;
        ip6 daddr != 2001:2:0:b1::/64 accept
        ct state established,related accept
        icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request } accept
        iifname "dms6-0123456789" accept
        ip6 daddr . tcp dport @probe accept
        ip6 daddr 2001:2:0:b1::25 tcp dport { 25, 465 } accept
        ip6 daddr 2001:2:0:b1::25 udp dport { 53 } accept
        ip6 daddr 2001:2:0:b1::80 tcp dport { 80 } accept
        counter drop
    }
    chain postrouting {
        type nat hook postrouting priority 95; policy accept;
        ip6 saddr 2001:2:0:b1::25 oifname != "dms6-0123456789" snat to 2001:2:0:b1::25
    }
}
""".replace("    ", "\t")


def listed(table: Table) -> str:
    """What `nft -s list table` says of a table: one element without braces, a blank line between chains."""
    body = table.text.split("{\n", 1)[1]
    body = re.sub(r"\{ (\d+) \}", r"\1", body).replace("\t}\n", "\t}\n\n")
    return f"table ip6 dms_ipv6 {{\n{body}".replace("priority -5", "priority filter - 5")


def test_text() -> None:
    assert MARKED.sub("", TABLE.text) == TEXT
    # Each rule has the mark, and nothing else has.
    assert len(MARKED.findall(TABLE.text)) == len(nft_table.rules(TABLE.text)) == 10
    assert "postrouting" not in Table(SUBNET, BRIDGE, TABLE.ports).text


def test_order_of_ports_does_not_matter() -> None:
    assert Table(SUBNET, BRIDGE, (*reversed(TABLE.ports), TABLE.ports[0]), TABLE.sources).text == TABLE.text


def addresses() -> st.SearchStrategy[str]:
    return st.integers(2, 1 << 40).map(lambda offset: str(ipaddress.IPv6Network(SUBNET)[offset]))


@st.composite
def tables(draw: st.DrawFn) -> Table:
    some = st.builds(Open, addresses(), st.sampled_from(nft_table.PROTOCOLS), st.integers(1, 65535))
    ports, sources = draw(st.sets(some, max_size=6)), draw(st.sets(addresses(), max_size=3))
    return Table(SUBNET, draw(st.sampled_from((BRIDGE, "br-a.b_c"))), tuple(sorted(ports)), tuple(sorted(sources)))


@given(tables(), tables())
def test_a_file_is_understood_and_a_listing_recognised(table: Table, other: Table) -> None:
    assert nft_table.parse(table.text) == table
    assert table.loaded(listed(table))
    assert table.loaded(listed(other)) is (table == other)


@pytest.mark.parametrize(
    "text", ["", "#!/usr/sbin/nft -f\n", TEXT, TABLE.text + "\n", TABLE.text.replace("25,", "26,")]
)
def test_a_file_that_is_not_ours_or_was_edited(text: str) -> None:
    assert nft_table.parse(text) is None


LISTED = listed(TABLE)
DROP = next(line for line in LISTED.splitlines(keepends=True) if "counter drop" in line)


@pytest.mark.parametrize(
    "listing",
    [
        "",
        "table ip6 dms_ipv6 {\n}\n",
        LISTED.replace(DROP, ""),
        LISTED.replace(DROP, "\t\taccept\n" + DROP),
        LISTED.replace(DROP, MARKED.sub("", DROP)),
        # a rule replaced in its place, with the comment that it had
        LISTED.replace(DROP, DROP.replace("drop", "accept")),
        LISTED.replace("{ 25, 465 }", "{ 25, 465, 81 }"),
        LISTED.replace("!= 2001", "2001", 1),
        MARKED.sub(' comment "dms.ipv6 0123456789ab"', LISTED),
        # a chain was emptied, or taken out
        LISTED[: LISTED.index("\tchain postrouting")] + "}\n",
        re.sub(r"(chain forward \{\n[^\n]*\n)[^}]*\}[^}]*\}", r"\1\t}", LISTED, count=1),
    ],
)
def test_a_table_that_was_changed(listing: str) -> None:
    assert TABLE.loaded(LISTED)
    assert not TABLE.loaded(listing)


@pytest.mark.parametrize(
    ("old", "new"),
    [("counter drop", "counter packets 17 bytes 1300 drop"), ("{ 25, 465 }", "{ 465, 25 }"), ("\t}\n", "\t}\n\n")],
)
def test_the_same_in_other_words(old: str, new: str) -> None:
    assert old in LISTED
    assert TABLE.loaded(LISTED.replace(old, new))


def test_what_is_in_the_set_does_not_count() -> None:
    elements = f"\t\tflags timeout\n\t\telements = {{ {ADDRESS} . 80 timeout 10m }}\n"
    assert TABLE.loaded(LISTED.replace("\t\tflags timeout\n", elements))


OPTIONS: dict[str, t.Any] = {"subnet": SUBNET, "bridge": BRIDGE, "ports": [(ADDRESS, "tcp", 25)], "sources": [ADDRESS]}


def test_options() -> None:
    wordy = {**OPTIONS, "ports": [("2001:2:0:b1:0:0:0:25", "tcp", 25)] * 2, "sources": ["2001:2:0:b1:0::25"]}
    expected = Table(SUBNET, BRIDGE, (Open(ADDRESS, "tcp", 25),), (ADDRESS,))
    assert nft_table.table(**OPTIONS) == nft_table.table(**wordy) == expected


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("subnet", "", "subnet: '' is not a CIDR"),
        ("subnet", "2001:2:0:b1::1/64", "subnet: 2001:2:0:b1::1/64 has host bits set"),
        ("subnet", "2001:db8::/64", "subnet: 2001:db8::/64 is reserved for documentation"),
        ("bridge", "", "bridge: '' is not a name of a bridge device"),
        ("bridge", "dms6-01234567890", "bridge: 'dms6-01234567890' is not a name"),
        ("bridge", 'x" accept;', "is not a name of a bridge device"),
        ("bridge", "br\n", "is not a name of a bridge device"),
        ("ports", [("mail", "tcp", 25)], "ports: 'mail' is not an IPv6 address"),
        ("ports", [("2001:2:0:b2::25", "tcp", 25)], f"ports: 2001:2:0:b2::25 is outside {SUBNET}"),
        ("ports", [(ADDRESS, "tcp", 0)], f"ports: [{ADDRESS}]:0/tcp is not a port"),
        ("ports", [(ADDRESS, "tcp", 65536)], f"ports: [{ADDRESS}]:65536/tcp is not a port"),
        ("ports", [(ADDRESS, "icmp", 1)], f"ports: [{ADDRESS}]:1/icmp is not a port"),
        ("sources", ["198.18.0.1"], "sources: '198.18.0.1' is not an IPv6 address"),
        ("sources", ["2001:2:0:b2::25"], "sources: 2001:2:0:b2::25 is outside"),
    ],
)
def test_options_are_refused(option: str, value: t.Any, words: str) -> None:
    with pytest.raises(Refused) as reason:
        nft_table.table(**{**OPTIONS, option: value})
    assert words in str(reason.value)
