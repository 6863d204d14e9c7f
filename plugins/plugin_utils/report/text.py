# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that hosts sent, made safe to look at. It is escaped where HTML and JSON are written, not here."""

from __future__ import annotations

import json
import math
import re
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.core import printable

LONGEST = 2000
# No host has so much to say; one that does is not to fill the controller.
MOST = 1000
# What a terminal would obey: CSI, OSC and two-character sequences.
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")


def text(value: object, longest: int = LONGEST) -> str:
    """Any value as text of a bounded length, each character of which can be seen."""
    found = "" if value is None else str(value)
    # Cut twice: a host that sends megabytes must not cost time, and what is shown instead of a character is longer.
    shown = printable.visible(ANSI.sub("", found[: 4 * longest]).strip(), printable.BREAKS)
    return shortened(shown, longest) if len(found) <= 4 * longest else shortened(shown + "…", longest)


def shortened(shown: str, longest: int) -> str:
    """The text, cut with a mark if it is too long."""
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def when(date: str) -> str:
    """A date as the modules write it, for people."""
    return date.replace("T", " ").replace("Z", " UTC")


def yaml_name(name: str) -> str:
    """A container's name as YAML reads it: numbers are quoted, and what is more than letters, digits and ``_.-``."""
    return name if re.fullmatch("[A-Za-z][A-Za-z0-9_.-]*", name) else json.dumps(name)


def number(value: object) -> float:
    """A number that can be a length of time, otherwise 0."""
    fits = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value) and value > 0
    return float(t.cast("float", value)) if fits else 0.0


def texts(values: object) -> tuple[str, ...]:
    """A list of texts; empty for what is not a list."""
    return tuple(text(value) for value in values[:MOST]) if isinstance(values, (list, tuple)) else ()


def mapping(value: object) -> t.Mapping[str, t.Any]:
    """The value if it is a dict, else an empty one: a result may be anything."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[t.Mapping[str, t.Any]]:
    """The dicts in a list; none for what is not a list."""
    return [entry for entry in value[:MOST] if isinstance(entry, dict)] if isinstance(value, (list, tuple)) else []
