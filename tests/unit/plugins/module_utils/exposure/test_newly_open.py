# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports that enabling IPv6 opens past the host's firewall."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import iptables, newly_open, published
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state import firewall as state_firewall
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    PORT4,
    container,
    endpoint,
    network,
)

UFW, FIREWALLD, NONE = (state_firewall.HostFirewall(kind) for kind in ("ufw", "firewalld", ""))
ANYWHERE = docker_objects.Port(80, "tcp", "", 8080)
DUAL = container("mail", endpoint("dms-ipv6", True))


def around(*containers: docker_objects.Container, **more: t.Any) -> published.Host:
    fields: dict[str, t.Any] = {
        "version": engine_version.parse("26.1.5"),
        "ip6tables": False,
        "userland_proxy": True,
        "forwards": True,
        "networks": (BRIDGE, network()),
        "firewall": UFW,
        **more,
    }
    return published.Host(containers=containers, **fields)


def opened(host: published.Host, *joining: str) -> list[tuple[str, str]]:
    return [(str(one), one.now) for one in newly_open.opened(host, joining)]


@pytest.mark.parametrize(
    ("host", "joining", "expected"),
    [
        # who gets IPv6
        (around(container()), ("mail",), [("mail:8080/tcp", "timeout")]),
        (around(container()), ("mail-id",), [("mail:8080/tcp", "timeout")]),
        (around(container(), firewall=FIREWALLD), ("mail",), [("mail:8080/tcp", "refused")]),
        (around(container(), firewall=NONE), ("mail",), []),
        (around(container(), ip6tables=True), ("mail",), [("mail:8080/tcp", "timeout")]),
        (around(container()), (), []),
        (around(container(), container("web")), ("mail",), [("mail:8080/tcp", "timeout")]),
        # who has it already, and is reached once ip6tables is on
        (around(DUAL), (), [("mail:8080/tcp", "timeout")]),
        (around(DUAL, userland_proxy=False), (), [("mail:8080/tcp", "timeout")]),
        (around(DUAL, ip6tables=True), (), []),
        (around(DUAL, ip6tables=None), (), []),
        # what the firewall lets in already is masked today, and closes nothing
        (around(container(), firewall=UFW._replace(allowed_ports=frozenset({("ipv6", 8080, "tcp")}))), ("mail",), []),
        (
            around(container(), firewall=UFW._replace(allowed_ports=frozenset({("ipv4", 8080, "tcp")}))),
            ("mail",),
            [("mail:8080/tcp", "timeout")],
        ),
        (around(container(), firewall=UFW._replace(incoming="accept")), ("mail",), []),
        # never published on IPv6
        (around(container(ports=(PORT4,), bindings=(PORT4,))), ("mail",), []),
        (around(container(ports=(docker_objects.Port(80, "tcp", "::1", 8080),))), ("mail",), []),
        # without docker-proxy the engine lists no [::] for it
        (
            around(container(ports=(PORT4,), bindings=(ANYWHERE,)), userland_proxy=False),
            ("mail",),
            [("mail:8080/tcp", "timeout")],
        ),
        # no program answers over IPv6 inside
        (around(container(listeners={"ipv4": [("0.0.0.0", 80)], "ipv6": []})), ("mail",), []),
        (
            around(container(ports=(docker_objects.Port(53, "udp", "::", 53),))),
            ("mail",),
            [("mail:53/udp", "timeout")],
        ),
        (around(container(running=False)), ("mail",), []),
        (around(container(network_mode="host", listeners={"ipv4": [], "ipv6": [("::", 25)]})), ("mail",), []),
    ],
)
def test_opened(host: published.Host, joining: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    assert opened(host, *joining) == expected


def test_a_container_that_shares_its_network_is_opened_with_it() -> None:
    beside = container("beside", ports=(), network_mode="container:mail-id", endpoints=())
    assert opened(around(container(), beside), "mail") == [
        ("mail:8080/tcp", "timeout"),
        ("beside:8080/tcp", "timeout"),
    ]


def test_nothing_more_is_opened_afterwards() -> None:
    """On a host as it is once all is done, another look finds nothing."""
    host = around(container(), DUAL)
    after = host._replace(
        ip6tables=True,
        containers=(container()._replace(endpoints=(endpoint(), endpoint("dms-ipv6", True))), DUAL),
    )
    assert opened(host, "mail") != []
    assert opened(after, "mail") == []


MAIL, WEB = newly_open.Opened("mail", "25/tcp", "timeout"), newly_open.Opened("web", "80/tcp", "timeout")


@pytest.mark.parametrize(
    ("entries", "named"),
    [
        ((), "mail:25/tcp, web:80/tcp"),
        (("25/tcp",), "web:80/tcp"),
        (("mail:25/tcp",), "web:80/tcp"),
        (("web:25/tcp",), "mail:25/tcp, web:80/tcp"),
        (("25/udp",), "mail:25/tcp, web:80/tcp"),
        (("25/tcp", "web:80/tcp"), ""),
        (("all",), ""),
    ],
)
def test_refused_unless_named(entries: tuple[str, ...], named: str) -> None:
    if not named:
        newly_open.refuse([MAIL, WEB], entries, UFW)
        return
    with pytest.raises(Refused) as reason:
        newly_open.refuse([MAIL, WEB], entries, UFW)
    assert reason.value.remedy == f"Name what may be open in allow_exposure: {named}. Nothing was changed"
    assert "UFW closes today" in reason.value.problem
    assert ("container mail, port 25/tcp" in reason.value.problem) is ("mail" in named)


@pytest.mark.parametrize(
    "entry", ["", "25", "mail", "mail:25", "25/icmp", "25/TCP", ":25/tcp", "a:b:25/tcp", "tcp/25", "ALL", "25/tcp "]
)
def test_entries_that_name_nothing(entry: str) -> None:
    with pytest.raises(Refused, match="none of `all`, `25/tcp`, `mail:25/tcp`"):
        newly_open.refuse([], [entry], NONE)


@pytest.mark.parametrize(("firewall", "name"), [(FIREWALLD, "firewalld"), (NONE, "the host's firewall")])
def test_every_firewall_has_a_name(firewall: state_firewall.HostFirewall, name: str) -> None:
    with pytest.raises(Refused, match=f"{name} closes today"):
        newly_open.refuse([MAIL], (), firewall)


# --- rules for one family alone, as ufw-docker, fail2ban and CrowdSec make them

LED = "-A FORWARD -j DOCKER-USER\n"
RETURN = f"-P FORWARD DROP\n-N DOCKER-USER\n{LED}-A FORWARD -j DOCKER-FORWARD\n"
CLOSED = f"{RETURN}-A DOCKER-USER -d 172.16.0.0/12 -p tcp -m conntrack --ctstate NEW -j DROP\n"
CLOSED6 = f"{RETURN}-A DOCKER-USER -d fd00::/8 -p tcp -m conntrack --ctstate NEW -j DROP\n"
BANNED = f"{RETURN}-N f2b-mail\n-A DOCKER-USER -j f2b-mail\n-A f2b-mail -s 192.0.0.8/32 -j REJECT\n"


def rules(four: str, six: str, **more: t.Any) -> state_firewall.HostFirewall:
    chains = (*iptables.chains(four, "ipv4"), *iptables.chains(six, "ipv6"))
    return state_firewall.HostFirewall(chains=chains, **more)


KEPT = "container mail, port 8080/tcp: IPv4 clients are kept out by chain DOCKER-USER of iptables; nothing does that"


@pytest.mark.parametrize(
    ("four", "six", "version", "expected"),
    [
        (RETURN, RETURN, "28.5.2", ""),
        (CLOSED, RETURN, "28.5.2", KEPT),
        (CLOSED, "", "20.10.24", KEPT),
        (CLOSED, CLOSED6, "28.5.2", ""),
        # Before 23.0 Docker leads no IPv6 packet into that chain.
        (CLOSED, CLOSED6.replace(LED, ""), "20.10.24", KEPT),
        (
            BANNED,
            RETURN,
            "28.5.2",
            "chain DOCKER-USER of iptables keeps some clients out over IPv4, and that of ip6tables",
        ),
        (BANNED, BANNED.replace("192.0.0.8/32", "2001:2::8/128"), "28.5.2", ""),
        (BANNED, BANNED.replace(LED, ""), "20.10.24", "and Docker Engine 20.10.24 has no such chain for IPv6"),
        (RETURN, BANNED, "28.5.2", ""),
    ],
)
def test_rules_for_ipv4_alone(four: str, six: str, version: str, expected: str) -> None:
    host = around(container(), firewall=rules(four, six), version=engine_version.parse(version))
    found = newly_open.unequal(host, ("mail",))
    assert len(found) == bool(expected) and expected in "".join(found)


@pytest.mark.parametrize(("four", "ipv4"), [(RETURN, ""), (CLOSED, "chain DOCKER-USER of iptables")])
def test_whether_ipv4_clients_pass_already(four: str, ipv4: str) -> None:
    host = around(container(), firewall=rules(four, RETURN, kind="ufw"))
    (found,) = newly_open.opened(host, ("mail",))
    assert found.ipv4 == ipv4
    with pytest.raises(Refused) as reason:
        newly_open.refuse([found], (), host.firewall)
    assert ("keeps IPv4 clients out" in str(reason.value)) is bool(ipv4)


@pytest.mark.parametrize(
    ("four", "six", "there", "closed"),
    [
        (RETURN, RETURN, True, []),
        (CLOSED, RETURN, True, ["ipv4"]),
        # Where the network is not there yet, its address is unknown.
        (CLOSED, RETURN, False, ["ipv4"]),
        (CLOSED, CLOSED6, True, ["ipv4", "ipv6"]),
        (f"{RETURN}-A DOCKER-USER -p tcp -m tcp --dport 25 -j DROP\n", RETURN, True, []),
        (BANNED, BANNED, True, []),
    ],
)
def test_way_to_a_responder(four: str, six: str, there: bool, closed: list[str]) -> None:
    host = around(container(), firewall=rules(four, six), version=engine_version.parse("28.5.2"), ip6tables=True)
    found = published.closed_to_responder(["dms-ipv6" if there else "other"], host)
    assert sorted(found) == closed and set(found.values()) <= {
        *(f"chain DOCKER-USER of {name}" for name in ("iptables", "ip6tables")),
        *(one for one in found.values() if "where it is unknown" in one),
    }


@pytest.mark.parametrize(("four", "warned"), [(RETURN, False), (CLOSED, False), (f"{RETURN}{{0}}{{1}}", True)])
def test_rules_that_know_the_address_of_today(four: str, warned: bool) -> None:
    """`ufw-docker allow` names the container's address; IPv4 packets go to the new network's then."""
    named = "-A DOCKER-USER -d 172.17.0.2/32 -p tcp -j ACCEPT\n"
    text = four.replace("{0}", named).replace("{1}", CLOSED.replace(RETURN, ""))
    host = around(container(), firewall=rules(text, RETURN), version=engine_version.parse("28.5.2"))
    found = newly_open.shut(host, ("mail",))
    assert found == ({"container mail, port 8080/tcp: IPv4": ("ipv4", 8080)} if warned else {})
    assert all("unless its rules know the container's new address" in one for one in newly_open.warnings(found))
