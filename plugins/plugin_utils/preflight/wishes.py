# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a run can do what it should: variables that contradict each other, name no container, or lack something."""

from __future__ import annotations

import difflib
import re
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.core import ip
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.modes import nat, prevent, routed

from .variables import CONTAINERS, PREFIX

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

MODE, PATTERN = "dms_ipv6_mode", "dms_ipv6_hosts"
PROBE_HOSTS, DNS_HOST = "dms_ipv6_probe_hosts", "dms_ipv6_dns_host"
FAMILIES = "dms_ipv6_probe_families"
# What else than containers may be meant by a run of mode nat or routed, see wishes in _no_container().
NETWORK, POOL, FILES, ATTACH = "dms_ipv6_network", "dms_ipv6_address_pool", "dms_ipv6_compose_files", "dms_ipv6_attach"
ENABLING = ("nat", "routed")
# Variables that choose the machine behind a name over SSH. Other connections have more of them, such as a container's
# number, so nothing is concluded from theirs.
WAY = (
    "ansible_connection", "ansible_host", "ansible_ssh_host", "ansible_port", "ansible_ssh_port", "ansible_ssh_args",
    "ansible_ssh_common_args", "ansible_ssh_extra_args",
)  # fmt: skip
SSH = ("", "smart", "ssh", "paramiko", "paramiko_ssh")
HELPS = f"Name another machine that has IPv6 in {PROBE_HOSTS}."


class Run(t.NamedTuple):
    """What a run is about.

    Attributes:
        modes: those that the playbook is for; empty for any.
        changes: whether hosts are brought into their mode, rather than only looked at.
        pattern: of the hosts, as the play uses it; empty in a play of the user's own.
        defaults: the role's variables with their defaults.
        inventory: names of all hosts of the inventory, also of those that other plays have added.
        way: how Ansible reaches a host of the inventory: its address, the port, and what else chooses the machine;
            empty where that is not known, or does not tell one machine from another.
    """

    modes: tuple[str, ...]
    changes: bool
    pattern: str
    defaults: Mapping[str, t.Any]
    inventory: Collection[str]
    way: Callable[[str], tuple[str, ...]] = lambda _host: ()


def faults(host: str, given: Mapping[str, t.Any], later: Collection[str], run: Run) -> list[str]:
    """A sentence for each thing that a host's variables would have go wrong.

    Args:
        host: its name in the inventory.
        given: the variables that are set for it; the values are of their types.
        later: names of those whose values are not known before the host is read; they are not judged.
        run: what the run is about.
    """
    values = {**run.defaults, **given}
    rules = (
        ((MODE,), _other_mode(values, run)),
        ((PATTERN,), _not_this_pattern(given, run)),
        ((MODE, CONTAINERS, FILES, ATTACH, POOL, NETWORK), _no_container(given, values, run)),
        ((PROBE_HOSTS,), _own_probe_host(host, values, run)),
        ((PROBE_HOSTS,), _strangers(PROBE_HOSTS, values[PROBE_HOSTS], run)),
        ((DNS_HOST,), _strangers(DNS_HOST, [values[DNS_HOST]] if values[DNS_HOST] else [], run)),
        ((MODE, PROBE_HOSTS, "dms_ipv6_relay_test", "dms_ipv6_require_proof"), _no_probe_host(values, run)),
        ((PROBE_HOSTS, FAMILIES), _no_family(values)),
        ((MODE, *given), _contradiction(given, values, run)),
    )
    return [fault for names, fault in rules if fault and not set(names) & set(later)]


def _other_mode(values: Mapping[str, t.Any], run: Run) -> str:
    mode = values[MODE]
    if not run.modes or mode in run.modes:
        return ""
    remedy = "leave dms_ipv6_mode out" if len(run.modes) == 1 else "audit, undo and prevent have playbooks of their own"
    return f"{MODE} is {mode}, and this playbook is for {', '.join(run.modes)}: {remedy}."


def _not_this_pattern(given: Mapping[str, t.Any], run: Run) -> str:
    """A pattern in the inventory: Ansible chooses a play's hosts before it looks at any host's variables."""
    value = given.get(PATTERN)
    pattern = ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    if value is None or not run.pattern or pattern == run.pattern:
        return ""
    return (
        f"{PATTERN} is {pattern} in the inventory, where a play does not see it: this run is for {run.pattern}. Remove"
        f" it there, and use -e {PATTERN}={pattern}."
    )


def _no_container(given: Mapping[str, t.Any], values: Mapping[str, t.Any], run: Run) -> str:
    """Docker would be restarted for no container. A network by its name, or a pool, is a wish of its own."""
    wishes = (values[CONTAINERS], values[FILES], values[POOL], given.get(NETWORK, run.defaults[NETWORK]))
    some = any(wishes[:3]) or wishes[3] != run.defaults[NETWORK] or values[ATTACH] == "default_bridge"
    if not run.changes or values[MODE] not in ENABLING or some:
        return ""
    return (
        f"{CONTAINERS} names no container, so Docker would be restarted and no container would see real clients."
        f" dms.ipv6.audit shows whose clients are masked. Name these containers, or set {CONTAINERS} to masked."
    )


def way(host: str, values: Mapping[str, t.Any]) -> tuple[str, ...]:
    """How Ansible reaches a host, its address first; two with the same are one machine. Empty for none over SSH.

    Args:
        host: its name in the inventory.
        values: of those variables of WAY that are set for it.
    """
    connection, address, old_address, port, old_port, *arguments = (str(values.get(name) or "") for name in WAY)
    if connection.removeprefix("ansible.builtin.") not in SSH:
        return ()
    return (address or old_address or host, port or old_port or "22", *arguments)


