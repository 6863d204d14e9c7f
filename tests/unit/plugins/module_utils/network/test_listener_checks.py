# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not happen."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.network import listener_checks
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import ask, container


@pytest.mark.parametrize("status", ["created", "running", "paused", "restarting", "removing", "exited", "dead"])
def test_only_one_that_restarts_cannot_be_taken_off_a_network(status: str) -> None:
    found = container("worker", status=status)
    if status == "restarting":
        with pytest.raises(Refused, match=r"container worker: it restarts by itself.* Run it again when it runs"):
            listener_checks.refuse_restarting(found)
    else:
        listener_checks.refuse_restarting(found)


def published(*ports: tuple[int, str, str]) -> docker_objects.Container:
    return container(ports=tuple(docker_objects.Port(number, protocol, ip, number) for number, protocol, ip in ports))


SMTP = published((25, "tcp", "0.0.0.0"), (25, "tcp", "::"))
BOTH = published((25, "tcp", "::"), (143, "tcp", "::"))


def listening(four: t.Any, six: t.Any) -> dict[str, list[tuple[str, int]]]:
    return {"ipv4": list(four), "ipv6": list(six)}


@pytest.mark.parametrize(
    ("found", "listeners", "numbers"),
    [
        (SMTP, listening([("0.0.0.0", 25)], []), [25]),
        (SMTP, listening([("172.17.0.2", 25)], []), [25]),
        (SMTP, listening([("0.0.0.0", 25)], [("::1", 25)]), [25]),
        (SMTP, listening([("0.0.0.0", 25)], [("::", 143)]), [25]),
        (SMTP, listening([("0.0.0.0", 25)], [("::", 25)]), []),
        (SMTP, listening([("0.0.0.0", 25)], [("fd12::2", 25)]), []),
        (SMTP, listening([], [("::", 25)]), []),
        (SMTP, listening([], []), []),
        (SMTP, listening([("127.0.0.1", 25)], []), []),
        (SMTP, listening([("127.0.0.11", 41234)], []), []),
        (BOTH, listening([("0.0.0.0", 25), ("0.0.0.0", 143)], [("::", 25)]), [143]),
        (BOTH, listening([("0.0.0.0", 143), ("0.0.0.0", 25)], []), [25, 143]),
        (published((25, "tcp", "0.0.0.0")), listening([("0.0.0.0", 25)], []), []),
        (published((53, "udp", "::")), listening([("0.0.0.0", 53)], []), []),
        (published(), listening([("0.0.0.0", 25)], []), []),
    ],
)
def test_ipv4_only_ports(found: docker_objects.Container, listeners: t.Any, numbers: list[int]) -> None:
    assert [one.container_port for one in listener_checks.ipv4_only_ports(found, listeners)] == numbers
    if not numbers:
        listener_checks.refuse_ipv4_only(found, ask(listeners=lambda _pid: listeners))
        return
    with pytest.raises(Refused) as reason:
        listener_checks.refuse_ipv4_only(found, ask(listeners=lambda _pid: listeners))
    words = ", ".join(map(str, numbers))
    assert f"container mail: its service listens on IPv4 only on port {words}; IPv6 clients would be refused" in str(
        reason.value
    )


DNS = published((53, "tcp", "::"), (53, "udp", "::"), (51820, "udp", "::"))
EVERYWHERE, FOUR = listening([("0.0.0.0", 53)], [("::", 53)]), listening([("0.0.0.0", 53), ("0.0.0.0", 51820)], [])


@pytest.mark.parametrize(
    ("tcp", "udp", "ports"),
    [
        (EVERYWHERE, EVERYWHERE, ""),
        (EVERYWHERE, FOUR, "53/udp, 51820/udp"),
        (FOUR, EVERYWHERE, "53"),
        (FOUR, FOUR, "53, 53/udp, 51820/udp"),
        (EVERYWHERE, listening([("0.0.0.0", 53)], [("::", 53), ("::", 51820)]), ""),
    ],
)
def test_udp_counts_as_well(tcp: t.Any, udp: t.Any, ports: str) -> None:
    asked = ask(listeners=lambda _pid: tcp, udp=lambda _pid: udp)
    if not ports:
        return listener_checks.refuse_ipv4_only(DNS, asked)
    with pytest.raises(Refused, match=f"listens on IPv4 only on port {ports}; IPv6 clients would be refused"):
        listener_checks.refuse_ipv4_only(DNS, asked)
    return None


PORT4, PORT6 = docker_objects.Port(80, "tcp", "0.0.0.0", 8080), docker_objects.Port(80, "tcp", "::", 8080)


@pytest.mark.parametrize(
    ("ports", "bound"),
    [
        ((), []),
        ((PORT4, PORT6), []),
        ((PORT6,), []),
        ((PORT4,), [PORT4]),
        ((docker_objects.Port(80, "tcp", "127.0.0.1", 8080),), []),
        ((docker_objects.Port(80, "tcp", "198.18.0.7", 8080),), [docker_objects.Port(80, "tcp", "198.18.0.7", 8080)]),
        ((PORT4, docker_objects.Port(80, "udp", "::", 8080)), [PORT4]),
        ((PORT4, docker_objects.Port(81, "tcp", "::", 8081)), [PORT4]),
        ((docker_objects.Port(80, "tcp", "", 0),), []),
    ],
)
def test_bound_to_ipv4(ports: tuple[docker_objects.Port, ...], bound: list[docker_objects.Port]) -> None:
    assert listener_checks.bound_to_ipv4(container(ports=ports)) == bound
