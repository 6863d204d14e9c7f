# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not happen: reasons to refuse before anything is changed."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ansible_collections.dms.ipv6.plugins.module_utils._found import Container, Port


def refuse_lost_default_route(learned_on: Iterable[str], accept_ra: Mapping[str, str | None]) -> None:
    """Raise Refused where the first IPv6 network would cut the host off.

    It makes dockerd switch net.ipv6.conf.all.forwarding on; with accept_ra=1 the kernel then drops the default route
    that it learned from a router advertisement, at once, and learns no other (moby#43466; measured on 20.10, 26.1 and
    28.5).

    Args:
        learned_on: interfaces with an IPv6 default route learned by the kernel itself.
        accept_ra: interface -> its net.ipv6.conf.*.accept_ra.
    """
    for interface in learned_on:
        if accept_ra.get(interface) == "1":
            raise Refused(
                "the IPv6 default route comes from router advertisements with accept_ra=1; the host would lose it when"
                " Docker switches forwarding on",
                f"interface {interface}",
                f"Set net.ipv6.conf.{interface}.accept_ra=2, now and in /etc/sysctl.d, then run this again",
            )


def ipv4_only_ports(container: Container, listeners: Mapping[str, Iterable[tuple[str, int]]]) -> list[Port]:
    """Published TCP ports that nothing inside the container serves over IPv6.

    Once packets are translated instead of proxied, IPv6 clients of such a port are refused. A port that nothing
    serves in either family is not counted: nobody can tell what its service will do.
    """
    six, four = ({port for address, port in listeners[family] if not _loopback(address)} for family in ("ipv6", "ipv4"))
    wanted = {one.container_port: one for one in container.ports if one.protocol == "tcp" and ":" in one.host_ip}
    return [one for number, one in sorted(wanted.items()) if number in four - six]


def _loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def refuse_ipv4_only(container: Container, listeners: Mapping[str, Iterable[tuple[str, int]]]) -> None:
    """Raise Refused for a container whose IPv6 clients would go from masked to refused."""
    ports = ipv4_only_ports(container, listeners)
    if ports:
        numbers = ", ".join(str(one.container_port) for one in ports)
        raise Refused(
            f"its service listens on IPv4 only on port {numbers}; IPv6 clients would be refused",
            f"container {container.name}",
            "Let the service listen on [::] (for DMS: POSTFIX_INET_PROTOCOLS and DOVECOT_INET_PROTOCOLS `all`)",
        )
