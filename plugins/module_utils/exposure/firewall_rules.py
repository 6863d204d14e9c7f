# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""UFW's and firewalld's own texts read as rules about ports: what is let in from anywhere, and what is not.

A rule with a condition that cannot be judged before a packet comes (the client's address, a rate) counts neither way.
"""

from __future__ import annotations

import re
import shlex
import typing as t

from ..state import packet_filter
from ..state.firewall import ACCEPT, DROP, FAMILIES, IPV4, IPV6, REJECT, HostFirewall

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

PROTOCOLS = ("tcp", "udp")
EVERY = (0, 65535)
NUMBER = re.compile(r"[0-9]{1,5}")
# What UFW's chains are called, by family.
UFW_CHAINS = {"ipv4": "ufw", "ipv6": "ufw6"}
# A limit is a way to accept: it turns away who comes too often.
UFW_TARGETS = {"ACCEPT": ACCEPT, "ufw-user-limit-accept": ACCEPT, "ufw6-user-limit-accept": ACCEPT}
TARGETS = {**UFW_TARGETS, "DROP": DROP, "REJECT": REJECT}
# firewalld's names of what becomes of packets that no rule of a zone is about.
ZONE_TARGETS = {"ACCEPT": ACCEPT, "DROP": DROP}
UFW_OPTIONS = {"-A", "-i", "-o", "-d", "-p", "-m", "-j", "--dport", "--dports", "--comment", "--reject-with"}
INPUT = "filter_INPUT"
VERDICT = re.compile(r"(?:^|\s)(?P<verdict>accept|drop|return|reject\b.*|(?P<how>jump|goto) (?P<chain>\S+))$")
# A new connection to this host meets these conditions, and those in NEVER it does not.
ALWAYS = re.compile(r"ct state (?:\{ )?new[^}\s]*(?: untracked)?(?: \})?|counter packets \d+ bytes \d+")
NEVER = re.compile(r'ct state (?:\{ )?(?:established|related|invalid)\b|ct status dnat|iifname "lo"')
CONDITION = {
    "interfaces": re.compile(r'iifname (?P<value>"[^"]+"|\{[^}]*\})'),
    "family": re.compile(r"meta nfproto (?P<value>ipv[46])"),
    "clients": re.compile(r"(?P<family>ip6?) saddr (?P<value>\{[^}]*\}|[\w.:/]+)"),
    "ports": re.compile(r"(?P<protocol>tcp|udp|sctp) dport (?P<value>\{[^}]*\}|[\d-]+)"),
}


class Rule(t.NamedTuple):
    """What becomes of connections to some ports; empty fields stand for all families, all protocols."""

    verdict: str
    family: str = ""
    protocol: str = ""
    ports: tuple[tuple[int, int], ...] = (EVERY,)

    @property
    def named(self) -> bool:
        """Whether it is about less than everything."""
        return bool(self.protocol) or self.ports != (EVERY,)

    def about(self, family: str, port: int, protocol: str) -> bool:
        """Whether it is about a port."""
        named = self.family in ("", family) and self.protocol in ("", protocol)
        return named and any(first <= port <= last for first, last in self.ports)


def decided(rules: Iterable[Rule], family: str, port: int, protocol: str) -> str:
    """What the first rule that is about a port does with it; empty for none."""
    return next((rule.verdict for rule in rules if rule.about(family, port, protocol)), "")


def host_firewall(kind: str, rules: Collection[Rule], policy: str, **more: t.Any) -> HostFirewall:
    """The firewall as values.

    Args:
        kind: of exposure.published.
        rules: about packets to the host, in order.
        policy: what becomes of those that no rule is about.
        more: the other fields.
    """
    rest = next((rule.verdict for rule in rules if not rule.named and rule.about(IPV6, 0, "")), policy)
    closing = [rule.verdict for rule in rules if rule.named and rule.verdict != ACCEPT]
    if rest != ACCEPT:
        ranges = [rule for rule in rules if rule.named and rule.verdict == ACCEPT]
        return HostFirewall(kind, _let_in(ranges, rules, policy), rest, **more)
    if not closing:
        return HostFirewall(kind, frozenset(), ACCEPT, **more)
    return HostFirewall(kind, _let_in([Rule(ACCEPT)], rules, policy), closing[0], **more)


def _let_in(ranges: Iterable[Rule], rules: Collection[Rule], policy: str) -> frozenset[tuple[str, int, str]]:
    """Those ports of some ranges that the rules let in, as (family, port, protocol)."""
    return frozenset(
        (family, port, protocol)
        for rule in ranges
        for family in FAMILIES
        for protocol in PROTOCOLS
        for first, last in rule.ports
        for port in range(first, last + 1)
        if rule.about(family, port, protocol) and (decided(rules, family, port, protocol) or policy) == ACCEPT
    )


def settings(text: str) -> dict[str, str]:
    """NAME=value lines of a file such as /etc/default/ufw or firewalld.conf, quotes taken off."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line and not line.lstrip().startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _equals, value in pairs}


def ufw(text: str, family: str, uplinks: Collection[str], chain: str = "user-input") -> list[Rule]:
    """The rules of a user.rules or user6.rules, in order."""
    head = f"{UFW_CHAINS[family]}-{chain}"
    lines = (line for line in text.splitlines() if line.startswith(f"-A {head} "))
    return [rule for line in lines for rule in [_ufw_rule(line, family, uplinks)] if rule]


def _ufw_rule(line: str, family: str, uplinks: Collection[str]) -> Rule | None:
    found: dict[str, str] = {}
    try:
        words = iter(shlex.split(line))
        for word in words:
            found[word] = next(words)
            if word == "-m" and found[word] not in ("multiport", "comment", "tcp", "udp"):
                return None
    except (ValueError, StopIteration):  # no pairs of option and value
        return None
    if not found.keys() <= UFW_OPTIONS:
        return None
    # An address of the host's own, and the way out of a packet that is let through, are for `ufw route` to name.
    elsewhere = "-i" in found and not _of_an_uplink([found["-i"]], uplinks)
    verdict = TARGETS.get(found.get("-j", ""))
    if elsewhere or verdict is None or ("-d" in found and "-forward" not in found["-A"]):
        return None
    ports = found.get("--dport") or found.get("--dports")
    return Rule(verdict, family, found.get("-p", ""), _ports(ports, ":") if ports else (EVERY,))


def _ports(text: str, dash: str) -> tuple[tuple[int, int], ...]:
    """``80,6000:6007`` or ``80, 6000-6007`` as ranges; what is not a number is left out."""
    parts = (part.strip().partition(dash) for part in text.strip("{} ").split(","))
    pairs = ((first, last or first) for first, _dash, last in parts)
    return tuple((int(first), int(last)) for first, last in pairs if NUMBER.fullmatch(first) and NUMBER.fullmatch(last))


def firewalld(ruleset: str, uplinks: Collection[str]) -> list[Rule]:
    """The rules of firewalld's table of nftables for packets to the host that come in by an uplink, in order."""
    parts = re.split(r"^\s*chain (\S+) \{$", ruleset, flags=re.MULTILINE)
    chains = {name: [line.strip() for line in body.splitlines()] for name, body in zip(parts[1::2], parts[2::2])}
    return list(_flat(INPUT, chains, uplinks, 0))


def _flat(chain: str, chains: Mapping[str, list[str]], uplinks: Collection[str], depth: int) -> Iterator[Rule]:
    """A chain with those that it jumps to written out in their place."""
    for line in chains.get(chain, ()) if depth < 16 else ():
        found = VERDICT.search(line)
        rule = _conditions(line[: found.start()], uplinks) if found else None
        # firewalld tells no packets apart by port or family before it has found their zone.
        if found is None or rule is None or (found["chain"] and rule.named):
            continue
        if found["chain"] and rule.family:
            zoned = _flat(found["chain"], chains, uplinks, depth + 1) if "saddr" in line else ()
            yield from (
                zone_rule._replace(family=rule.family) for zone_rule in zoned if zone_rule.family in ("", rule.family)
            )
            continue
        if found["chain"]:
            yield from _flat(found["chain"], chains, uplinks, depth + 1)
        elif found["verdict"] != "return":
            verdict = REJECT if found["verdict"].startswith(REJECT) else found["verdict"]
            yield Rule(verdict, rule.family, rule.protocol, rule.ports)
        if found["how"] == "goto" or found["verdict"] == "return":
            return


def _conditions(text: str, uplinks: Collection[str]) -> Rule | None:
    """What a rule is about; None where it is not about new connections by an uplink, or that is unknown."""
    if NEVER.search(text):
        return None
    rest, found = ALWAYS.sub("", text), {}
    for name, pattern in CONDITION.items():
        match = pattern.search(rest)
        if match:
            found[name] = match
            rest = rest.replace(match[0], "", 1)
    if rest.strip():
        return None
    if "interfaces" in found and not _of_an_uplink(re.findall(r'"([^"]+)"', found["interfaces"]["value"]), uplinks):
        return None
    family = found["family"]["value"] if "family" in found else ""
    if "clients" in found:  # a zone, or a rule, by source: it counts where it is about all clients
        family = {"ip": IPV4, "ip6": IPV6}[found["clients"]["family"]]
        if not packet_filter.clients(re.findall(r"[\w.:/]+", found["clients"]["value"]), family):
            return None
    if "ports" not in found:
        return Rule("", family)
    return Rule("", family, found["ports"]["protocol"], _ports(found["ports"]["value"], "-"))


def _of_an_uplink(patterns: Iterable[str], uplinks: Collection[str]) -> bool:
    """Whether an interface's name, perhaps with a wildcard at its end, is that of an uplink."""
    return any(packet_filter.interface(pattern, [name]) for pattern in patterns for name in uplinks)


def zone(text: str, services: Mapping[str, str]) -> list[Rule]:
    """The rules of a zone as firewalld's file has it, ``services`` being the texts of those that it may name."""
    texts = [text, *(services[name] for name in re.findall(r'<service name="([^"]+)"', text) if name in services)]
    plain = (re.sub(r"<rule\b.*?</rule>", "", text, flags=re.DOTALL) for text in texts)
    tags = [tag for text in plain for tag in re.findall(r"<port\b[^>]*>", text)]
    pairs = [(re.search(r'port="([\d-]+)"', tag), re.search(r'protocol="(\w+)"', tag)) for tag in tags]
    rules = [Rule(ACCEPT, "", by[1], _ports(port[1], "-")) for port, by in pairs if port and by]
    target = re.search(r'<zone\b[^>]*target="([^"]+)"', text)
    return [*rules, Rule(ZONE_TARGETS.get(target[1] if target else "", REJECT))]


def policies(texts: Iterable[str]) -> frozenset[tuple[int, str]]:
    """Ports that policies of firewalld let through to Docker's networks, which are in the zone docker.

    A rule for some clients only counts for none; which container it is for is left to its author, as with `ufw route`.
    """
    rules = [
        rule
        for text in texts
        if re.search(r'<egress-zone name="(?:docker|ANY)"', text)
        for rule in re.findall(r"<rule\b.*?</rule>", text, flags=re.DOTALL)
        if "<accept" in rule and "<source" not in rule and 'family="ipv4"' not in rule
    ]
    found = (re.search(r'<port port="(?P<ports>[\d-]+)" protocol="(?P<protocol>\w+)"', rule) for rule in rules)
    return frozenset(
        (port, match["protocol"])
        for match in found
        if match
        for first, last in _ports(match["ports"], "-")
        for port in range(first, last + 1)
    )
