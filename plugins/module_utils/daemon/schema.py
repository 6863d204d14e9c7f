# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an engine would take a daemon.json: types and names, with the right name or type suggested."""

from __future__ import annotations

import typing as t
from importlib.util import find_spec

from ..core.refused import Refused
from ..engine import version as engine_version
from . import command_line, json_text, keys

if t.TYPE_CHECKING:
    from ..engine.version import Version
    from .json_text import Settings

REMEDY = "Correct the file or the setting; nothing was changed"
TYPES = {
    "boolean": "true or false",
    "integer": "a whole number",
    "string": "a string",
    "array": "a list",
    "object": "an object",
}


def available() -> bool:
    """Whether jsonschema is there; the role installs it before it writes."""
    return find_spec("jsonschema") is not None


def refuse_invalid(settings: Settings, version: Version, where: str, loaded: Settings | None = None) -> None:
    """Raise Refused, naming every fault, if the engine would not start with the settings or would ignore some.

    With jsonschema missing (check mode on a host without prerequisites) the types stay unchecked, and so do those of
    settings that the daemon that runs has loaded.
    """
    faults = names(settings, version)
    doubtful = _doubtful(settings, version, loaded or {})
    if doubtful and available():
        from jsonschema import Draft7Validator  # takes longer to import than all of this takes to run

        validator = Draft7Validator(keys.schema(version))
        faults += [
            _sentence(error)
            for error in sorted(validator.iter_errors(doubtful), key=lambda fault: list(map(str, fault.path)))
        ]
    if faults:
        raise Refused("; ".join(faults), where, REMEDY)


def _doubtful(settings: Settings, version: Version, loaded: Settings) -> Settings:
    """The settings of which jsonschema has to say whether they fit; most hosts have none, and need not load it."""
    known = keys.known(version)
    return {
        name: value
        for name, value in settings.items()
        if name in known
        and not (isinstance(value, bool) and known[name].schema is keys.BOOL)
        and not (name in loaded and json_text.same(value, loaded[name]))
    }


def names(settings: Settings, version: Version) -> list[str]:
    """Faults in the names of top-level keys: ignored, misspelt, too new, too old."""
    return list(filter(None, (_name_fault(name, version) for name in settings)))


def unknown(settings: Settings, version: Version) -> list[str]:
    """Keys that are not in the table for this engine; a newer dockerd may know them all the same."""
    return [name for name in settings if name not in keys.known(version)]


def _name_fault(name: str, version: Version) -> str | None:
    if name in keys.known(version):
        return None
    plural = command_line.PLURAL.get(name)
    if plural in keys.known(version):
        return f"`{name}` is accepted by dockerd and ignored; the setting is `{plural}`"
    if name.lower() in keys.KEYS and name != name.lower():
        return f"`{name}` is unknown; the setting is `{name.lower()}`"
    key = keys.KEYS.get(name)
    if key and key.first and not engine_version.between(version, key.first, None):
        return f"`{name}` came with Docker Engine {key.first}; this one is {version}"
    if key:
        return f"`{name}` is gone since Docker Engine {key.gone}; this one is {version}"
    if engine_version.has(version, "validate"):
        return None  # dockerd --validate says whether this very engine knows it
    import difflib  # most runs find no such name

    near = difflib.get_close_matches(name, keys.known(version), n=1, cutoff=0.75)
    return f"`{name}` is unknown to Docker Engine {version}" + (f"; did you mean `{near[0]}`" if near else "")


def _sentence(error: t.Any) -> str:
    place = ".".join(map(str, error.path))
    if error.validator == "type":
        wanted: list[str] = (
            list(error.validator_value) if isinstance(error.validator_value, list) else [error.validator_value]
        )
        text = " or ".join(TYPES.get(kind, kind) for kind in wanted)
        hint = ""
        if isinstance(error.instance, str) and error.instance.lower() in ("true", "false") and "boolean" in wanted:
            hint = f"; write {error.instance.lower()} without quotes"
        return f"`{place}` must be {text}{hint}"
    # Which value it is may be secret.
    return f"`{place}`: {error.message.replace(repr(error.instance), 'the value')}"
