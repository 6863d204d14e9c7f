# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `nft -j list ruleset` prints (libnftables-json(5)), as chains of state.packet_filter."""

from __future__ import annotations

import json
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
    UNKNOWN,
    Chain,
    Condition,
    Rule,
)

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    Place = tuple[str, str, str]

FAMILIES = {"inet": ("ipv4", "ipv6"), "ip": ("ipv4",), "ip6": ("ipv6",)}
# Those of iptables, which says more of them itself: a match of its own is a name only here.
OF_IPTABLES = {(family, "filter", chain) for family in ("ip", "ip6") for chain in ("INPUT", "FORWARD", "OUTPUT")}
VERDICTS = (ACCEPT, DROP, REJECT, RETURN)
GOES_ON = {"counter", "log", "mangle", "notrack", "ct helper", "ct timeout", "ct expectation", "continue", "comment",
           "last"}  # fmt: skip
# So many clients are not looked at one by one.
MANY = 256
META = {
    "iifname": "iif",
    "iif": "iif",
    "oifname": "oif",
    "oif": "oif",
    "l4proto": "protocol",
    "nfproto": "family",
    "protocol": "family",
    "pkttype": "cast",
}
PAYLOAD = {"saddr": "saddr", "daddr": "daddr", "nexthdr": "protocol", "protocol": "protocol", "version": "unknown"}
CT = {"state": "state", "status": "status", "direction": "direction", "proto-dst": "original"}


def chains(text: str, others: Collection[tuple[str, str]], iptables: bool) -> tuple[Chain, ...]:
    """The base chains of hooks input and forward.

    Args:
        text: what nft printed.
        others: tables that are not the administrator's own, as (family, name).
        iptables: whether iptables answered for its own chains.
    """
    try:
        objects = [nftable for nftable in json.loads(text)["nftables"] if isinstance(nftable, dict)]
    except (ValueError, KeyError, TypeError):
        unknown = (Rule((), UNKNOWN, text="nft -j list ruleset"),)
        return (Chain("the ruleset of nftables", INPUT, FAMILIES["inet"], unknown),)
    sets = {_place(entry): entry.get("elem", []) for kind in ("set", "map") for entry in _every(objects, kind)}
    rules: dict[Place, list[Rule]] = {}
    for entry in _every(objects, "rule"):
        place = entry["family"], entry["table"], entry["chain"]
        rules.setdefault(place, []).extend(_read(_Reader(place[:2], sets), entry.get("expr", [])))
    found = []
    for entry in _every(objects, "chain"):
        place = _place(entry)
        ours = place[:2] not in others and not (iptables and place in OF_IPTABLES)
        if ours and entry.get("hook") in (INPUT, FORWARD) and entry.get("type") == "filter" and place[0] in FAMILIES:
            found.append(_chain(place, entry, rules, objects))
    return tuple(chain for chain in found if chain.rules or chain.policy != ACCEPT)


def _read(reader: _Reader, statements: list[t.Any]) -> list[Rule]:
    try:
        return [*reader.rules(statements)]
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):  # another shape than the manual's
        return [Rule((), UNKNOWN, text=json.dumps(statements)[:200])]


def _chain(place: Place, entry: Mapping[str, t.Any], rules: Mapping[Place, list[Rule]], objects: list[t.Any]) -> Chain:
    names = [_place(other) for other in _every(objects, "chain")]
    beside = {at[2]: tuple(rules.get(at, ())) for at in names if at[:2] == place[:2]}
    name = f"chain {place[2]} of table {place[0]} {place[1]}"
    return Chain(name, entry["hook"], FAMILIES[place[0]], beside[place[2]], beside, entry.get("policy", ACCEPT))


def _every(objects: Iterable[Mapping[str, t.Any]], kind: str) -> t.Iterator[t.Any]:
    return (entry[kind] for entry in objects if kind in entry)


def _place(entry: Mapping[str, t.Any]) -> Place:
    return entry["family"], entry["table"], entry["name"]


