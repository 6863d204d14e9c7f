# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of UFW and firewalld read from their own texts.

recorded/user6.rules is what UFW 0.36.2 wrote, recorded/firewalld.nft what firewalld 2.5.2 gave the kernel (the chains
for packets to the host), after the commands named beside each row.
"""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import firewall_rules
from ansible_collections.dms.ipv6.plugins.module_utils.exposure.firewall_rules import Rule

RECORDED = Path(__file__).parents[3] / "recorded"
USER6 = (RECORDED / "user6.rules").read_text()
RULESET = (RECORDED / "firewalld.nft").read_text()
ETH0 = ("eth0",)


@pytest.mark.parametrize(
    ("port", "protocol", "expected"),
    [
        (8081, "tcp", "accept"),  # ufw allow 8081/tcp
        (8081, "udp", ""),
        (22, "tcp", "accept"),  # ufw limit 22/tcp
        (6000, "tcp", "accept"),  # ufw allow 6000:6007/tcp
        (6007, "tcp", "accept"),
        (6008, "tcp", ""),
        (80, "tcp", "accept"),  # ufw allow 80,443/tcp
        (443, "tcp", "accept"),
        (444, "tcp", ""),
        (9, "udp", "drop"),  # ufw deny 9/udp
        (25, "tcp", ""),  # ufw allow from fd00::/8 to any port 25 proto tcp
        (26, "tcp", "reject"),  # ufw reject 26
        (26, "udp", "reject"),
        (27, "tcp", "accept"),  # ufw allow in on eth0 to any port 27
        (53, "udp", ""),  # ufw route allow in on eth0 out on docker0 to any port 53 proto udp
        (5000, "udp", "accept"),  # ufw allow 5000 comment 'a b'
    ],
)
def test_ufw(port: int, protocol: str, expected: str) -> None:
    rules = firewall_rules.ufw(USER6, "ipv6", ETH0)
    assert firewall_rules.decided(rules, "ipv6", port, protocol) == expected
    assert firewall_rules.decided(rules, "ipv4", port, protocol) == ""


@pytest.mark.parametrize("ports", ["ssh", "80:x", "\u00b2", "999999", ":", "80,ssh"])
def test_ports_that_are_no_numbers(ports: str) -> None:
    rules = firewall_rules.ufw(f"-A ufw6-user-input -p tcp --dports {ports} -j ACCEPT", "ipv6", ETH0)
    assert firewall_rules.decided(rules, "ipv6", 80, "tcp") == ("accept" if ports == "80,ssh" else "")
    assert firewall_rules.decided(rules, "ipv6", 22, "tcp") == ""


def test_ufw_on_another_interface() -> None:
    rules = firewall_rules.ufw(USER6, "ipv6", ("eth1",))
    assert firewall_rules.decided(rules, "ipv6", 27, "tcp") == ""
    assert firewall_rules.decided(rules, "ipv6", 8081, "tcp") == "accept"


def test_ufw_lets_through() -> None:
    assert firewall_rules.ufw(USER6, "ipv6", ETH0, "user-forward") == [Rule("accept", "ipv6", "udp", ((53, 53),))]
    line = "-A ufw6-user-forward -i eth0 -o br-x -p tcp -d fd00::2 --dport 80 -j ACCEPT\n"
    assert firewall_rules.ufw(line, "ipv6", ETH0, "user-forward") == [Rule("accept", "ipv6", "tcp", ((80, 80),))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-A ufw6-user-input -j ACCEPT", Rule("accept", "ipv6")),
        ("-A ufw6-user-input -i eth+ -j ACCEPT", Rule("accept", "ipv6")),
        ("-A ufw6-user-input -i wl+ -j ACCEPT", None),
        ("-A ufw6-user-input -p tcp -j DROP", Rule("drop", "ipv6", "tcp")),
        ("-A ufw6-user-input -p tcp --dport 25 -j ACCEPT -m comment --comment 'dapp_Mail server'", "25/tcp"),
        ("-A ufw6-user-input -d fd00::1 -p tcp --dport 25 -j ACCEPT", None),
        ("-A ufw6-user-input -p tcp --sport 25 -j ACCEPT", None),
        ("-A ufw6-user-input -p tcp --dport 25 -j ufw6-user-logging-input", None),
        ("-A ufw6-user-input -p tcp --dport 25 -m recent --set", None),
        ("-A ufw-user-input -p tcp --dport 25 -j ACCEPT", None),
        ("-A ufw6-user-input -p tcp --dport 25 -j ACCEPT '", None),
        ("-A ufw6-user-input ! -p tcp -j ACCEPT", None),
        ("# -A ufw6-user-input -j ACCEPT", None),
        ("", None),
    ],
)
def test_a_line_of_ufw(line: str, expected: t.Any) -> None:
    wanted = Rule("accept", "ipv6", "tcp", ((25, 25),)) if expected == "25/tcp" else expected
    assert firewall_rules.ufw(line, "ipv6", ETH0) == ([wanted] if wanted else [])


@pytest.mark.parametrize(
    ("family", "port", "protocol", "expected"),
    [
        ("ipv6", 22, "tcp", "accept"),  # service ssh
        ("ipv6", 8081, "tcp", "accept"),  # --add-port 8081/tcp
        ("ipv4", 8081, "tcp", "accept"),
        ("ipv6", 8081, "udp", "reject"),
        ("ipv6", 6007, "tcp", "accept"),  # --add-port 6000-6007/tcp
        ("ipv6", 6008, "tcp", "reject"),
        ("ipv6", 25, "tcp", "accept"),  # rule family=ipv6 port port=25 protocol=tcp accept
        ("ipv4", 25, "tcp", "reject"),
        ("ipv6", 26, "tcp", "reject"),  # rule family=ipv6 source address=fd00::/8 port port=26 protocol=tcp accept
        ("ipv6", 28, "tcp", "reject"),  # rule port port=28 protocol=tcp reject
        ("ipv6", 465, "tcp", "accept"),  # service smtps
        ("ipv6", 546, "udp", "reject"),  # service dhcpv6-client, to a link-local address
    ],
)
def test_firewalld(family: str, port: int, protocol: str, expected: str) -> None:
    assert firewall_rules.decided(firewall_rules.firewalld(RULESET, ETH0), family, port, protocol) == expected


def test_firewalld_on_an_interface_of_another_zone() -> None:
    assert firewall_rules.decided(firewall_rules.firewalld(RULESET, ("docker0",)), "ipv6", 8080, "tcp") == "accept"


# As firewalld 0.9 to 2.0 write it, with a zone for an interface, and words that older ones have.
OLDER = (RECORDED / "firewalld-older.nft").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("uplink", "port", "protocol", "expected"),
    [
        ("eth0", 25, "tcp", "accept"),
        ("eth0", 4000, "tcp", "drop"),
        ("eth0", 4001, "tcp", "accept"),
        ("eth0", 53, "udp", "accept"),
        ("eth0", 22, "tcp", "drop"),
        ("eth1", 22, "tcp", "accept"),
        ("eth1", 25, "tcp", "reject"),
        ("wg1", 1, "udp", "accept"),
    ],
)
def test_older_firewalld(uplink: str, port: int, protocol: str, expected: str) -> None:
    rules = firewall_rules.firewalld(OLDER, (uplink,))
    assert firewall_rules.decided(rules, "ipv6", port, protocol) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("jump a", ("accept", "drop")),
        ("goto a", ("accept", "")),
        ('iifname "eth1" goto a', ("drop", "drop")),
        ("ip6 saddr fd00::/8 goto a", ("drop", "drop")),
        ("tcp dport 25 goto a", ("drop", "drop")),
        ("meta nfproto ipv6 jump a", ("drop", "drop")),
        ("return", ("", "")),
    ],
)
def test_ways_through_chains(line: str, expected: tuple[str, str]) -> None:
    """What becomes of ports 25 and 26; behind a chain that was gone to, nothing more is read."""
    text = f"\tchain filter_INPUT {{\n\t\t{line}\n\t\tdrop\n\t}}\n\tchain a {{\n\t\ttcp dport 25 accept\n\t}}\n"
    rules = firewall_rules.firewalld(text, ETH0)
    assert tuple(firewall_rules.decided(rules, "ipv6", port, "tcp") for port in (25, 26)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('iifname "ens*" goto a', ("accept", "")),
        ('iifname { "wl*", "ens*" } goto a', ("accept", "")),
        ('iifname "ens1*" goto a', ("accept", "")),
        ('iifname "wl*" goto a', ("drop", "drop")),
        ("ip6 saddr ::/0 goto a", ("accept", "drop")),
        ("ip6 saddr 2000::/3 goto a", ("accept", "drop")),
        ("ip6 saddr 2001:db8::/32 goto a", ("drop", "drop")),
        ("ip saddr 0.0.0.0/0 goto a", ("drop", "drop")),
    ],
)
def test_zones_by_wildcard_and_by_source(line: str, expected: tuple[str, str]) -> None:
    text = f"\tchain filter_INPUT {{\n\t\t{line}\n\t\tdrop\n\t}}\n\tchain a {{\n\t\ttcp dport 25 accept\n\t}}\n"
    rules = firewall_rules.firewalld(text, ("ens18",))
    assert tuple(firewall_rules.decided(rules, "ipv6", port, "tcp") for port in (25, 26)) == expected


def test_chains_that_jump_in_a_circle() -> None:
    text = "\tchain filter_INPUT {\n\t\tjump a\n\t\taccept\n\t}\n\tchain a {\n\t\tjump filter_INPUT\n\t}\n"
    assert {one.verdict for one in firewall_rules.firewalld(text, ETH0)} == {"accept"}


@pytest.mark.parametrize("text", ["", "garbage", "\tchain filter_INPUT {\n", "chain x {\n\taccept\n}"])
def test_texts_without_rules(text: str) -> None:
    assert firewall_rules.firewalld(text, ETH0) == []


SERVICES = {"smtp": '<service><port port="25" protocol="tcp"/></service>', "x": '<port protocol="udp" port="5-7"/>'}
ZONE = """<?xml version="1.0" encoding="utf-8"?>
<zone{target}>
  <service name="smtp"/><service name="gone"/>
  <port port="8081" protocol="tcp"/>
  <rule family="ipv6"><source address="fd00::/8"/><port port="26" protocol="tcp"/><accept/></rule>
