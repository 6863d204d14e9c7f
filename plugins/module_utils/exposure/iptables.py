# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `iptables -S` and `ip6tables -S` print, as chains of state.packet_filter."""

from __future__ import annotations

import shlex
import typing as t

from ..state.packet_filter import (
    ACCEPT,
    DROP,
    FORWARD,
    GOTO,
    INPUT,
    JUMP,
    REJECT,
    RETURN,
    ROUTER,
    UNKNOWN,
    Chain,
    Condition,
    Rule,
)

DOCKER_USER = "DOCKER-USER"
VERDICTS = {"ACCEPT": ACCEPT, "DROP": DROP, "REJECT": REJECT, "RETURN": RETURN}
# Targets behind which the next rule counts.
GOES_ON = {"LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "CT", "TCPMSS", "SET", "TRACE", "CLASSIFY", "NOTRACK", "AUDIT"}
# Options whose values are names, by the field of state.packet_filter; several are parted by commas.
NAMES = {
    "-i": "iif",
    "-o": "oif",
    "-p": "protocol",
    "-s": "saddr",
    "-d": "daddr",
    "--ctstate": "state",
    "--state": "state",
    "--ctstatus": "status",
    "--ctdir": "direction",
    "--dst-type": "type",
    "--pkt-type": "cast",
}
PORTS = {
    "--dport": "dport",
    "--dports": "dport",
    "--sport": "sport",
    "--sports": "sport",
    "--ctorigdstport": "original",
}
RATES = {
    "--limit": "seldom",
    "--hashlimit-upto": "seldom",
    "--connlimit-upto": "seldom",
    "--hashlimit-above": "often",
    "--connlimit-above": "often",
}
# About certain clients: those that were here before, and those of one network card. And about headers that none has.
SOME = {"--rcheck", "--update", "--remove", "--mac-source", "--rt-type"}
# They say how, and not what.
SILENT = ("-m", "--comment", "--limit-burst", "--hashlimit-", "--connlimit-", "--set", "--name", "--mask", "--rsource",
          "--rdest", "--seconds", "--hitcount", "--reap", "--rttl", "--reject-with", "--log-", "--nflog-")  # fmt: skip


def chains(text: str, family: str) -> tuple[Chain, ...]:
    """The chains that hold what the administrator wants: INPUT, DOCKER-USER, and FORWARD before Docker's own rules."""
    name = "ip6tables" if family == "ipv6" else "iptables"
    rules: dict[str, list[Rule]] = {}
    policies: dict[str, str] = {}
    for line in text.splitlines():
        words = _words(line)
        if words[:1] == ["-P"] and len(words) > 2:
            policies[words[1]] = VERDICTS.get(words[2], UNKNOWN)
        if words[:1] in (["-P"], ["-N"]) and len(words) > 1:
            rules.setdefault(words[1], [])
        elif words[:1] == ["-A"] and len(words) > 1:
            rules.setdefault(words[1], []).append(_rule(words[2:], line))
        elif line.startswith("-A "):
            rules.setdefault(line.split()[1], []).append(Rule((), UNKNOWN, text=line))
    all_of_them = {chain: tuple(found) for chain, found in rules.items()}
    before = _before_docker(all_of_them.get("FORWARD", ()))
    first = DOCKER_USER if before and all(rule.chain == DOCKER_USER for rule in before) else "FORWARD"
    found = [
        Chain(f"chain INPUT of {name}", INPUT, (family,), all_of_them.get("INPUT", ()), all_of_them,
              policies.get("INPUT", ACCEPT)),
        Chain(f"chain {first} of {name}", FORWARD, (family,), before, all_of_them),
    ]  # fmt: skip
    if not any(rule.chain == DOCKER_USER for rule in before):
        user = all_of_them.get(DOCKER_USER, ())
        found.append(Chain(f"chain {DOCKER_USER} of {name}", FORWARD, (family,), user, all_of_them, always=False))
    found = [chain for chain in found if chain.rules or chain.policy != ACCEPT]
    whole = all_of_them.get("FORWARD", ())
    return (
        *found,
        Chain(f"chain FORWARD of {name}", ROUTER, (family,), whole, all_of_them, policies.get("FORWARD", ACCEPT)),
    )


def _before_docker(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """The rules before those of Docker, which accepts published ports; elsewhere Docker puts its own first."""
    for at, rule in enumerate(rules):
        if rule.chain.startswith("DOCKER") and rule.chain != DOCKER_USER:
            return rules[:at]
    return tuple(rule for rule in rules if rule.chain == DOCKER_USER)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _rule(words: list[str], line: str) -> Rule:
    conditions: list[Condition] = []
    verdict = chain = ""
    for negated, option, values in _options(words):
        if option in ("-j", "-g"):
            chain = values[0] if values else ""
            verdict = VERDICTS.get(chain) or ("" if chain in GOES_ON else GOTO if option == "-g" else JUMP)
        else:
            conditions += _condition(option, values, negated)
    return Rule(tuple(conditions), verdict, chain if verdict in (JUMP, GOTO) else "", line)


def _options(words: list[str]) -> t.Iterator[tuple[bool, str, list[str]]]:
    """Whether it is negated, the option, and its values."""
    at = 0
    while at < len(words):
        negated = words[at] == "!"
        at += negated
        end = at + 1
        # A value may begin with a dash where it was quoted, as comments and prefixes are.
        quoted = words[at : at + 1] in (["--comment"], ["--log-prefix"], ["--nflog-prefix"])
        while end < len(words) and ((words[end] != "!" and words[end][:1] != "-") or (quoted and end == at + 1)):
            end += 1
        yield negated, words[at] if at < len(words) else "", words[at + 1 : end]
        at = end


def _condition(option: str, values: list[str], negated: bool) -> list[Condition]:
    value = values[0] if values else ""
    if option == "--src-range" or option in NAMES:
        parts: list[t.Any] = value.split(",")
        return [Condition(NAMES.get(option, "unknown"), tuple(parts), negated)]
    if option in PORTS:
        return [Condition(PORTS[option], tuple(map(_ports, value.split(","))), negated)]
    if option in RATES:
        field = RATES[option]
        return [Condition({"seldom": "often", "often": "seldom"}[field] if negated else field)]
    if option in SOME:
        return [Condition("never", ("",), negated)]
    if option == "--tcp-flags" and len(values) > 1:
        mask, wanted = ({*flags.lower().split(",")} - {"none"} for flags in values[:2])
        return [Condition("flags", ((frozenset(mask), frozenset(wanted)),), negated)]
    if option == "--match-set" and len(values) > 1 and "dst" not in values[1]:
        return [Condition("listed", (value,), negated)]
    return [] if any(option == silent or (silent[-1] == "-" and option.startswith(silent)) for silent in SILENT) else [
        Condition(option)
    ]  # fmt: skip


def _ports(text: str) -> t.Any:
    first, colon, last = text.partition(":")
    if not (first.isdigit() and (last.isdigit() or not colon)):
        return text
    return (int(first), int(last)) if colon else int(first)
