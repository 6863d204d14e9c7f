# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where probes may connect to. A Docker host that an attacker controls must not choose targets in other networks."""

from __future__ import annotations

import ipaddress
import typing as t

from ..core import ip

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FAMILIES = {4: "ipv4", 6: "ipv6"}
# The responder's host ports: below the range for outgoing connections (ip-sysctl: from 32768).
PORTS = range(20000, 32768)
# In mode routed it is reached where it listens.
RESPONDER_PORT = 80
MOST_PORTS = 64
# Kinds of IPv6 addresses (ip.TABLE) that are not a host's, or lead back to the probe's own machine or link.
NO_HOST = ("unspecified", "loopback", "ipv4-mapped", "ipv4-compatible", "link-local", "multicast")
# Those that a host may report as its own.
REPORTED = ("gua", "ula", "undefined-ula", "benchmarking")


def why_not(text: str) -> str:
    """What an address is that no probe may connect to, empty where it may; documentation is refused as well."""
    value = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(value, ipaddress.IPv6Address):
        kind = ip.classify(ipaddress.IPv6Network(value))
        return kind.reason if kind.kind in (*NO_HOST, ip.DOCUMENTATION) else ""
    checks = (
        (value.is_loopback, "a loopback address"),
        (value.is_link_local, "link-local (RFC 3927)"),
        (value.is_multicast, "multicast"),
        (value in ipaddress.IPv4Network("0.0.0.0/8"), "not a host's address (RFC 1122)"),
        (value in ipaddress.IPv4Network("240.0.0.0/4"), "not a host's address (RFC 1112)"),
    )
    return next((words for applies, words in checks if applies), "")


def addresses(reported: t.Any, given: Mapping[str, t.Any], inventory: str, trust: bool) -> dict[str, str]:
    """Where probes reach a Docker host, by family.

    What the operator gave comes first. Then the inventory's own address, and what the host reports, if that is taken
    at all; public ones first, because many hosts are managed over a private network on which no client is.

    Args:
        reported: what the host says, family -> address; anything, because the host may be hostile.
        given: the operator's, family -> address or name.
        inventory: the inventory's address of the host; a name counts for nothing.
        trust: whether what the host reports is taken.
    """
    found: dict[str, str] = {}
    for version, family in FAMILIES.items():
        said = reported.get(family) if trust and isinstance(reported, dict) else None
        known = [address for address in (_own(inventory, version), _own(said, version)) if address]
        known.sort(key=lambda address: not ipaddress.ip_address(address).is_global)
        chosen = str(given.get(family) or "") or next(iter(known), "")
        if chosen:
            found[family] = chosen
    return found


def _own(text: t.Any, version: int) -> str:
    """An address of a family that can be a host's own, empty if it is anything else."""
    try:
        value = ipaddress.ip_address(text if isinstance(text, str) else "")
    except ValueError:
        return ""
    if value.version != version or why_not(str(value)):
        return ""
    if isinstance(value, ipaddress.IPv6Address) and (
        "%" in str(value) or ip.classify(ipaddress.IPv6Network(value)).kind not in REPORTED
    ):
        return ""
    return str(value)


class Asked(t.NamedTuple):
    """What the operator, or our own choice, allows.

    Attributes:
        addresses: where the host is reached, see addresses().
        families: over which to probe.
        port: the responder's host port, 0 for one of PORTS.
        subnet: in which containers have addresses of their own, empty for anywhere.
    """

    addresses: Mapping[str, str]
    families: Iterable[str]
    port: int = 0
    subnet: str = ""


def targets(wanted: Asked, own: t.Any, ports: t.Any, services: t.Any) -> list[dict[str, t.Any]]:
    """Each thing to probe: family, host, port, and whether it is a service that does not say which client it sees.

    Args:
        wanted: what is allowed.
        own: the responder's own IPv6 address; empty for none.
        ports: the responder's port by family, empty in check mode; as the host says it.
        services: published ports, each with its family and maybe an address of its own; as the host says it.
    """
    places = {**wanted.addresses, **({"ipv6": _inside(own, wanted.subnet)} if own else {})}
    found = []
    for family in [name for name in wanted.families if places.get(name)]:
        port = ports.get(family) if isinstance(ports, dict) else None
        inside = RESPONDER_PORT if own and family == "ipv6" else -1
        if _is_port(port) and (port in PORTS or port in (wanted.port, inside)):
            found.append({"family": family, "host": places[family], "port": port, "service": False})
    return found + _services(wanted, services)


def _services(wanted: Asked, services: t.Any) -> list[dict[str, t.Any]]:
    found: list[dict[str, t.Any]] = []
    for service in services if isinstance(services, (list, tuple)) else ():
        family, port, *rest = (
            [*service, None, None][: max(2, len(service))] if isinstance(service, (list, tuple)) else (None, None)
        )
        if family not in (*wanted.families,) or not _is_port(port):
            continue
        host = _inside(rest[0], wanted.subnet) if rest else wanted.addresses.get(family)
        if host and len({row["port"] for row in found} | {port}) <= MOST_PORTS:
            found.append({"family": family, "host": host, "port": port, "service": True})
    return found


def _inside(text: t.Any, subnet: str) -> str:
    """A container's own address, empty if it cannot be one."""
    found = _own(text, 6)
    try:
        network = ipaddress.IPv6Network(subnet)
    except ValueError:  # none given
        return found
    return found if found and ipaddress.IPv6Address(found) in network else ""


def _is_port(value: t.Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65535