</zone>
"""


@pytest.mark.parametrize(
    ("target", "rest"),
    [
        ("", "reject"),
        (' target="ACCEPT"', "accept"),
        (' version="1" target="DROP"', "drop"),
        (' target="%%REJECT%%"', "reject"),
    ],
)
def test_zone_of_a_file(target: str, rest: str) -> None:
    ports = [Rule("accept", "", "tcp", ((8081, 8081),)), Rule("accept", "", "tcp", ((25, 25),))]
    assert firewall_rules.zone(ZONE.replace("{target}", target), SERVICES) == [*ports, Rule(rest)]
    assert firewall_rules.zone('<service name="x"/>', SERVICES)[0] == Rule("accept", "", "udp", ((5, 7),))


@pytest.mark.parametrize(
    ("rules", "policy", "incoming", "let_in", "kept_out"),
    [
        ([], "drop", "drop", [], [("ipv6", 25, "tcp")]),
        ([Rule("accept", "ipv6", "tcp", ((25, 25),))], "drop", "drop", [("ipv6", 25, "tcp")], [("ipv4", 25, "tcp")]),
        ([Rule("accept", "", "", ((25, 26),))], "reject", "reject", [("ipv4", 26, "udp")], [("ipv4", 27, "udp")]),
        # the first rule counts
        (
            [Rule("drop", "", "tcp", ((25, 25),)), Rule("accept", "", "tcp", ((24, 26),))],
            "drop",
            "drop",
            [("ipv6", 24, "tcp"), ("ipv6", 26, "tcp")],
            [("ipv6", 25, "tcp")],
        ),
        ([Rule("accept", "ipv6", "tcp")], "drop", "drop", [("ipv6", 65535, "tcp")], [("ipv6", 1, "udp")]),
        # a rule about everything ends the list
        ([Rule("reject"), Rule("accept", "", "tcp", ((25, 25),))], "accept", "reject", [], [("ipv6", 25, "tcp")]),
        ([Rule("accept")], "drop", "accept", [], []),
        ([], "accept", "accept", [], []),
        # open except for some: what is let in is named port by port
        (
            [Rule("reject", "", "tcp", ((25, 25),))],
            "accept",
            "reject",
            [("ipv6", 26, "tcp"), ("ipv4", 25, "udp")],
            [("ipv6", 25, "tcp")],
        ),
    ],
)
def test_as_values(rules: list[Rule], policy: str, incoming: str, let_in: list[t.Any], kept_out: list[t.Any]) -> None:
    found = firewall_rules.host_firewall("ufw", rules, policy, forward={"ipv6": "drop"})
    assert (found.kind, found.incoming, found.forward) == ("ufw", incoming, {"ipv6": "drop"})
    assert all(found.at_the_door(*one) == "accept" for one in let_in)
    assert all(found.at_the_door(*one) == incoming != "accept" for one in kept_out)


def test_settings() -> None:
    text = "# A=1\n\nIPV6=yes\nDEFAULT_INPUT_POLICY=\"DROP\"\n DefaultZone = public \nX='a=b'\nnothing\n"
    expected = {"IPV6": "yes", "DEFAULT_INPUT_POLICY": "DROP", "DefaultZone": "public", "X": "a=b"}
    assert firewall_rules.settings(text) == expected


POLICY = (
    '<policy target="CONTINUE"><ingress-zone name="ANY"/><egress-zone name="docker"/>'
    '<rule family="ipv6"><destination address="2001:2:0:b1::25"/><port port="80-81" protocol="tcp"/><accept/></rule>'
    '<rule><port port="53" protocol="udp"/><accept/></rule>{more}</policy>'
)
PASSED = {(80, "tcp"), (81, "tcp"), (53, "udp")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (POLICY.format(more=""), PASSED),
        (POLICY.format(more="").replace('"docker"', '"ANY"'), PASSED),
        (POLICY.format(more="").replace('"docker"', '"HOST"'), set()),
        # for some clients only, for the other family, no way in, no port
        (POLICY.format(more='<rule><source address="::1"/><port port="1" protocol="tcp"/><accept/></rule>'), PASSED),
        (POLICY.format(more='<rule family="ipv4"><port port="1" protocol="tcp"/><accept/></rule>'), PASSED),
        (POLICY.format(more='<rule><port port="1" protocol="tcp"/><drop/></rule>'), PASSED),
        (POLICY.format(more='<rule><service name="smtp"/><accept/></rule>'), PASSED),
        ("", set()),
    ],
)
def test_policies_of_firewalld(text: str, expected: set[tuple[int, str]]) -> None:
    assert firewall_rules.policies([text]) == expected
