# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the administrator's own: what becomes of a client's connection, by nftables and by ip6tables.

recorded/nft/filter.json is what nft 1.0.6 printed of a table with one rule of each kind, except two that would decide
every port (the mark, tcp flags syn), which were taken out by hand; map and set are its own, too.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import iptables, nft_ruleset
from ansible_collections.dms.ipv6.plugins.module_utils.state import packet_filter
from ansible_collections.dms.ipv6.plugins.module_utils.state.packet_filter import Packet

RECORDED = (Path(__file__).parents[3] / "recorded" / "nft" / "filter.json").read_text(encoding="utf-8")
STATEFUL = "-A INPUT -i lo -j ACCEPT\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"


def client(port: int = 25, protocol: str = "tcp", **more: t.Any) -> Packet:
    return Packet("input", "ipv6", protocol, port, port, frozenset({"eth0"}))._replace(**more)


def translated(port: int = 80, **more: t.Any) -> Packet:
    fields = {"hook": "forward", "host_port": 8080, "outgoing": "br-1", "to": "fd00::2", "translated": True, **more}
    return client(port)._replace(**fields)


def ip6tables(text: str, packet: Packet, docker: bool = False) -> str:
    return packet_filter.outcome(iptables.chains(text, "ipv6"), packet, docker).verdict


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("", "drop"),
        ("-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT", "accept"),
        ("-A INPUT -p tcp -m tcp --dport 26 -j ACCEPT", "drop"),
        ("-A INPUT -p udp -m udp --dport 25 -j ACCEPT", "drop"),
        ("-A INPUT -p tcp -m multiport --dports 22,20:30 -j ACCEPT", "accept"),
        ("-A INPUT -p tcp -m multiport ! --dports 22,20:30 -j ACCEPT", "drop"),
        ("-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j ACCEPT", "accept"),
        ("-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP\n-A INPUT -j ACCEPT", "accept"),
        ("-A INPUT -p tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j DROP\n-A INPUT -j ACCEPT", "accept"),  # noqa: E501
        ("-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j ACCEPT", "drop"),
        ("-A INPUT -i eth0 -j ACCEPT", "accept"),
        ("-A INPUT -i eth+ -j ACCEPT", "accept"),
        ("-A INPUT -i wg0 -j ACCEPT", "drop"),
        ("-A INPUT ! -i wg0 -j ACCEPT", "accept"),
        # certain clients count neither way
        ("-A INPUT -s 2001:db8::/32 -j ACCEPT", "drop"),
        ("-A INPUT ! -s 2001:db8::/32 -j DROP\n-A INPUT -j ACCEPT", "drop"),
        ("-A INPUT -s 2001:db8::/32 -j DROP\n-A INPUT -j ACCEPT", "accept"),
        ("-A INPUT -s 2000::/3 -j ACCEPT", "accept"),
        ("-A INPUT -s 2000::/4 -j DROP\n-A INPUT -j ACCEPT", "unknown"),
        ("-A INPUT -m set --match-set blocked src -j DROP\n-A INPUT -j ACCEPT", "accept"),
        ("-A INPUT -m set --match-set friends src -j ACCEPT", "unknown"),
        ("-A INPUT -m set ! --match-set friends src -j DROP\n-A INPUT -j ACCEPT", "unknown"),
        # who comes too often is turned away
        ("-A INPUT -p tcp -m limit --limit 5/min -j ACCEPT", "accept"),
        ("-A INPUT -p tcp -m connlimit --connlimit-above 20 --connlimit-mask 128 -j REJECT\n-A INPUT -j ACCEPT", "accept"),  # noqa: E501
        ("-A INPUT -m recent --update --seconds 60 --name a --rsource -j DROP\n-A INPUT -j ACCEPT", "accept"),
        # not understood
        ("-A INPUT -m mark --mark 0x1 -j ACCEPT", "unknown"),
        ("-A INPUT -m u32 --u32 0 -j DROP\n-A INPUT -j ACCEPT", "unknown"),
        ("-A INPUT -p tcp -j NFQUEUE --queue-num 1", "unknown"),
        ("-A INPUT -m comment --comment 'it -j", "unknown"),
        ("-A INPUT -d 2001:db8::1/128 -p tcp -m tcp --dport 25 -j ACCEPT", "unknown"),
        ("-A INPUT -d ff02::1/128 -j ACCEPT", "drop"),
        ("-A INPUT -m comment --comment \"-j ACCEPT\" -j LOG --log-prefix \"-x \"", "drop"),
        # chains
        ("-N a\n-A INPUT -p tcp -j a\n-A a -p tcp --dport 25 -j ACCEPT", "accept"),
        ("-N a\n-A INPUT -g a\n-A INPUT -j ACCEPT\n-A a -p udp -j ACCEPT", "drop"),
        ("-N a\n-A INPUT -j a\n-A INPUT -j ACCEPT\n-A a -j RETURN", "accept"),
        ("-N a\n-A INPUT -m mark --mark 1 -j a\n-A INPUT -j ACCEPT\n-A a -j REJECT", "unknown"),
        ("-N f2b\n-A INPUT -p tcp -j f2b\n-A INPUT -j ACCEPT\n-A f2b -s ::5/128 -j REJECT\n-A f2b -j RETURN", "accept"),
        ("-N a\n-A INPUT -j a\n-A a -j a", "unknown"),
    ],
)  # fmt: skip
def test_ip6tables(rules: str, expected: str) -> None:
    assert ip6tables(f"-P INPUT DROP\n{STATEFUL}{rules}\n", client()) == expected


