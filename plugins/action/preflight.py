# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the controller alone: sees that the variables and the inventory can be meant, before any host is read."""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from ansible.inventory.manager import split_host_pattern
from ansible.module_utils.common.validation import check_type_bool, check_type_int
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible.utils.vars import load_extra_vars
from ansible_collections.dms.ipv6.plugins.module_utils.modules import preflight as module
from ansible_collections.dms.ipv6.plugins.plugin_utils.action import answer
from ansible_collections.dms.ipv6.plugins.plugin_utils.preflight import variables, wishes

Result = dict[str, t.Any]

SPEC = Path(__file__).parents[2] / "roles" / "dms_ipv6" / "meta" / "argument_specs.yml"
NOTHING = "Nothing was read or changed."
CONVERT = {"int": check_type_int, "bool": check_type_bool}
LATER = object()


def convert(kind: str, value: t.Any) -> t.Any:
    """The value as Ansible would make it of a type; of the other types each value is taken as it is."""
    return CONVERT.get(kind, lambda value: value)(value)


class ActionModule(ActionBase):
    """Ansible's way in, on the controller. No host is connected to."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: None = None, task_vars: Result | None = None) -> Result:
        """Fail in one line, or say nothing."""
        super().run(tmp, task_vars)
        _checked, args = self.validate_argument_spec(module.SPEC)
        known = task_vars or {}
        self.options = self._loader.load_from_file(str(SPEC))["argument_specs"]["main"]["options"]
        fault = self._playbook(known, args) if args["scope"] == "playbook" else self._host(known, args)
        return {"changed": False, **({"failed": True, "msg": f"{fault} {NOTHING}"} if fault else {})}

    def _host(self, known: Result, args: Result) -> str:
        """What is wrong with the host that the task is for."""
        name = known["inventory_hostname"]
        given = {name: self._value(known[name]) for name in _ours(known)}
        return wishes.in_one_line({name: self._faults(name, given, self._run(known, args, ""))})

    def _playbook(self, known: Result, args: Result) -> str:
        """What is wrong with any host of the playbook, or with the choice of its hosts."""
        over = self._over_inventory()
        pattern = self._value(over.get(wishes.PATTERN, self.options[wishes.PATTERN]["default"]))
        pattern = ",".join(map(str, pattern)) if isinstance(pattern, list) else str(pattern)
        place = self._place(known, pattern)
        nowhere = wishes.nowhere(place, split_host_pattern(pattern))
        if nowhere:
            return nowhere
        above = {name: self._value(value) for name, value in over.items()}
        run = self._run(known, args, pattern)
        found = {}
        for host in place.hosts:
            theirs = known["hostvars"][host]
            inventory = {name: _read(theirs, name) for name in _ours(theirs) if name not in above}
            found[host] = self._faults(host, {**inventory, **above}, run)
        return wishes.in_one_line(found)

    def _run(self, known: Result, args: Result, pattern: str) -> wishes.Run:
        defaults = {name: option.get("default") for name, option in self.options.items()}
        hosts = known["hostvars"]
        way = functools.cache(lambda host: _way(host, hosts[host]))
        return wishes.Run(tuple(args["modes"]), args["changes"], pattern, defaults, hosts, way)

    def _faults(self, host: str, given: Result, run: wishes.Run) -> list[str]:
        """What is wrong with a host's variables. What contradicts what is only seen among values that can be."""
        values = {name: value for name, value in given.items() if value is not LATER}
        faults = variables.unknown(given, self.options) + variables.wrong(values, self.options, convert)
        later = {name for name, value in given.items() if value is LATER}
        return faults or wishes.faults(host, {n: v for n, v in values.items() if v is not None}, later, run)

    def _over_inventory(self) -> Result:
        """Our variables that count for more than any host's own: of the play, and of the command line."""
        play = self._task._parent._play  # Ansible gives an action plugin no other way to it
        return {name: value for part in (play.get_vars(), load_extra_vars(self._loader)) for name, value in part.items()
                if variables.is_ours(name)}  # fmt: skip

    def _place(self, known: Result, pattern: str) -> wishes.Place:
        groups = known["groups"]
        lookup = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar)
        matched = [str(host) for host in lookup.run([pattern], variables={"groups": groups})]
        limited = "ansible_limit" in known  # the play's hosts are those of --limit then
        play_hosts = set(known["ansible_play_hosts_all"])
        return wishes.Place(
            pattern,
            tuple(matched),
            tuple(host for host in matched if not limited or host in play_hosts),
            str(known.get("ansible_limit", "")),
            tuple(sorted(groups)),
            tuple(groups["all"]),
            tuple(map(str, known.get("ansible_inventory_sources") or ())),
        )

    def _value(self, raw: t.Any) -> t.Any:
        """A variable's value; LATER if it needs what is not known yet, such as facts."""
        try:
            return _settled(self._templar.template(raw))
        except Exception:  # of a kind that depends on the release of ansible-core
            return LATER


def _read(theirs: t.Any, name: str) -> t.Any:
    """The value of another host's variable, likewise."""
    try:
        return _settled(theirs[name])
    except Exception:  # see above
        return LATER


def _way(host: str, theirs: t.Any) -> tuple[str, ...]:
    """How Ansible reaches a host; empty where this needs what is not known yet."""
    values = {name: _read(theirs, name) for name in wishes.WAY if name in theirs}
    return () if LATER in values.values() else wishes.way(host, values)


def _settled(value: t.Any) -> t.Any:
    """The value, LATER for what Ansible leaves as a template, or marks as undefined."""
    plain = isinstance(value, (str, int, float, bool, list, tuple, dict, type(None)))
    return value if plain and "{{" not in str(value) else LATER


def _ours(known: t.Any) -> list[str]:
    """Names of our variables that are set, except facts: those are a host's own words, and end its own tasks only."""
    facts = answer.named_by_facts(known.get("ansible_facts"))
    return [name for name in known if variables.is_ours(name) and name not in facts]
