# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbour proxying on the host: what is found, what neighbours answer, units and drop-ins put in place."""

from __future__ import annotations

import contextlib
import glob
import ipaddress
import json
import os
import socket
import struct
import time
import typing as t

from ...change import plan as change_plan
from ...core.refused import Refused
from ...daemon import json_text
from ...daemon import plan as daemon_plan
from ...system.io import files as system_files
from ...system.io import kernel
from ...system.io import programs as system_programs
from .. import ndp_proxy, ndppd_conf, networkd
from .. import neighbours as routed_neighbours

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ...state.docker_objects import Ask
    from ...state.host import Found
    from ..ndp_steps import PlaceDropIn, PlaceUnit

QUESTIONS = ("address show", "route show", "neighbour show", "neighbour show proxy")
LINKS = "/run/systemd/netif/links"
NETWORKD = "systemd-networkd.service"
# How long a neighbour may take to answer, and what we started to show that it works, in seconds.
ANSWER, PATIENCE = 0.5, 10.0
# RFC 4861, sections 4.3 and 4.4.
NEIGHBOR_SOLICITATION, NEIGHBOR_ADVERTISEMENT, SOURCE_LINK_LAYER_ADDRESS = 135, 136, 1
# What a neighbour sends with, and how long an advertisement is without its options.
HOPS, ADVERTISEMENT = 255, 24
ICMP6_FILTER = 1  # linux/icmpv6.h
SOLICITED_NODE = int(ipaddress.IPv6Address("ff02::1:ff00:0"))


def plan(wanted: ndp_proxy.Wanted, found: Found, ask: Ask) -> ndp_proxy.NdpPlan:
    """The plan on fresh facts; what an earlier run left behind that died is taken back first, by itself.

    Raises:
        Refused: anything that must not or cannot be done; nothing was changed.
    """
    unfinished = ask.steps(found.record.get("unfinished"))
    if unfinished:
        return ndp_proxy.NdpPlan("", "", unfinished, (change_plan.UNFINISHED,))
    return ndp_proxy.plan(wanted, facts(found), answers)


def calls(network: str, options: Mapping[str, t.Any], found: Found) -> Iterator[dict[str, t.Any]]:
    """The options with which ndp_proxy is called: for subnets that the network gives up, and for the one wanted."""
    subnets = [subnet for candidate in found.networks if candidate.name == network for subnet in candidate.subnets6]
    for prefix in ndp_proxy.obsolete(found.record.get("ndp"), subnets, options.get("prefix", "")):
        yield {"state": ndp_proxy.ABSENT, "prefix": prefix}
    if options:
        yield {"state": ndp_proxy.PRESENT, **options}


def planned(
    calls: Iterable[dict[str, t.Any]], found: Found, ask: Ask
) -> list[tuple[dict[str, t.Any], ndp_proxy.NdpPlan]]:
    """Each call of ndp_proxy with its plan."""
    wanted = [(call, {**call, "addresses": tuple(call.get("addresses", ()))}) for call in calls]
    return [(call, plan(ndp_proxy.Wanted(**options), found, ask)) for call, options in wanted]


def facts(found: Found) -> routed_neighbours.Facts:
    """Everything that a plan needs to know, the host having been read already.

    Raises:
        Refused: a file or the kernel's tables cannot be read.
    """
    rows, routes, neighbours, proxied = _tables()
    names = routed_neighbours.interfaces(rows)
    units = _ours(f"{ndp_proxy.UNITS}/{ndp_proxy.UNIT_PREFIX}*.service")
    networks = _managed(rows)
    active = _running([*(os.path.basename(path) for path in units), *((NETWORKD,) if networks else ())])
    six = (endpoint.ipv6 for container in found.all_containers for endpoint in container.endpoints)
    return routed_neighbours.Facts(
        interfaces=names,
        addresses=routed_neighbours.addresses(rows),
        routes=routed_neighbours.routes(routes),
        neighbours=routed_neighbours.neighbours(neighbours),
        proxied=routed_neighbours.proxied(proxied),
        proxy_ndp={name: kernel.sysctl(f"net/ipv6/conf/{name}/proxy_ndp") or "0" for name in names},
        forwarding={
            interface: kernel.sysctl(f"net/ipv6/conf/{interface}/forwarding") or "0" for interface in ("all", *names)
        },
        no_ip_forward=found.path
        if daemon_plan.no_ip_forward(json_text.load(found.raw, found.path), found.daemon)
        else "",
        bridges=tuple(network.bridge for network in found.networks if network.bridge),
        containers=tuple(ipaddress.IPv6Address(address) for address in six if address),
        managed=networks if NETWORKD in active else {},
        units={os.path.basename(path): content for path, content in units.items()},
        drop_ins=_ours(f"{ndp_proxy.NETWORKS}/*.network.d/{ndp_proxy.DROP_IN_PREFIX}*.conf"),
        running=tuple(unit for unit in active if unit != NETWORKD),
        ndppd=system_programs.where("ndppd"),
        ndppd_conf=system_files.read(ndppd_conf.PATH),
        record=found.record.get("ndp", {}),
    )


