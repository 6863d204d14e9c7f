# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host answers to a module, before Ansible or a task looks at it: others may have control of the host."""

from __future__ import annotations

import ipaddress
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.core import printable

Json = dict[str, t.Any]

# Characters of text, and how deep lists and dicts may lie in each other. A host with 1000 containers has a tenth of it.
MOST, DEEPEST = 32 * 1024 * 1024, 40
# What the strategy and callbacks obey, or take for Ansible's own. ``ansible_job_id`` is that of `async`.
STEERING = ("add_host", "add_group", "results", "item", "unreachable", "skipped")
KEPT = "ansible_job_id"
TEXTS = [str]
# What tasks use of several hosts at once, so that a wrong type of one host would end the others' run as well. What has
# a question mark may be missing.
PLAN = {"steps": TEXTS, "warnings": TEXTS, "subnets?": TEXTS, "ports?": list, "packages?": TEXTS, "prove_on?": TEXTS}
NETWORK = {"ipv6": bool, "subnets": TEXTS}
READ = {"summary": str, "table": TEXTS, "findings": [dict], "networks": [NETWORK], "plan?": PLAN}
SHAPES: dict[str, t.Any] = dict.fromkeys(("docker_ipv6_info", "docker_ipv6_full_info", "docker_ipv6"), READ)
NAMES = {str: "text", list: "list", dict: "dictionary", bool: "truth value"}
REMEDY = "See what is wrong on this host: it is broken, or others have control of it."


def cleaned(result: Json, module: str) -> Json:
    """What a module returned, without anything that decides more than this task's result."""
    depth, size = _extent(result)
    if depth > DEEPEST:
        return _failed(f"answered with lists in lists, more than {DEEPEST} deep")
    if size > MOST:
        return _failed(f"answered with {size >> 20} MB")
    answer: Json = {name: value for name, value in printable.result(result).items() if not _steers(name)}
    fault = "" if answer.get("failed") else misshapen(answer, SHAPES.get(module, {}))
    return _failed(f"answered with {fault}") if fault else answer


def printed(text: str) -> str:
    """What a program printed in place of an answer, for a person to read."""
    return printable.visible(text[-printable.LONGEST :], printable.BREAKS)


def _failed(what: str) -> Json:
    return {"failed": True, "changed": False, "msg": f"this host {what}. {REMEDY}"}


def _steers(name: str) -> bool:
    return name in STEERING or (name.startswith("ansible_") and name != KEPT)


def _extent(value: t.Any) -> tuple[int, int]:
    """How deep a value is, and how much text there is in it, without recursion."""
    level, depth, size = [value], 0, 0
    while level and depth <= DEEPEST:
        size += sum(len(part) for part in level if isinstance(part, str))
        lists = [
            list(part.values()) if isinstance(part, dict) else part for part in level if isinstance(part, (dict, list))
        ]
        level, depth = [inner for listed in lists for inner in listed], depth + 1
    return depth, size


def misshapen(value: t.Any, shape: t.Any, where: str = "") -> str:
    """What in a value is not of its shape: a type, ``[shape]``, or a dict of shapes."""
    kind: t.Any = shape if isinstance(shape, type) else type(shape)
    if not isinstance(value, kind):
        return f"{where}, which is not a {NAMES[kind]}"
    if isinstance(shape, dict):
        wanted = {
            name.rstrip("?"): expected
            for name, expected in shape.items()
            if name.rstrip("?") in value or name[-1] != "?"
        }
        faults = (
            misshapen(value.get(name), expected, f"{where}.{name}".lstrip(".")) for name, expected in wanted.items()
        )
        return next((fault for fault in faults if fault), "")
    if isinstance(shape, list):
        faults = (misshapen(entry, shape[0], f"an entry of {where}") for entry in value)
        return next((fault for fault in faults if fault), _no_subnet(value) if where.endswith("subnets") else "")
    return ""


def _no_subnet(values: t.Iterable[str]) -> str:
    """What is wrong with the subnets, which are compared with those of other hosts."""
    for value in values:
        try:
            ipaddress.ip_network(value)
        except ValueError:
            return "a subnet that is none"
    return ""


def named_by_facts(facts: t.Any) -> list[str]:
    """Our variables among a host's facts, which would count for more than the inventory's."""
    names = facts if isinstance(facts, dict) else {}
    return sorted(str(name) for name in names if str(name).lstrip("_").startswith("dms_ipv6"))