def test_final_reject_of_a_chain_that_accepts() -> None:
    text = f"-P INPUT ACCEPT\n{STATEFUL}-A INPUT -p tcp -m tcp --dport 25 -j ACCEPT\n-A INPUT -j REJECT\n"
    assert (ip6tables(text, client()), ip6tables(text, client(26))) == ("accept", "reject")
    assert ip6tables("-P INPUT ACCEPT\n", client()) == "accept"


USER = "-P FORWARD ACCEPT\n-N DOCKER-USER\n-N DOCKER-FORWARD\n{forward}{rules}\n-A DOCKER-USER -j RETURN\n"
HOOKED = "-A FORWARD -j DOCKER-USER\n-A FORWARD -j DOCKER-FORWARD\n-A FORWARD -j DROP\n"


@pytest.mark.parametrize(
    ("forward", "rules", "docker", "expected"),
    [
        (HOOKED, "-A DOCKER-USER -i eth0 -j DROP", False, "drop"),
        (HOOKED, "-A DOCKER-USER -i eth0 -m conntrack --ctorigdstport 8080 --ctdir ORIGINAL -j DROP", False, "drop"),
        (HOOKED, "-A DOCKER-USER -i eth0 -m conntrack --ctorigdstport 80 --ctdir ORIGINAL -j DROP", False, "accept"),
        (HOOKED, "-A DOCKER-USER -p tcp -m tcp --dport 80 -j REJECT", False, "reject"),
        (HOOKED, "-A DOCKER-USER -i eth0 ! -s 2001:db8::/32 -j DROP", False, "drop"),
        (HOOKED, "-A DOCKER-USER -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN", False, "accept"),
        (HOOKED, "-A DOCKER-USER -o br-2 -j DROP", False, "accept"),
        (HOOKED, "-A DOCKER-USER -d fd00::/8 -j DROP", False, "drop"),
        # before Docker has put it to use, which it never does for IPv6 on 20.10
        ("", "-A DOCKER-USER -i eth0 -j DROP", True, "drop"),
        ("", "-A DOCKER-USER -i eth0 -j DROP", False, "accept"),
        ("-A FORWARD -j DROP\n", "", True, "accept"),
    ],
)  # fmt: skip
def test_docker_user(forward: str, rules: str, docker: bool, expected: str) -> None:
    assert ip6tables(USER.format(forward=forward, rules=rules), translated(), docker) == expected


@pytest.mark.parametrize(
    ("port", "protocol", "expected"),
    [
        (22, "tcp", "accept"),
        (466, "tcp", "accept"),
        (80, "tcp", "accept"),
        (81, "tcp", "reject"),
        (53, "udp", "accept"),
        (3, "tcp", "reject"),
        (99, "tcp", "drop"),
        (1, "udp", "reject"),
    ],
)
def test_nft(port: int, protocol: str, expected: str) -> None:
    chains = nft_ruleset.chains(RECORDED, (), True)
    found = packet_filter.outcome(chains, client(port, protocol))
    assert found == (expected, "" if expected == "accept" else "chain input of table inet filter")


def ruleset(*rules: t.Any, hook: str = "input", **chain: t.Any) -> str:
    base = {"family": "inet", "table": "f", "name": "c", "type": "filter", "hook": hook, "policy": "drop", **chain}
    place = {"family": base["family"], "table": base["table"], "chain": base["name"]}
    return json.dumps({"nftables": [{"chain": base}, *({"rule": {**place, "expr": one}} for one in rules)]})