def _tables() -> list[list[t.Any]]:
    """What `ip` answers to all questions, in one go."""
    said = system_programs.must("ip", "-6", "-json", "-batch", "-", stdin="\n".join(QUESTIONS))
    tables = []
    try:
        for _question in QUESTIONS:
            table, end = json.JSONDecoder().raw_decode(said.lstrip())
            tables.append(table)
            said = said.lstrip()[end:]
    except ValueError:
        raise Refused("it prints no JSON, which iproute2 4.14 and later does", "ip") from None
    return tables


def _ours(pattern: str) -> dict[str, bytes]:
    found = {path: system_files.read(path) for path in sorted(glob.glob(pattern))}
    return {path: content for path, content in found.items() if content is not None}


def _managed(rows: list[t.Any]) -> dict[str, routed_neighbours.Managed]:
    """interface -> how systemd-networkd manages it, or did when it last ran."""
    found = {}
    for row in rows:
        state = dict(line.partition("=")[::2] for line in _text(f"{LINKS}/{row.get('ifindex')}").splitlines())
        network = state.get("NETWORK_FILE", "")
        if network and state.get("ADMIN_STATE") not in ("unmanaged", "failed"):
            # Older versions do not name the drop-ins.
            places = (f"{folder}/{os.path.basename(network)}.d/*.conf" for folder in networkd.FOLDERS)
            drop_ins = sorted((path for place in places for path in glob.glob(place)), key=os.path.basename)
            found[row["ifname"]] = routed_neighbours.Managed(
                tuple((path, _text(path)) for path in (network, *drop_ins))
            )
    return found


def _text(path: str) -> str:
    return (system_files.read(path) or b"").decode(errors="replace")


def _running(units: list[str]) -> list[str]:
    """Those of the units that are active, and enabled if they are ours."""
    if not units:
        return []
    said = system_programs.must(
        "systemctl", "show", "-p", "Id", "-p", "ActiveState", "-p", "UnitFileState", "--", *units
    )
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in said.split("\n\n")]
    return [
        unit["Id"]
        for unit in blocks
        if unit.get("ActiveState") == "active" and (unit["Id"] == NETWORKD or unit.get("UnitFileState") == "enabled")
    ]


def answers(interface: str, addresses: tuple[ipaddress.IPv6Address, ...]) -> dict[ipaddress.IPv6Address, str]:
    """Which of these addresses a neighbour answers for, with its link-layer address; silence takes ANSWER seconds."""
    found: dict[ipaddress.IPv6Address, str] = {}
    if not addresses:
        return found
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as handle:
        index = socket.if_nametoindex(interface)
        handle.setsockopt(socket.IPPROTO_ICMPV6, ICMP6_FILTER, _only(NEIGHBOR_ADVERTISEMENT))
        handle.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, HOPS)
        handle.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        for address in addresses:
            group = ipaddress.IPv6Address(SOLICITED_NODE | int(address) & 0xFFFFFF)
            with contextlib.suppress(OSError):  # a link that is down has no neighbours
                handle.sendto(_solicitation(address, interface), (str(group), 0, 0, index))
        deadline = time.monotonic() + ANSWER
        while len(found) < len(addresses) and time.monotonic() < deadline:
            handle.settimeout(max(0.001, deadline - time.monotonic()))
            with contextlib.suppress(OSError):
                message, ancillary, _flags, _sender = handle.recvmsg(1500, socket.CMSG_SPACE(struct.calcsize("i")))
                target = _advertised(message, ancillary)
                if target in addresses:
                    found[target] = message[26:32].hex(":") or "another machine"
    return found


