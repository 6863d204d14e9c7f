# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of nftables and of ip6tables, and what becomes of a new connection that any client makes.

A condition is met (True), not met (False), or cannot be judged (None). A rule about certain clients only counts neither
way, because the client is any other; so does a rule about those that come too often. What comes of a rule that cannot
be judged is possible, and so is what comes of the rules behind it: where both accepting and dropping are possible,
the answer is UNKNOWN.
"""

from __future__ import annotations

import ipaddress
import types
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ACCEPT, DROP, REJECT, UNKNOWN = "accept", "drop", "reject", "unknown"
RETURN, JUMP, GOTO = "return", "jump", "goto"
# ROUTER is the whole chain FORWARD of iptables, of which what Docker translates passes the beginning only.
INPUT, FORWARD, ROUTER = "input", "forward", "router"
# Addresses that clients elsewhere have, and the longest prefix that is too large to be about certain clients.
CLIENTS = {"ipv4": ipaddress.ip_network("0.0.0.0/0"), "ipv6": ipaddress.ip_network("2000::/3")}
LARGE = {4: 7, 6: 11}
# No packet to a service has such a destination.
NEVER_TO = tuple(map(ipaddress.ip_network, ("127.0.0.0/8", "224.0.0.0/4", "::1/128", "ff00::/8", "fe80::/10")))
PROTOCOLS = {"6": "tcp", "17": "udp", "58": "ipv6-icmp", "1": "icmp", "132": "sctp", "icmpv6": "ipv6-icmp"}
ETHERTYPES = {"ip": "ipv4", "ip6": "ipv6"}
EPHEMERAL = (32768, 60999)


class Packet(t.NamedTuple):
    """The first packet of a connection.

    Attributes:
        hook: input where it is for the host, forward where it is for a container.
        port: that it is for; ``host_port`` the one that the client connected to.
        incoming: interfaces that clients come in by.
        outgoing: the bridge that it leaves by.
        to: its destination; empty where it is not known yet.
        translated: whether Docker has changed its destination.
    """

    hook: str
    family: str
    protocol: str
    port: int
    host_port: int
    incoming: frozenset[str]
    outgoing: str = ""
    to: str = ""
    translated: bool = False


class Condition(t.NamedTuple):
    """One condition of a rule: a field that has one of these values, or none of them; ranges are pairs."""

    field: str
    values: tuple[t.Any, ...] = ()
    negated: bool = False


class Rule(t.NamedTuple):
    """Conditions that all must be met, and what follows: a verdict, or a chain; empty for none."""

    conditions: tuple[Condition, ...]
    verdict: str
    chain: str = ""
    text: str = ""


class Chain(t.NamedTuple):
    """A chain that packets come to first, with what it jumps to.

    Attributes:
        name: as its administrator would call it.
        hook: input, forward or router.
        families: that it sees.
        chains: all chains of its table, by name.
        policy: what becomes of packets that no rule is about.
        always: False where it is in use only once Docker has its rules for IPv6.
    """

    name: str
    hook: str
    families: tuple[str, ...]
    rules: tuple[Rule, ...]
    chains: Mapping[str, tuple[Rule, ...]] = types.MappingProxyType({})
    policy: str = ACCEPT
    always: bool = True


class Outcome(t.NamedTuple):
    """What becomes of a packet, and by which chain, as a clause."""

    verdict: str
    by: str = ""


def outcome(chains: Iterable[Chain], packet: Packet, docker: bool = False) -> Outcome:
    """What becomes of a packet: every chain has to accept it.

    Args:
        chains: all that there are.
        packet: the packet.
        docker: whether chains count that Docker puts to use.
    """
    found = [
        _by_chain(chain, packet)
        for chain in chains
        if chain.hook == packet.hook and packet.family in chain.families and (chain.always or docker)
    ]
    shut = [outcome for outcome in found if outcome.verdict in (DROP, REJECT)]
    return next(iter([*shut, *(outcome for outcome in found if outcome.verdict == UNKNOWN)]), Outcome(ACCEPT))


def closes(chains: Mapping[str, tuple[Rule, ...]], name: str) -> bool:
    """Whether a chain, or one that it leads to, drops or rejects packets of any kind."""
    waiting, seen = [name], {name}
    while waiting:
        for rule in chains.get(waiting.pop(), ()):
            if rule.verdict in (DROP, REJECT):
                return True
            if rule.chain and rule.chain not in seen:
                seen.add(rule.chain)
                waiting.append(rule.chain)
    return False


def _by_chain(chain: Chain, packet: Packet) -> Outcome:
    walk = _Walk(chain.chains, packet)
    ends, goes_on = walk.through(chain.rules, 0)
    if goes_on:
        ends.append(chain.policy)
    if {*ends} == {ACCEPT}:
        return Outcome(ACCEPT)
    if not {*ends} & {ACCEPT, UNKNOWN}:
        return Outcome(ends[0], chain.name)
    return Outcome(UNKNOWN, f"{chain.name}, where it is unknown what `{walk.doubt}` does")


class _Walk:
    """The ways that a packet may take; ``doubt`` is the first rule that cannot be judged."""

    def __init__(self, chains: Mapping[str, tuple[Rule, ...]], packet: Packet) -> None:
        self.chains = chains
        self.packet = packet
        self.doubt = ""
        self.known: dict[str, tuple[list[str], bool]] = {}

    def through(self, rules: Sequence[Rule], depth: int) -> tuple[list[str], bool]:
        """Verdicts that are possible, and whether the packet may come out at the end of these rules."""
        ends: list[str] = []
        comes_back = False
        for rule in rules:
            met = _all([_met(condition, self.packet, rule.verdict) for condition in rule.conditions])
            if met is False or not rule.verdict:
                continue
            if met is None or rule.verdict == UNKNOWN:
                self.doubt = self.doubt or rule.text
            more, goes_on = self._follow(rule, depth)
            ends += more
            if rule.verdict in (GOTO, RETURN):
                comes_back, goes_on = comes_back or goes_on, False
            if met and not goes_on:
                return ends, comes_back
        return ends, True

    def _follow(self, rule: Rule, depth: int) -> tuple[list[str], bool]:
        if rule.verdict == RETURN:
            return [], True
        if rule.verdict not in (JUMP, GOTO):
            return [rule.verdict], False
        if rule.chain not in self.chains or depth > 16:
            self.doubt = self.doubt or rule.text
            return [UNKNOWN], True
        if rule.chain not in self.known:
            self.known[rule.chain] = self.through(self.chains[rule.chain], depth + 1)
        ends, goes_on = self.known[rule.chain]
        return [*ends], goes_on


def _all(found: list[bool | None]) -> bool | None:
    return False if False in found else None if None in found else True


def _any(found: Iterable[bool | None]) -> bool | None:
    every = [*found]
    return True if True in every else None if None in every else False


def _met(condition: Condition, packet: Packet, verdict: str) -> bool | None:
    judge = FIELDS.get(condition.field)
    if judge is not None:
        met = _any(judge(value, packet) for value in condition.values)
        return not met if condition.negated and met is not None else met
    if condition.field == "seldom":  # a limit: it turns away who comes too often
        return True if verdict == ACCEPT else None
    if condition.field == "often":
        return False
    if condition.field == "listed" and not condition.negated:  # a set of clients that was not read
        return False if verdict in (DROP, REJECT) else None
    if condition.field == "concat":
        return _any(_all([_met(part, packet, verdict) for part in parts]) for parts in condition.values)
    return None


def _port(value: t.Any, port: int) -> bool | None:
    if isinstance(value, tuple):
        return bool(value[0] <= port <= value[1])
    return value == port if isinstance(value, int) else None


def _source_port(value: t.Any, _packet: Packet) -> bool | None:
    first, last = value if isinstance(value, tuple) else (value, value)
    if not isinstance(first, int) or not isinstance(last, int):
        return None
    if first <= 1024 and last >= EPHEMERAL[1]:
        return True
    return None if last >= 1024 else False


def _client(value: t.Any, packet: Packet) -> bool | None:
    """Whether clients anywhere have such an address."""
    networks = _networks(value)
    found: list[bool | None] = []
    for network in networks or ():
        clients = CLIENTS[packet.family]
        if network.version != clients.version:
            found.append(False)
        elif network.prefixlen <= clients.prefixlen and network.overlaps(clients):
            found.append(True)
        else:
            found.append(None if network.prefixlen <= LARGE[network.version] and network.overlaps(clients) else False)
    return _any(found) if networks else None


def clients(values: Iterable[str], family: str) -> bool:
    """Whether these addresses are those of all clients."""
    packet = Packet(INPUT, family, "tcp", 0, 0, frozenset())
    return _any(_client(value, packet) for value in values) is True


def _destination(value: t.Any, packet: Packet) -> bool | None:
    networks = _networks(value)
    if networks is None:
        return None
    if all(
        any(network.version == never.version and network.subnet_of(never) for never in NEVER_TO) for network in networks
    ):
        return False
    if not packet.to:
        return True if any(network.prefixlen == 0 for network in networks) else None
    return any(ipaddress.ip_address(packet.to) in network for network in networks)


def _networks(value: t.Any) -> list[t.Any] | None:
    """A network, an address, or a pair of addresses as networks; None if it is none of them."""
    try:
        if isinstance(value, tuple):
            first, last = map(ipaddress.ip_address, value)
            return [*ipaddress.summarize_address_range(first, last)]
        return [ipaddress.ip_network(value, strict=False)]
    except (ValueError, TypeError):
        return None


def interface(pattern: t.Any, names: Iterable[str]) -> bool | None:
    """Whether a rule about an interface, perhaps with a wildcard at its end, is about all of these, or none of them."""
    text = str(pattern)
    matches = {name.startswith(text[:-1]) if text[-1:] in ("*", "+") else name == text for name in names}
    if not matches:
        return False if text == "lo" else None
    return None if len(matches) > 1 else matches.pop()


def _flags(value: t.Any, _packet: Packet) -> bool | None:
    mask, set_ones = value
    return {"syn"} & {*mask} == {*set_ones}


def _name(value: t.Any) -> str:
    return PROTOCOLS.get(str(value).lower(), str(value).lower())


# What a new connection from elsewhere to a service has; a name in lower case.
FIELDS: dict[str, t.Callable[[t.Any, Packet], bool | None]] = {
    "dport": lambda value, packet: _port(value, packet.port),
    "sport": _source_port,
    "original": lambda value, packet: _port(value, packet.host_port),
    "saddr": _client,
    "daddr": _destination,
    "iif": lambda value, packet: interface(value, packet.incoming),
    "oif": lambda value, packet: interface(value, {packet.outgoing} - {""}) if packet.outgoing else False,
    "protocol": lambda value, packet: _name(value) in (packet.protocol, "all"),
    "family": lambda value, packet: ETHERTYPES.get(value, value) == packet.family,
    "state": lambda value, packet: _name(value) == "new" or (_name(value) == "dnat" and packet.translated),
    "status": lambda value, packet: _name(value) == "dnat" and packet.translated,
    "direction": lambda value, _packet: _name(value) == "original",
    "type": lambda value, packet: _name(value) == ("local" if packet.hook == INPUT else "unicast"),
    "cast": lambda value, _packet: _name(value) in ("host", "unicast"),
    "flags": _flags,
    "never": lambda _value, _packet: False,
}