def match(left: t.Any, right: t.Any, operator: str = "==") -> dict[str, t.Any]:
    return {"match": {"op": operator, "left": left, "right": right}}


DPORT = {"payload": {"protocol": "tcp", "field": "dport"}}
SADDR = {"payload": {"protocol": "ip6", "field": "saddr"}}
ACCEPT, DROP = {"accept": None}, {"drop": None}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([[match(DPORT, 25), ACCEPT]], "accept"),
        ([[match(DPORT, 24, ">"), ACCEPT]], "accept"),
        ([[match(DPORT, 25, "!="), ACCEPT]], "drop"),
        ([[match(DPORT, "@gone"), ACCEPT]], "unknown"),
        ([[match(SADDR, "@gone"), ACCEPT]], "unknown"),
        ([[match(SADDR, {"set": ["2001:db8::1"]}), ACCEPT]], "drop"),
        ([[match(SADDR, [f"2001:db8::{one}" for one in range(999)]), DROP], [ACCEPT]], "accept"),
        ([[match({"meta": {"key": "mark"}}, 1), ACCEPT]], "unknown"),
        ([[match({"meta": {"key": "iifname"}}, "ens*"), ACCEPT]], "drop"),
        ([[match({"meta": {"key": "nfproto"}}, "ipv4"), ACCEPT]], "drop"),
        ([[match({"ct": {"key": "state"}}, ["established", "related"], "in"), ACCEPT]], "drop"),
        ([[match({"ct": {"key": "state"}}, "new", "in"), ACCEPT]], "accept"),
        ([[{"xt": {"type": "match", "name": "x"}}, ACCEPT]], "unknown"),
        ([[{"something": {}}, DROP], [ACCEPT]], "unknown"),
        ([[{"limit": {"rate": 5, "per": "second", "inv": True}}, DROP], [ACCEPT]], "accept"),
        ([["garbage"]], "unknown"),
        ([[{"match": 5}, ACCEPT]], "unknown"),
        ([[{"counter": None}, {"log": None}]], "drop"),
        ([[{"vmap": {"key": DPORT, "data": {"set": [[25, ACCEPT], [26, DROP]]}}}]], "accept"),
        ([[{"vmap": {"key": DPORT, "data": "@gone"}}]], "unknown"),
    ],
)
def test_expressions_of_nft(rules: list[t.Any], expected: str) -> None:
    found = packet_filter.outcome(nft_ruleset.chains(ruleset(*rules), (), True), client())
    assert found.verdict == expected
    assert ("it is unknown what" in found.by) is (expected == "unknown")


def test_every_chain_has_to_accept() -> None:
    chains = (*iptables.chains("-P INPUT DROP\n", "ipv6"), *nft_ruleset.chains(ruleset([ACCEPT]), (), True))
    assert packet_filter.outcome(chains, client()) == ("drop", "chain INPUT of ip6tables")


@pytest.mark.parametrize(
    ("chain", "others", "expected"),
    [
        ({}, (), "drop"),
        ({"family": "ip6"}, (), "drop"),
        ({"family": "ip"}, (), "accept"),
        ({"family": "bridge"}, (), "accept"),
        ({"type": "nat"}, (), "accept"),
        ({"policy": "accept"}, (), "accept"),
        ({}, {("inet", "f")}, "accept"),
        ({"family": "ip6", "table": "filter", "name": "INPUT"}, (), "accept"),  # ip6tables says it itself
        ({"family": "ip6", "table": "filter", "name": "input"}, (), "drop"),
    ],
)
def test_chains_that_count(chain: t.Any, others: t.Any, expected: str) -> None:
    assert packet_filter.outcome(nft_ruleset.chains(ruleset(**chain), others, True), client()).verdict == expected


def test_text_that_is_not_understood() -> None:
    assert packet_filter.outcome(nft_ruleset.chains("{", (), True), client()).verdict == "unknown"


def test_what_is_forwarded() -> None:
    chains = nft_ruleset.chains(
        ruleset([match({"ct": {"key": "status"}}, "dnat", "in"), ACCEPT], hook="forward"), (), True
    )
    assert packet_filter.outcome(chains, translated()).verdict == "accept"
    assert packet_filter.outcome(chains, translated(translated=False)).verdict == "drop"
    chains = nft_ruleset.chains(
        ruleset([match({"meta": {"key": "oifname"}}, "br-*"), ACCEPT], hook="forward"), (), True
    )
    assert packet_filter.outcome(chains, translated()).verdict == "accept"
    assert packet_filter.outcome(chains, translated(outgoing="wg0")).verdict == "drop"
