# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is decided and said while hosts are changed some at a time: whose turn it is, and what comes of it.

The playbook roll_out.yml reads this by filters. Each function looks at a host once, so that 1,000 hosts cost ten times
as much as 100.
"""

from __future__ import annotations

import re
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    # Host -> its variables, as Ansible's ``hostvars``.
    Variables = Mapping[str, Mapping[str, t.Any]]

# What the role reads of a host, and what the playbook notes of one that fails.
READ, FAILURE = "__dms_ipv6_host", "__dms_ipv6_failure"


class Progress(t.NamedTuple):
    """How far a play has come.

    Attributes:
        named: all hosts of the play, in the order of its batches.
        lost: those that are out of reach.
        waiting: those in no batch yet.
        batch: those whose turn it is.
    """

    named: tuple[str, ...]
    lost: tuple[str, ...]
    waiting: tuple[str, ...]
    batch: tuple[str, ...]


def batches(sizes: t.Any) -> list[str]:
    """The sizes of batches as Ansible's ``serial`` takes them.

    Raises:
        ValueError: one that is neither a number of hosts nor a share of them.
    """
    listed = [str(size) for size in (sizes if isinstance(sizes, (list, tuple)) else [sizes])]
    if not all(re.fullmatch("[0-9]+%?", text) for text in listed):
        given = ", ".join(listed)
        raise ValueError(f"dms_ipv6_serial: give numbers of hosts such as 5 or 10%, not {given}. Nothing was changed.")
    return listed


def to_change(variables: Variables, names: Sequence[str]) -> list[str]:
    """Those of the hosts that were read and are not as wanted."""
    return [name for name in names if name in variables and _plan(variables[name]).get("steps")]


def _plan(host: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """The plan that was made for a host; empty if it was not read."""
    read = host.get(READ)
    plan = read.get("plan") if read else None
    return plan or {}


def progress(named: Sequence[str], play_hosts: Sequence[str], batch: Sequence[str]) -> Progress:
    """How far a play has come, by Ansible's ansible_play_hosts_all, ansible_play_hosts and ansible_play_batch."""
    alive = set(play_hosts)
    lost = tuple(name for name in named if name not in alive)
    # Batches are slices of all hosts. A host in no batch yet comes after the last one of this batch.
    first = list(named).index(batch[-1]) + 1 if batch else len(named)
    return Progress(tuple(named), lost, tuple(name for name in named[first:] if name in alive), tuple(batch))


def stopped(variables: Variables, done: Progress, check: bool) -> str:
    """Why a roll-out stops, which hosts are as wanted by then, and which were not touched."""
    failures = {name: variables[name][FAILURE] for name in done.batch if FAILURE in variables[name]}
    not_done = {*done.waiting, *done.lost, *failures}
    as_wanted = [name for name in done.named if name not in not_done]
    away = [f"Out of reach: {', '.join(done.lost)}."] if done.lost else []
    return " ".join(
        (
            "The roll-out stops.",
            *failures.values(),
            *away,
            f"{'Could be changed' if check else 'As wanted'}: {', '.join(as_wanted) or 'none'}.",
            f"Not touched: {', '.join(done.waiting) or 'none'}.",
        )
    )