def _own_probe_host(host: str, values: Mapping[str, t.Any], run: Run) -> str:
    probes = [str(probe) for probe in values[PROBE_HOSTS]]
    same = [probe for probe in probes if probe in run.inventory and run.way(probe) and run.way(probe) == run.way(host)]
    if host in probes:
        what = f"{host} is its own probe host ({PROBE_HOSTS})"
    elif same:
        what = f"{host} and its probe host {same[0]} ({PROBE_HOSTS}) are one machine, {run.way(host)[0]}"
    else:
        return ""
    return (
        f"{what}, and what a host sees of itself proves nothing. Name another machine for it, or leave it out of the"
        f" run: --limit '!{host}'."
    )


def _strangers(name: str, named: Sequence[t.Any], run: Run) -> str:
    missing = [str(name) for name in named if str(name) not in run.inventory]
    if not missing:
        return ""
    near = difflib.get_close_matches(missing[0], [str(name) for name in run.inventory], n=1)
    hint = f"Did you mean {near[0]}?" if near else "Add it with its ansible_host."
    return f"{name} names {', '.join(missing)}, not in the inventory. {hint}"


def _no_probe_host(values: Mapping[str, t.Any], run: Run) -> str:
    """Something that was asked for, and that only a probe host can do."""
    audit = values[MODE] == "audit"
    name = "dms_ipv6_relay_test" if audit else "dms_ipv6_require_proof"
    if values[PROBE_HOSTS] or not _is_true(values[name]) or values[MODE] == "absent":
        return ""
    return f"{name} is set, and there is no probe host. {HELPS}"


def _no_family(values: Mapping[str, t.Any]) -> str:
    if not values[PROBE_HOSTS] or values[FAMILIES]:
        return ""
    return f"{FAMILIES} is empty, so {PROBE_HOSTS} would prove nothing. Name ipv6, or ipv4 and ipv6."


def _contradiction(given: Mapping[str, t.Any], values: Mapping[str, t.Any], run: Run) -> str:
    """Variables that mean another mode than the one chosen."""
    differing = {
        name[len(PREFIX) :]: value
        for name, value in given.items()
        if name in run.defaults and value != run.defaults[name]
    }
    mode, subnet = values[MODE], values["dms_ipv6_subnet"]
    try:
        if mode == "prevent":
            prevent.refuse_contradiction(differing)
        elif mode == "nat":
            nat.refuse_contradiction(values["dms_ipv6_addresses"], None if subnet == "auto" else ip.subnet(subnet))
        elif mode == "routed":
            routed.refuse_contradiction(values[ATTACH], values["dms_ipv6_fleet_prefix"], subnet)
    except Refused as reason:
        where = PREFIX + reason.where if PREFIX + reason.where in run.defaults else reason.where
        return str(Refused(reason.problem, where, reason.remedy))
    return ""


def _is_true(value: t.Any) -> bool:
    return str(value).lower() in ("true", "yes", "on", "1", "y", "t")


class Place(t.NamedTuple):
    """What Ansible found of the hosts that a play is for.

    Attributes:
        pattern: the play's.
        matched: the hosts that it matches.
        hosts: those of them that are not left out by --limit.
        limit: of --limit, empty for none.
        groups: names of all groups.
        inventory: names of all hosts.
        sources: of the inventory.
    """

    pattern: str
    matched: tuple[str, ...]
    hosts: tuple[str, ...]
    limit: str
    groups: tuple[str, ...]
    inventory: tuple[str, ...]
    sources: tuple[str, ...] = ()


def nowhere(place: Place, parts: Sequence[str]) -> str:
    """Why a run would be about no host, or not about one that its pattern names; empty if it is well.

    Args:
        place: what was found.
        parts: of the pattern, as Ansible takes it apart.
    """
    groups = [group for group in place.groups if group not in ("all", "ungrouped")]
    here = f"Groups here: {', '.join(groups) or 'none'}"
    if not place.inventory and not place.matched:
        read = f" ({', '.join(place.sources)})" if place.sources else ""
        return f"The inventory{read} has no hosts. Give one with -i."
    if not place.pattern.strip(" ,:"):
        return f"{PATTERN} is empty. {here}. Use -e {PATTERN}=GROUP."
    names = [part.lstrip("!&") for part in parts]
    known = {*place.groups, *place.inventory, *place.matched}
    missing = [name for name in names if re.fullmatch(r"[\w.-]+", name) and name not in known]
    if missing:
        near = difflib.get_close_matches(missing[0], sorted(known - {"all", "ungrouped"}), n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        what = ", ".join(missing)
        return f"No group and no host is called {what}.{hint} {here}. Use -e {PATTERN}={near[0] if near else 'GROUP'}."
    if not place.matched:
        return f"No host in {place.pattern}. {here}. Use -e {PATTERN}=GROUP."
    if not place.hosts:
        return f"--limit {place.limit} leaves no host of {place.pattern}, which has {_some(place.matched)}."
    return ""


def in_one_line(found: Mapping[str, Sequence[str]]) -> str:
    """What is wrong with hosts: each fault once, with its hosts unless it is that of all hosts."""
    hosts: dict[str, list[str]] = {}
    for host, faults in found.items():
        for fault in faults:
            hosts.setdefault(fault, []).append(host)
    lines = [
        fault if len(names) == len(found) or fault.startswith(f"{names[0]} ") else f"{_some(names)}: {fault}"
        for fault, names in hosts.items()
    ]
    more = [f"And {len(lines) - MOST} more faults."] if len(lines) > MOST else []
    return " ".join([*lines[:MOST], *more])


MOST = 10


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
