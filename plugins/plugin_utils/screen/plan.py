# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan means for a host's users, before anything is changed: who is seen, what they notice, the way back."""

from __future__ import annotations

import typing as t

from ..report.text import mapping, mappings, text, texts
from . import words

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .words import Json, Port

# Measured on Docker Engine 20.10, 26.1 and 28.5, see benchmarks/results.
RESTART, MOVE, STOP = "0.2 to 0.7 s", "0.02 to 0.06 s", "1.0 to 1.4 s"
STATES = {
    "masked": "masked as {}", "real": "real", "refused": "refused", "timeout": "no answer", "unknown": "unknown",
}  # fmt: skip
UNDO, ENABLE = "dms.ipv6.undo", "dms.ipv6.enable"
WOULD = {"nat": "enable", "routed": "enable", "prevent": "prevent", "absent": "undo"}


class Context(t.NamedTuple):
    """What the run is.

    Attributes:
        mode: dms_ipv6_mode.
        containers: dms_ipv6_containers; ``every`` where a word stands for all that it is about.
        inventory: what comes after ansible-playbook in a command: ``-i inventory``.
        check: nothing is changed.
        steps: each step is to be listed.
    """

    mode: str = "nat"
    containers: tuple[str, ...] = ()
    every: bool = False
    inventory: str = ""
    check: bool = False
    steps: bool = False

    def names(self, container: str) -> bool:
        """Whether the run is about a container; with prevent, all are meant if none is named."""
        return self.every or container in self.containers or (self.mode == "prevent" and not self.containers)


def fleet(hosts: Mapping[str, tuple[Json, Context]]) -> list[str]:
    """The plans of all hosts that have one; hosts whose users notice the same are one block."""
    blocks: dict[tuple[str, ...], list[str]] = {}
    for name, (host, context) in hosts.items():
        if mapping(host.get("plan")).get("steps"):
            blocks.setdefault(tuple(block(host, context)), []).append(name)
    lines: list[str] = []
    for text_lines, same in blocks.items():
        some = sorted(same, key=words.number)
        context = hosts[some[0]][1]
        lines += [*words.wrapped([f"{_listed(some, hosts[some[0]][0])} - {_head(context)}"]), *text_lines]
        lines += [f"Way back: {way_back(some, context)}"]
        count = len(texts(mapping(hosts[some[0]][0].get("plan")).get("steps")))
        lines += [] if context.steps else [f"{_count(count, 'step')}; -v lists them", ""]
    return lines[:-1] if lines and not lines[-1] else lines


def _listed(some: list[str], host: Json) -> str:
    version = text(mapping(host.get("engine")).get("version"), 60)
    if len(some) == 1:
        return f"{some[0]}{f' (Docker {version})' if version else ''}"
    return ", ".join(some) if len(some) <= 3 else f"{len(some)} hosts ({', '.join(some)})"


def _head(context: Context) -> str:
    return f"dms.ipv6.{WOULD.get(context.mode, 'enable')} {'would' if context.check else 'will'}"


def way_back(hosts: Iterable[str], context: Context) -> str:
    """The command that takes the change back."""
    playbook = ENABLE if context.mode == "absent" else UNDO
    parts = ["ansible-playbook", context.inventory, playbook, "--limit", ",".join(hosts)]
    return " ".join(part for part in parts if part)


def block(host: Json, context: Context) -> list[str]:
    """A host's plan, without its name."""
    plan = mapping(host.get("plan"))
    effects = mapping(plan.get("effects"))
    return [
        *_clients(host, context),
        *_noticed(effects),
        *_compose(effects, plan),
        *_written(effects, plan, context),
        *words.wrapped(f"Please note: {words.sentence(warning)}" for warning in texts(plan.get("warnings"))),
        *(f"  {number}. {step}" for number, step in enumerate(texts(plan.get("steps")), 1) if context.steps),
    ]