class _Reader:
    """Reads the expressions of one rule; a verdict map makes several rules of it."""

    def __init__(self, table: tuple[str, str], sets: Mapping[Place, t.Any]) -> None:
        self.table = table
        self.sets = sets

    def rules(self, statements: list[t.Any]) -> t.Iterator[Rule]:
        conditions: list[Condition] = []
        text = json.dumps(statements)[:200]
        for statement in statements:
            if not isinstance(statement, dict) or len(statement) != 1:
                yield Rule(tuple(conditions), UNKNOWN, text=text)
                return
            ((kind, value),) = statement.items()
            if kind in (*VERDICTS, JUMP, GOTO):
                yield Rule(tuple(conditions), kind, _target(value), text)
                return
            if kind == "vmap":
                yield from self._vmap(conditions, value, text)
                return
            if kind == "xt" and value.get("type") == "target":
                known = value.get("name") in ("LOG", "NFLOG", "MARK", "TCPMSS")
                yield Rule(tuple(conditions), "" if known else UNKNOWN, text=text)
                return
            conditions += self._conditions(kind, value)

    def _conditions(self, kind: str, value: t.Any) -> list[Condition]:
        if kind == "match":
            return self._match(value)
        if kind in ("limit", "ct count"):
            return [Condition("often" if value.get("inv") else "seldom")]
        if kind in ("set", "meter"):  # it adds to a set, and goes on where its own limit lets it
            within = value.get("stmt", []) if isinstance(value, dict) else []
            within = within if isinstance(within, list) else [within]
            return [
                more
                for expression in within
                for name, rest in expression.items()
                for more in self._conditions(name, rest)
            ]
        if kind in GOES_ON or (kind == "xt" and value.get("name") == "comment"):
            return []
        return [Condition(kind)]

    def _match(self, value: Mapping[str, t.Any]) -> list[Condition]:
        left, operator, right = value["left"], value.get("op", "=="), value["right"]
        parts = _concatenated(left)
        if parts:
            return [*self._concat(parts, self._values(right), operator)]
        field, implied = _field(left)
        if field == "flags":
            return [*implied, _flags(left, operator, right)]
        if operator in ("<", ">", "<=", ">=") and field in ("dport", "sport", "original") and isinstance(right, int):
            first, last = {
                "<": (0, right - 1), "<=": (0, right), ">": (right + 1, 65535), ">=": (right, 65535)
            }[operator]  # fmt: skip
            return [*implied, Condition(field, ((first, last),))]
        if operator not in ("==", "in", "!=", "!"):
            return [*implied, Condition("unknown")]
        values = tuple(self._values(right))
        field = "listed" if field == "saddr" and len(values) > MANY else field
        return [*implied, Condition(field, values, operator in ("!=", "!"))]

    def _concat(self, parts: list[t.Any], values: Iterable[t.Any], operator: str) -> t.Iterator[Condition]:
        fields = [_field(part) for part in parts]
        for _field_name, implied in fields:
            yield from implied
        elements = [
            tuple(Condition(field, tuple(self._values(operand))) for (field, _implied), operand in zip(fields, each))
            for each in (value["concat"] if isinstance(value, dict) and "concat" in value else () for value in values)
        ]
        yield Condition("concat" if operator in ("==", "in") else "unknown", tuple(elements))

    def _vmap(self, conditions: list[Condition], value: Mapping[str, t.Any], text: str) -> t.Iterator[Rule]:
        data = value["data"]
        pairs = self.sets.get((*self.table, data[1:]), [None]) if isinstance(data, str) else data.get("set", [])
        for pair in pairs:
            verdicts = pair[1] if isinstance(pair, list) and len(pair) == 2 else None
            if not isinstance(verdicts, dict) or len(verdicts) != 1:
                yield Rule(tuple(conditions), UNKNOWN, text=text)
                continue
            ((verdict, target),) = verdicts.items()
            key = _element(pair[0])
            more = [] if key == "*" else self._match({"left": value["key"], "op": "==", "right": {"set": [key]}})
            if verdict != "continue":
                yield Rule((*conditions, *more), verdict, _target(target), text)

    def _values(self, right: t.Any) -> list[t.Any]:
        """The values of a right side, ranges as pairs; what is not understood stays as it is."""
        right = _element(right)
        if isinstance(right, str) and right.startswith("@"):
            members = self.sets.get((*self.table, right[1:]))
            return [right] if members is None else [more for part in _listed(members) for more in self._values(part)]
        if isinstance(right, list):
            return [more for part in right for more in self._values(part)]
        for name in ("set", "|"):
            if isinstance(right, dict) and name in right:
                return [more for part in _listed(right[name]) for more in self._values(part)]
        if isinstance(right, dict) and "range" in right:
            return [tuple(right["range"])]
        if isinstance(right, dict) and "prefix" in right:
            return [f"{right['prefix']['addr']}/{right['prefix']['len']}"]
        return [right]


