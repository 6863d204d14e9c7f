# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's plays, tasks and results, as far as a report asks: the only place that knows how those are made inside."""

from __future__ import annotations

import typing as t

from .log import UNREACHABLE, Event
from .text import mapping

if t.TYPE_CHECKING:
    from collections.abc import Iterator

OURS = "dms.ipv6."
# It looks at variables on the controller, in a play that is about no host.
NO_HOST = "preflight"
ROLE = "dms.ipv6.dms_ipv6"


class NoFacts(dict[str, t.Any]):
    """A cache of facts in which every host has none."""

    def get(self, _name: str, _default: object = None) -> dict[str, t.Any]:
        """The facts of a host."""
        return {}


def module_of(task: t.Any) -> str:
    """Short name of the module if it is ours, empty otherwise."""
    names = (str(getattr(task, "resolved_action", None) or ""), str(getattr(task, "action", "")))
    found = next((name[len(OURS) :] for name in names if name.startswith(OURS)), "")
    return found if found != NO_HOST else ""


def in_our_role(item: t.Any) -> bool:
    """Whether a task or a block belongs to our role."""
    role = getattr(item, "_role", None)
    return role is not None and role.get_name() == ROLE


def is_ours(task: t.Any) -> bool:
    """Whether a task is this collection's, by its module or by its role."""
    return bool(module_of(task)) or in_our_role(task)


def has_ours(play: t.Any) -> bool:
    """Whether a play names this collection. What it includes while it runs is not known yet, but shows by itself."""
    if any(role.get_name() == ROLE for role in play.get_roles()):
        return True
    return any(is_ours(task) or _includes_ours(task) for task in _leaves(play.get_tasks()))


def _leaves(items: t.Any) -> Iterator[t.Any]:
    """The tasks in nested lists and blocks."""
    for item in items:
        if isinstance(item, list):
            yield from _leaves(item)
        elif hasattr(item, "rescue"):
            yield from _leaves([*item.block, *item.rescue, *item.always])
        else:
            yield item


def _includes_ours(task: t.Any) -> bool:
    arguments = mapping(getattr(task, "args", None))
    return ROLE in (getattr(task, "_role_name", None), arguments.get("name"), arguments.get("role"))


def variables(play: t.Any) -> dict[str, t.Any]:
    """The play's variables, with those of its first host: an inventory's are the hosts'. Facts are not among them.

    Those are a host's own words, and would count for more than the inventory's.
    """
    original = play.get_variable_manager()
    manager = object.__new__(type(original))  # copy.copy() would leave out what workers do not need
    manager.__dict__.update(original.__dict__, _fact_cache=NoFacts())
    found: dict[str, t.Any] = manager.get_vars(play=play)
    names = found.get("ansible_play_hosts_all") or ()
    first = manager._inventory.get_host(names[0]) if names and manager._inventory else None
    return {**found, **manager.get_vars(play=play, host=first)} if first else found


def event(result: t.Any, outcome: str, ours: bool, ignored: bool) -> Event:
    """A task's result as an event."""
    task, fields = result._task, mapping(getattr(result, "_task_fields", None))
    delegate = str(fields.get("delegate_to") or "")
    name = result._host.get_name()
    return Event(
        module=module_of(task),
        outcome=outcome,
        result=mapping(result._result),
        arguments=mapping(fields.get("args")),
        ours=ours,
        caught=ignored or _caught(task, outcome, fields),
        whole_play=bool(getattr(task, "run_once", False) is True),
        dry=bool(fields.get("check_mode")),
        delegate=delegate if delegate != name else "",
    )


def _caught(task: t.Any, outcome: str, fields: t.Any) -> bool:
    """Whether a failure ends here: it is ignored, or a rescue deals with it.

    For our role that is a rescue of its own: one around the role finishes the batch, but the host has failed.
    """
    if outcome == UNREACHABLE:
        return bool(fields.get("ignore_unreachable"))  # no rescue is run for it
    inside = in_our_role(task)
    child, parent = task, getattr(task, "_parent", None)
    while parent is not None and (not inside or in_our_role(parent)):
        if getattr(parent, "rescue", None) and any(task._uuid == child._uuid for task in parent.block):
            return True
        child, parent = parent, getattr(parent, "_parent", None)
    return False
