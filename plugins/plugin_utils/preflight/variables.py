# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the variables of a host have names that exist and values that can be: the argument spec of the role says."""

from __future__ import annotations

import difflib
import json
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.modes import chosen

from .. import roll_out
from . import texts

if t.TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    Options = Mapping[str, Mapping[str, t.Any]]
    # (type, value): raises TypeError or ValueError for what Ansible would not take as that type.
    Convert = Callable[[str, t.Any], t.Any]

PREFIX = "dms_ipv6_"
CONTAINERS, SERIAL = "dms_ipv6_containers", "dms_ipv6_serial"
# What CONTAINERS may be instead of a list.
WORDS = (chosen.MASKED, chosen.ALL)
KINDS = {"int": "a whole number", "bool": "true or false", "dict": "a dictionary", "str": "a text", "path": "a path"}
# Both ends are allowed; None stands for no end.
RANGES: Mapping[str, tuple[int, int | None]] = {
    "dms_ipv6_confirm_within": (0, None),
    "dms_ipv6_prefix_length": (48, 126),
    "dms_ipv6_probe_port": (0, 65535),
    "dms_ipv6_probe_remove_after": (1, 3600),
    "dms_ipv6_probe_timeout": (1, 60),
    "dms_ipv6_relay_port": (1, 65535),
    "dms_ipv6_resolver_port": (1, 65535),
}
SEE = "See ansible-doc -t role dms.ipv6.dms_ipv6."
LONGEST = 80


def is_ours(name: str) -> bool:
    """Whether a variable is meant for this collection, also in capitals, or with hyphens."""
    return _usual(name).startswith(PREFIX)


def _usual(name: str) -> str:
    return name.lower().replace("-", "_")


def unknown(names: Collection[str], options: Options) -> list[str]:
    """A sentence for each variable that does not exist."""
    known = {name[len(PREFIX) :]: name for name in options}
    faults = []
    for name in sorted(set(names) - set(options)):
        near = difflib.get_close_matches(_usual(name)[len(PREFIX) :], known, n=1)
        faults.append(f"{name} is unknown. {f'Did you mean {known[near[0]]}?' if near else SEE}")
    return faults


def wrong(values: Mapping[str, t.Any], options: Options, convert: Convert) -> list[str]:
    """A sentence for each value that cannot be; variables that do not exist are left out."""
    known = ((name, value, options[name]) for name, value in sorted(values.items()) if name in options)
    faults = (
        _fault(name, value, option, convert) or texts.fault(name, value, option.get("default"))
        for name, value, option in known
    )
    return [fault for fault in faults if fault]


def _fault(name: str, value: t.Any, option: Mapping[str, t.Any], convert: Convert) -> str:
    if value is None:
        return f"{name} has no value. Give it one, or leave it out." if "default" in option else ""
    if name == SERIAL:
        return _no_sizes(value)
    if option.get("type", "str") != "list":
        return _not_of_kind(name, value, option.get("type", "str"), option, convert)
    if name == CONTAINERS and value in WORDS:
        return ""
    if not isinstance(value, (list, tuple)):
        return _no_list(name, value)
    kind = option.get("elements", "str")
    return next(filter(None, (_not_of_kind(f"each of {name}", entry, kind, option, convert) for entry in value)), "")


def _no_list(name: str, value: t.Any) -> str:
    """What to say of a text; it is never taken apart, because a comma or a part of a name may be meant otherwise."""
    words = f", or one of the words {', '.join(WORDS)}" if name == CONTAINERS else ""
    parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else [value]
    written = json.dumps({name: [part for part in parts if part != ""]}, default=str)
    return f"{name} must be a list{words}, not {_shown(value)}. With -e: '{written}'."


def _no_sizes(value: t.Any) -> str:
    """Batches may be given as text, because they come from the command line."""
    try:
        roll_out.batches(value)
    except ValueError as reason:
        return str(reason).removesuffix(" Nothing was changed.")
    return ""


def _not_of_kind(name: str, value: t.Any, kind: str, option: Mapping[str, t.Any], convert: Convert) -> str:
    wanted = f"{name} must be {KINDS.get(kind, kind)}, not {_shown(value)}."
    # Ansible makes a text of anything, and takes a dictionary apart that is written as a text.
    if (kind in ("str", "path") and (value is None or isinstance(value, (list, tuple, dict)))) or (
        kind == "dict" and not isinstance(value, dict)
    ):
        return wanted
    try:
        found = convert(kind, value)
    except (TypeError, ValueError):
        return wanted
    choices = option.get("choices")
    if choices and found not in choices:
        near = difflib.get_close_matches(str(found), [str(choice) for choice in choices], n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        return f"{name} must be one of {', '.join(map(str, choices))}, not {_shown(value)}.{hint}"
    return _out_of_range(name, found)


def _out_of_range(name: str, value: t.Any) -> str:
    low, high = RANGES.get(name, (None, None))
    if low is None or (value >= low and (high is None or value <= high)):
        return ""
    return f"{name} must be {f'between {low} and {high}' if high is not None else f'{low} or more'}, not {value}."


def _shown(value: t.Any) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return f"{text[:LONGEST]}…" if len(text) > LONGEST else text