def _listed(found: t.Any) -> list[t.Any]:
    return found if isinstance(found, list) else [found]


def _element(element: t.Any) -> t.Any:
    """An element of a set without its timeout, comment or counter."""
    return element["elem"]["val"] if isinstance(element, dict) and isinstance(element.get("elem"), dict) else element


def _target(value: t.Any) -> str:
    return str(value["target"]) if isinstance(value, dict) and "target" in value else ""


def _concatenated(left: t.Any) -> list[t.Any]:
    found = left.get("concat", []) if isinstance(left, dict) else []
    return found if isinstance(found, list) else []


def _field(left: t.Any) -> tuple[str, list[Condition]]:
    """The field that a left side is about, and what it takes for granted: the protocol of a port, say."""
    if not isinstance(left, dict) or len(left) != 1:
        return "unknown", []
    ((kind, value),) = left.items()
    if kind == "&":
        return _field(value[0]) if _field(value[0])[0] == "flags" else ("unknown", [])
    if not isinstance(value, dict):
        return "unknown", []
    if kind == "meta":
        return META.get(value.get("key", ""), "unknown"), []
    if kind == "ct":
        original = value.get("dir") in (None, "original")
        return (CT.get(value.get("key", ""), "unknown") if original else "unknown"), []
    if kind == "fib":
        by_type = value.get("result") == "type" and _listed(value.get("flags")) in (["daddr"], ["daddr", "iif"])
        # `fib saddr . iif oif missing`: a packet that no answer would find its way back to.
        spoofed = value.get("result") in ("oif", "oifname") and "saddr" in _listed(value.get("flags"))
        return ("type" if by_type else "never" if spoofed else "unknown"), []
    return _of_payload(value) if kind == "payload" else ("unknown", [])


def _of_payload(value: Mapping[str, t.Any]) -> tuple[str, list[Condition]]:
    protocol, field = value.get("protocol", ""), value.get("field", "")
    if protocol in ("ip", "ip6"):
        return PAYLOAD.get(field, "unknown"), [Condition("family", ("ipv4" if protocol == "ip" else "ipv6",))]
    if protocol in ("tcp", "udp", "sctp", "th"):
        implied = [] if protocol == "th" else [Condition("protocol", (protocol,))]
        return (field if field in ("dport", "sport", "flags") else "unknown"), implied
    # A header that no such packet has: ICMP, AH, a routing header.
    return ("never" if protocol in ("icmp", "icmpv6", "igmp", "esp", "ah") else "unknown"), []


def _flags(left: t.Any, operator: str, right: t.Any) -> Condition:
    """Masks, and the flags that are to be set of them; `tcp flags syn` asks for any of its flags."""
    wanted, negated = _flag_names(right), operator in ("!=", "!")
    mask = _flag_names(left["&"][1]) if "&" in left else {"syn", "fin", "rst", "ack", "psh", "urg"}
    if wanted is None or mask is None:
        return Condition("unknown")
    if "&" not in left and operator in ("in", "!"):
        return Condition("flags", tuple(({flag}, {flag}) for flag in sorted(wanted)), negated)
    return Condition("flags", ((mask, wanted),), negated)


def _flag_names(value: t.Any) -> set[str] | None:
    if isinstance(value, dict):
        return _flag_names(value["|"]) if "|" in value else None
    parts = [_flag_names(part) for part in value] if isinstance(value, list) else [{str(value)} - {"0"}]
    return None if None in parts else {name for part in parts for name in part or ()}