def _advertised(message: bytes, ancillary: Iterable[tuple[int, int, bytes]]) -> ipaddress.IPv6Address | None:
    """The address that a neighbour advertisement is about, if it is valid (RFC 4861, section 7.1.2).

    A router takes one from the hop limit, so only a neighbour's has all of them. The kernel has looked at the checksum.
    """
    hops = [
        struct.unpack("i", value)[0]
        for level, kind, value in ancillary
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT) and len(value) == struct.calcsize("i")
    ]
    if hops != [HOPS] or len(message) < ADVERTISEMENT or message[:2] != bytes([NEIGHBOR_ADVERTISEMENT, 0]):
        return None
    place = ADVERTISEMENT
    while place < len(message):
        length = 8 * message[place + 1] if place + 1 < len(message) else 0
        if length == 0 or place + length > len(message):
            return None
        place += length
    return ipaddress.IPv6Address(message[8:24])


def _solicitation(address: ipaddress.IPv6Address, interface: str) -> bytes:
    head = struct.pack("!BBHI", NEIGHBOR_SOLICITATION, 0, 0, 0)
    return head + address.packed + struct.pack("!BB", SOURCE_LINK_LAYER_ADDRESS, 1) + mac_of(interface)


def mac_of(interface: str) -> bytes:
    """The first six bytes of an interface's link-layer address."""
    with open(f"/sys/class/net/{interface}/address", encoding="ascii") as file:
        return bytes.fromhex(file.read().strip().replace(":", ""))[:6]


def _only(kind: int) -> bytes:
    """A filter (RFC 3542, section 3.2) that lets one type of message pass: on Linux a set bit blocks."""
    words = [0xFFFFFFFF] * 8
    words[kind >> 5] &= ~(1 << (kind & 31)) & 0xFFFFFFFF
    return struct.pack("=8I", *words)


def place_unit(step: PlaceUnit) -> None:
    """Stop the unit as it was, which takes its entries away; then have it as wanted."""
    path = f"{ndp_proxy.UNITS}/{step.unit}"
    if system_files.read(path) not in (None, step.content):
        system_programs.systemctl("stop", step.unit)
    if step.content is None:
        if system_files.read(path) is not None:
            system_programs.systemctl("disable", step.unit)
        system_files.write(path, None)
        system_programs.systemctl("daemon-reload")
        system_programs.systemctl("reset-failed", step.unit, needed=False)
        return
    system_files.write(path, step.content)
    system_programs.systemctl("daemon-reload")
    system_programs.systemctl("enable", step.unit)
    system_programs.systemctl("restart", step.unit)
    _await_unit(step)


def _await_unit(step: PlaceUnit) -> None:
    """Wait until a unit has run for a second without having been started again."""
    for _second in range(int(PATIENCE)):
        before = _started(step.unit)
        time.sleep(1)
        if before and before == _started(step.unit):
            return
    said = system_programs.must("journalctl", "--unit", step.unit, "--lines", "3", "--output", "cat", "--no-pager")
    raise Refused(f"it does not keep running: {' '.join(said.split())}", step.unit)


def _started(unit: str) -> str:
    """What changes whenever a unit is started; empty while it does not run."""
    said = system_programs.must(
        "systemctl", "show", "-p", "ActiveState", "-p", "ActiveEnterTimestampMonotonic", "--", unit
    )
    return said if "ActiveState=active\n" in said else ""


def place_drop_in(step: PlaceDropIn) -> None:
    """Have the drop-in as wanted and in force; systemd-networkd leaves what it no longer wants, so that goes by us."""
    wanted = networkd.addresses((step.content or b"").decode(errors="replace"))
    gone = set(networkd.addresses((step.old or b"").decode(errors="replace"))) - set(wanted)
    system_files.write(step.path, step.content)
    if step.content is None:
        with contextlib.suppress(OSError):  # it holds another program's files
            os.rmdir(os.path.dirname(step.path))
    system_programs.must("networkctl", "reload")
    _forget({ipaddress.IPv6Address(text) for text in gone})
    _await_entries({ipaddress.IPv6Address(text) for text in wanted}, step.interface)


def _entries() -> list[tuple[str, ipaddress.IPv6Address]]:
    said = system_programs.must("ip", "-6", "-json", "neighbour", "show", "proxy")
    return list(routed_neighbours.proxied(json.loads(said or "[]")))


def _forget(gone: Iterable[ipaddress.IPv6Address]) -> None:
    for interface, address in _entries():
        if address in gone:
            system_programs.must("ip", "-6", "neighbour", "delete", "proxy", str(address), "dev", interface)


def _await_entries(wanted: set[ipaddress.IPv6Address], interface: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while wanted - {address for name, address in _entries() if name == interface}:
        if time.monotonic() > deadline:
            missing = ", ".join(sorted(map(str, wanted - {address for _name, address in _entries()})))
            raise Refused(f"it does not answer for {missing}", NETWORKD, f"See journalctl -u {NETWORKD}")
        time.sleep(0.1)
