# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not happen: reasons to refuse before anything is changed."""

from __future__ import annotations

import ipaddress
import typing as t

from ..core.refused import Refused
from ..state import container_status

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ..state.docker_objects import Ask, Container, Port


def ipv4_only_ports(
    container: Container, listeners: Mapping[str, Iterable[tuple[str, int]]], protocol: str = "tcp"
) -> list[Port]:
    """Published ports of a protocol that nothing inside the container serves over IPv6.

    Once packets are translated instead of proxied, IPv6 clients of such a port are refused. A port that nothing
    serves in either family is not counted: it is unknown what its service will do.
    """
    six, four = ({port for address, port in listeners[family] if not _loopback(address)} for family in ("ipv6", "ipv4"))
    wanted = {
        port.container_port: port for port in container.ports if port.protocol == protocol and ":" in port.host_ip
    }
    return [port for number, port in sorted(wanted.items()) if number in four - six]


def bound_to_ipv4(container: Container) -> list[Port]:
    """Ports published on an IPv4 address by name (``0.0.0.0:25:25``), so never on IPv6; one on loopback does not count.

    Without an address Docker publishes on ``0.0.0.0`` and on ``::``.
    """
    six = {(port.container_port, port.protocol) for port in container.ports if ":" in port.host_ip}
    four = [
        port for port in container.ports if port.host_ip and ":" not in port.host_ip and not _loopback(port.host_ip)
    ]
    return [port for port in four if (port.container_port, port.protocol) not in six]


def _loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def refuse_restarting(container: Container) -> None:
    """Raise Refused for one that Docker takes off no network at this moment (seen on 20.10.24, 26.1.5 and 28.5.2)."""
    if container.status == container_status.RESTARTING:
        raise Refused(
            "it restarts by itself, and Docker takes it off a network only while it runs",
            f"container {container.name}",
            "Run it again when it runs, or is stopped",
        )


def refuse_ipv4_only(container: Container, ask: Ask) -> None:
    """Raise Refused for a container whose IPv6 clients would go from masked to refused."""
    ports = ipv4_only_ports(container, ask.listeners(container.pid))
    if any(port.protocol == "udp" for port in container.ports):
        ports += ipv4_only_ports(container, ask.udp(container.pid), "udp")
    if ports:
        numbers = ", ".join(f"{port.container_port}{'' if port.protocol == 'tcp' else '/udp'}" for port in ports)
        raise Refused(
            f"its service listens on IPv4 only on port {numbers}; IPv6 clients would be refused",
            f"container {container.name}",
            "Let the service listen on [::] (for DMS: POSTFIX_INET_PROTOCOLS and DOVECOT_INET_PROTOCOLS `all`)",
        )