def _clients(host: Json, context: Context) -> list[str]:
    """Before and after, of each container whose IPv6 clients are hidden or get something else than today."""
    if context.mode == "absent":
        return ["  IPv6 clients: as before this collection's changes"]
    then = {port.place: port for port in words.expected(host)}
    now = words.ports(host)
    rows: dict[tuple[str, ...], list[Port]] = {}
    for port in now:
        after = then.pop(port.place, None)
        if after or port.verdict == "masked":
            unchanged = "unchanged" + ("" if context.names(port.container) else " (not in dms_ipv6_containers)")
            new = _state(after) if after else unchanged
            rows.setdefault((port.container, _state(port), new), []).append(port)
    for port in then.values():
        rows.setdefault((port.container, "not published", _state(port)), []).append(port)
    cells = [
        (name, words.numbers(ports), f"IPv6 clients: {before}", "->", after)
        for (name, before, after), ports in rows.items()
    ]
    return words.table(cells, "  ") or ["  No published port of a container changes for IPv6 clients."]


def _state(port: Port) -> str:
    return STATES.get(port.verdict, port.verdict).format(port.by or "the gateway")


def _noticed(effects: Json) -> list[str]:
    """What users notice, and for how long."""
    stopped, moved = texts(effects.get("stopped")), texts(effects.get("moved"))
    remade = texts(effects.get("recreated"))
    noticed = []
    if effects.get("docker") == "restarted":
        noticed.append(
            f"Docker is restarted once: open connections to containers are cut, and new ones are refused for {RESTART}"
        )
    if moved:
        noticed.append(f"Open connections to {words.names(moved)} are cut once, and new ones are refused for {MOVE}")
    if stopped:
        noticed.append(
            f"{words.names(stopped)} {_are(stopped)} stopped and started: closed for {STOP} and until services answer"
        )
    if remade:
        noticed.append(f"Compose re-creates {words.names(remade)}: closed until the services answer")
    noticed += [] if stopped or remade else ["No container stops" if noticed else "Nothing"]
    return ["Your users notice:", *words.wrapped((f"{sentence}." for sentence in noticed), "  ")] if effects else []


def _are(some: Iterable[str]) -> str:
    return "is" if len(list(some)) == 1 else "are"


def _compose(effects: Json, plan: Json) -> list[str]:
    """What the next ``docker compose up -d`` does because of the change."""
    lines = []
    for project in mappings(effects.get("later")):
        path, services = text(project.get("path")), project.get("services")
        what = words.names(texts(services)) or "nothing because of this"
        lines.append(
            f"Next `docker compose up -d` with {path} re-creates: "
            + ("the run says which once ruamel.yaml is installed." if services is None else f"{what}.")
        )
    waiting = texts(plan.get("waiting"))
    lines += [f"Refused only after the next `docker compose up -d`: {words.names(waiting)}."] if waiting else []
    return list(words.wrapped(lines))


def _written(effects: Json, plan: Json, context: Context) -> list[str]:
    """Files, networks and settings of the host."""
    parts = [_file(file) for file in mappings(effects.get("written"))]
    for kind, some in mapping(effects.get("networks")).items():
        parts += [f"network {name} {text(kind, 20)}" for name in texts(some)]
    if effects.get("forwarding"):
        parts.append("IPv6 forwarding on for the whole host")
    parts += [f"installs {words.names(texts(plan.get('packages')))}"] if texts(plan.get("packages")) else []
    if not parts:
        return []
    return list(words.wrapped([f"{'Would change' if context.check else 'Changes'}: {', '.join(parts)}."]))


def _file(written: Json) -> str:
    keys = texts(written.get("keys"))
    path = text(written.get("path"))
    if keys:
        return f"{path} ({', '.join(keys)})"
    new, gone = (number if isinstance(number, int) else 0 for number in (written.get("added"), written.get("removed")))
    counts = [f"+{_count(new, 'line')}"] if new else []
    counts += [f"-{_count(gone, 'line')}"] if gone else []
    return f"{path} ({', '.join(counts)})" if counts else path


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def batch(batch_hosts: Iterable[str], waiting: int, all_hosts: int) -> list[str]:
    """Whose turn it is."""
    names = ", ".join(batch_hosts)
    return [f"Batch: {names}." + (f" Still waiting: {waiting} of {all_hosts} hosts." if waiting else "")]
