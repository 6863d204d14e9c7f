# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The firewall of containers with public addresses, as text of nftables: a table of our own, replaced in one piece.

It only ever closes: what it accepts must be accepted by every other chain as well. Its one other task, on engines
before 27.0, is a container's own address on outgoing packets. Docker masquerades those of every network there; a packet
that has been given an address already is left alone, even if that is the address that it had.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import typing as t

from ..core import ip
from ..core.refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ..state.host import TableFiles

NAME = "dms_ipv6"
# For the responder of a proof: what is in it goes by itself after a while.
PROBE = "probe"
# What you edit in our file does not stay.
HEAD = "# Written by dms.ipv6, which replaces this file and the table as a whole.\n"
EMPTY = f"table ip6 {NAME}\ndelete table ip6 {NAME}\n"
# RFC 4890, section 4.3.1: what must not be dropped, and echo requests.
ICMP = "destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request"
MARK = "dms.ipv6"
PROTOCOLS = ("tcp", "udp", "sctp")
BRIDGE = re.compile(r"[\w.-]{1,15}", re.ASCII)
COUNTED = re.compile(r"counter packets \d+ bytes \d+")
# What nft prints differently from what it was given: braces, commas, and the order of a set.
WORD = re.compile(r"[^\s{},]+")
PORTS = re.compile(r"ip6 daddr (?P<address>\S+) (?P<protocol>\w+) dport \{ (?P<ports>[\d, ]+) \} accept")
SOURCE = re.compile(r"ip6 saddr (?P<address>\S+) oifname")
SUBNET = re.compile(r'ip6 daddr != (?P<subnet>\S+) accept.*?iifname "(?P<bridge>[^"]+)" accept', re.DOTALL)


class Open(t.NamedTuple):
    """A port of a container that any client may reach."""

    address: str
    protocol: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}/{self.protocol}"


class Table(t.NamedTuple):
    """What the table says.

    Attributes:
        subnet: of the containers, closed from outside except ``ports``.
        bridge: the device of their network.
        ports: those that are open.
        sources: addresses that outgoing packets are to keep, where Docker would masquerade them.
    """

    subnet: str
    bridge: str
    ports: tuple[Open, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """What `nft -f` takes, and what stands in the file."""
        return HEAD + EMPTY + self._body(self._mark)

    @property
    def _mark(self) -> str:
        digest = hashlib.sha256(self._body("").encode()).hexdigest()[:12]
        return f' comment "{MARK} {digest}"'

    def _body(self, mark: str) -> str:
        forward = "".join(f"\t\t{rule}{mark}\n" for rule in self._forward())
        rest = "".join(f"\t\t{rule}{mark}\n" for rule in self._sources())
        head = "type filter hook forward priority -5; policy accept;"
        # Before Docker's own chain, which has priority 100.
        nat = f"\tchain postrouting {{\n\t\ttype nat hook postrouting priority 95; policy accept;\n{rest}\t}}\n"
        probe = f"\tset {PROBE} {{\n\t\ttype ipv6_addr . inet_service\n\t\tflags timeout\n\t}}\n"
        chain = f"\tchain forward {{\n\t\t{head}\n{forward}\t}}\n"
        return f"table ip6 {NAME} {{\n{probe}{chain}{nat if rest else ''}}}\n"

    def _forward(self) -> Iterator[str]:
        yield f"ip6 daddr != {self.subnet} accept"
        yield "ct state established,related accept"
        yield f"icmpv6 type {{ {ICMP} }} accept"
        yield f'iifname "{self.bridge}" accept'
        yield f"ip6 daddr . tcp dport @{PROBE} accept"
        for address, protocol in sorted({(port.address, port.protocol) for port in self.ports}):
            numbers = sorted(
                {entry.port for entry in self.ports if (entry.address, entry.protocol) == (address, protocol)}
            )
            yield f"ip6 daddr {address} {protocol} dport {{ {', '.join(map(str, numbers))} }} accept"
        yield "counter drop"

    def _sources(self) -> Iterator[str]:
        for address in self.sources:
            yield f'ip6 saddr {address} oifname != "{self.bridge}" snat to {address}'

    def loaded(self, listing: str) -> bool:
        """Whether a table listed by `nft list table` is this one: every rule of it as it should be, and no other."""
        wanted = [_words(rule + self._mark) for rule in (*self._forward(), *self._sources())]
        return [_words(rule) for rule in rules(listing)] == wanted


def in_file(found: TableFiles) -> Table | None:
    """The table that our file holds, None if there is none or it was edited."""
    return parse((found.file or b"").decode(errors="replace"))


def in_force(found: TableFiles) -> Table | None:
    """The table that the kernel has, None unless it is the one of the file."""
    table = in_file(found)
    return table if table and table.loaded(found.listing) else None


def table(subnet: str, bridge: str, ports: Iterable[tuple[str, str, int]], sources: Iterable[str]) -> Table:
    """The table of a module's options, all of which end up in a program's input.

    Raises:
        Refused: one of them is not what it should be.
    """
    network = ip.subnet(subnet)
    if not BRIDGE.fullmatch(bridge):
        raise Refused(
            f"'{bridge}' is not a name of a bridge device", "bridge", "Give 1 to 15 letters, digits, `.`, `_`, `-`"
        )
    opened = [Open(_inside(address, network, "ports"), protocol, port) for address, protocol, port in ports]
    wrong = [port for port in opened if not 0 < port.port < 1 << 16 or port.protocol not in PROTOCOLS]
    if wrong:
        raise Refused(f"{wrong[0]} is not a port", "ports", f"Give 1 to 65535, and one of {', '.join(PROTOCOLS)}")
    kept = {_inside(address, network, "sources") for address in sources}
    return Table(str(network), bridge, tuple(sorted({*opened})), tuple(sorted(kept)))


def _inside(text: str, network: ipaddress.IPv6Network, where: str) -> str:
    try:
        value = ipaddress.IPv6Address(text)
    except ValueError:
        raise Refused(f"'{text}' is not an IPv6 address", where) from None
    if value not in network:
        raise Refused(f"{value} is outside {network}", where)
    return str(value)


def rules(listing: str) -> list[str]:
    """The rules of all chains in a listing, in order."""
    found, within = [], False
    for line in (raw.strip() for raw in listing.splitlines()):
        if line.startswith("chain "):
            within = True
        elif line == "}":
            within = False
        elif within and line and not line.startswith("type "):
            found.append(line)
    return found


def _words(rule: str) -> list[str]:
    return sorted(WORD.findall(COUNTED.sub("counter", rule)))


def parse(text: str) -> Table | None:
    """The table in our file; None for any other text."""
    found = SUBNET.search(text)
    if not found:
        return None
    ports = tuple(
        Open(line["address"], line["protocol"], int(port))
        for line in PORTS.finditer(text)
        for port in line["ports"].split(", ")
    )
    sources = tuple(line["address"] for line in SOURCE.finditer(text))
    table = Table(found["subnet"], found["bridge"], ports, sources)
    return table if table.text == text else None
