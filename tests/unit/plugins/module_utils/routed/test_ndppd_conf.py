# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ndppd.conf, as its author's parser reads it."""

from __future__ import annotations

import ipaddress
import re

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.routed import ndppd_conf
from hypothesis import given
from hypothesis import strategies as st

TYPICAL = """\
# uplink
route-ttl 30000
proxy eth0 { // mine
  router yes
  timeout = 500
  /* not
     this: rule 2001:2:9::/64 { static } */
  rule 2001:2:0:1:d1::/80 {
    auto
  }
  rule 2001:2:0:1:d2::5 { iface br0 } rule 2001:2:0:1:d3::7/80 { static }
}

proxy wan.7
proxy eth1 { }
proxy eth2 { rule 2001:2:0:2::/64 }
"""


def found(text: str) -> list[tuple[str, str, int]]:
    return [(one.interface, str(one.prefix), one.line) for one in ndppd_conf.rules(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n \t# nothing\n", []),
        ("route-ttl 5000", []),
        (
            TYPICAL,
            [
                ("eth0", "2001:2:0:1:d1::/80", 8),
                ("eth0", "2001:2:0:1:d2::5/128", 11),
                ("eth0", "2001:2:0:1:d3::/80", 11),
                ("eth2", "2001:2:0:2::/64", 16),
            ],
        ),
        (TYPICAL.replace("\n", "\r\n"), found(TYPICAL)),
        ("proxy=eth0{rule=2001:2::/64{static}}", [("eth0", "2001:2::/64", 1)]),
        ("proxy eth0#1 {}", []),
        ("proxy eth0 { rule 2001:2::/64 { auto } } /* to the end", [("eth0", "2001:2::/64", 1)]),
        ("rule 2001:2::/64 { auto }", []),  # outside a proxy it is not read
    ],
)
def test_rules(text: str, expected: list[tuple[str, str, int]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("proxy eth0 {", "/etc/ndppd.conf:1: the file ends within braces"),
        ("proxy eth0 {\n rule 2001:2::/64 {\n  auto\n }\n", "/etc/ndppd.conf:5: the file ends within braces"),
        ("\nproxy {\n}\n", "/etc/ndppd.conf:2: proxy names no interface"),
        ("proxy eth0 {\n rule x {\n auto }\n}", "/etc/ndppd.conf:2: 'x' is not an IPv6 prefix"),
        ("proxy eth0 {\n\n rule { auto }\n}", "/etc/ndppd.conf:3: '' is not an IPv6 prefix"),
        ("proxy eth0 { rule 10.0.0.0/8 { auto } }", "/etc/ndppd.conf:1: '10.0.0.0/8' is not an IPv6 prefix"),
        ("proxy 'eth0' {\n}", "/etc/ndppd.conf:1: the value of proxy is quoted, which ndppd misreads"),
        ('a "b"', "/etc/ndppd.conf:1: the value of a is quoted"),
        ("proxy eth0\n{\n}", "/etc/ndppd.conf:2: '{' is not a word of ndppd.conf"),
        ("a b\n}", "/etc/ndppd.conf:2: '}' is not a word of ndppd.conf"),
        ("a = = b", "/etc/ndppd.conf:1: '=' is not a word of ndppd.conf"),
        ("pr:oxy eth0", "/etc/ndppd.conf:1: 'pr:oxy' is not a word of ndppd.conf"),
        ("\x00", "/etc/ndppd.conf:1: '\\u0000' is not a word of ndppd.conf"),
    ],
)
def test_not_understood(text: str, words: str) -> None:
    with pytest.raises(Refused, match=re.escape(words)) as reason:
        ndppd_conf.rules(text)
    assert "\n" not in str(reason.value)


@given(st.text(alphabet="proxyule={}#/*'\" \n:29.", max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        rules = ndppd_conf.rules(text)
    except Refused as reason:
        assert re.match(r"/etc/ndppd\.conf:\d+: ", str(reason))
    else:
        assert all(1 <= one.line <= text.count("\n") + 1 for one in rules)


NETWORKS = st.builds(
    lambda value, length: ipaddress.IPv6Network((value >> (128 - length) << (128 - length), length)),
    st.integers(0, 2**128 - 1),
    st.integers(1, 128),
)
BLANKS = st.sampled_from([" ", "\t", " # x }\n", " // x {\n", " /* { */ ", "\n\n"])


@given(
    st.lists(st.tuples(st.sampled_from(["eth0", "wan.7", "br-x"]), st.lists(NETWORKS, max_size=3)), max_size=3), BLANKS
)
def test_what_is_written_is_read(proxies: list[tuple[str, list[ipaddress.IPv6Network]]], blank: str) -> None:
    text = ""
    for interface, networks in proxies:
        rules = "".join(f"rule {one} {{{blank}auto{blank}}}{blank}\n" for one in networks)
        text += f"{blank}proxy {interface} {{{blank}{rules}}}{blank}"
    wanted = [(interface, one) for interface, networks in proxies for one in networks]
    assert [(one.interface, one.prefix) for one in ndppd_conf.rules(text)] == wanted
