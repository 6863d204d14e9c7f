# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dockerd's command line as settings: the options it was, or would be, started with, by their names in daemon.json."""

from __future__ import annotations

import contextlib
import re
import shlex
import typing as t

from . import keys

if t.TYPE_CHECKING:
    from collections.abc import Mapping

# One-letter flags (dockerd --help).
SHORT = {
    "b": "bridge", "D": "debug", "G": "group", "g": "data-root", "H": "hosts", "h": "help", "l": "log-level",
    "p": "pidfile", "s": "storage-driver", "v": "version",
}  # fmt: skip
# Flags that daemon.json has under another name, as one list or object; under the flag's own name dockerd takes them
# in the file without a word and ignores them: they match a flag, but no setting.
PLURAL = {
    "add-runtime": "runtimes",
    "authorization-plugin": "authorization-plugins",
    "cdi-spec-dir": "cdi-spec-dirs",
    "cluster-store-opt": "cluster-store-opts",
    "default-address-pool": "default-address-pools",
    "default-network-opt": "default-network-opts",
    "default-ulimit": "default-ulimits",
    "dns-opt": "dns-opts",
    "exec-opt": "exec-opts",
    "host": "hosts",
    "host-gateway-ip": "host-gateway-ips",
    "insecure-registry": "insecure-registries",
    "label": "labels",
    "log-opt": "log-opts",
    "node-generic-resource": "node-generic-resources",
    "registry-mirror": "registry-mirrors",
    "storage-opt": "storage-opts",
}
# Switches of the command line alone.
SWITCHES = ("help", "validate", "version")
SCALARS = (keys.BOOL, keys.TEXT, keys.WHOLE, keys.SIZE)
# Go's strconv.ParseBool.
BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}


def parse(command: list[str]) -> dict[str, str]:
    """The options of a command line (program first), as pflag reads them; their names are those in daemon.json.

    Values are text: ``true`` or ``false`` for a switch, those of an option that may be given several times joined by
    commas. Of any other option the last one counts.
    """
    flags: dict[str, str] = {}
    rest = list(command[1:])
    while rest:
        word = rest.pop(0)
        if word == "--":
            break
        for name, value in _long(word[2:], rest) if word.startswith("--") else _short(word, rest):
            if _is_switch(name):
                flags[name] = {True: "true", False: "false"}.get(BOOLEANS.get(value), value)  # type: ignore[arg-type]
            else:
                flags[name] = f"{flags[name]},{value}" if name in flags and not _is_scalar(name) else value
    return flags


def _long(word: str, rest: list[str]) -> list[tuple[str, str]]:
    """``--name=value``, ``--name value`` or, for a switch, ``--name``."""
    flag, equals, value = word.partition("=")
    name = PLURAL.get(flag, flag)
    if not equals:
        value = _next(name, rest)
    return [(name, value)]


def _short(word: str, rest: list[str]) -> list[tuple[str, str]]:
    """``-Hvalue``, ``-H=value``, ``-H value``; switches may stand before it in the same word (``-DH value``)."""
    found: list[tuple[str, str]] = []
    letters = word[1:] if word.startswith("-") else ""
    while letters:
        name, letters = SHORT.get(letters[0], letters[0]), letters[1:]
        if letters.startswith("=") and len(letters) > 1:
            return [*found, (name, letters[1:])]
        if _is_switch(name):
            found.append((name, "true"))
        else:
            return [*found, (name, letters or _next(name, rest))]
    return found


def _next(name: str, rest: list[str]) -> str:
    """The value of an option without ``=``: nothing for a switch, else the next word, whatever it looks like.

    An option that we do not know is a switch if an option follows, because dockerd takes no words beside options.
    """
    if _is_switch(name) or not rest or (name not in keys.KEYS and rest[0].startswith("-")):
        return "true"
    return rest.pop(0)


def _is_switch(name: str) -> bool:
    key = keys.KEYS.get(name)
    return name in SWITCHES or (key is not None and key.schema is keys.BOOL)


def _is_scalar(name: str) -> bool:
    key = keys.KEYS.get(name)
    return key is None or any(key.schema is scalar for scalar in SCALARS)


# What dockerd takes from its options and from its file together (moby, daemon/config/config.go: skipDuplicates).
MERGED = ("runtimes",)


def both(settings: Mapping[str, t.Any], flags: Mapping[str, str]) -> dict[str, str]:
    """The settings that are options as well, with the options' values: dockerd does not start with both."""
    named = {name: PLURAL.get(name, name) for name in sorted(settings) if name not in MERGED}
    return {name: flags[flag] for name, flag in named.items() if flag in flags}


def words(text: str) -> list[str]:
    """The words of a line as systemd takes them apart: a quote that is not closed ends with the line."""
    for closing in ("", "'", '"'):
        with contextlib.suppress(ValueError):
            return shlex.split(text + closing)
    return text.split()


def unit_command(shown: str, environment: Mapping[str, str]) -> list[str]:
    """The command line of a unit, with its environment filled in.

    Args:
        shown: what ``systemctl show -p ExecStart --value`` prints: ``{ path=… ; argv[]=… ; ignore_errors=… }``.
        environment: variables of the unit and its environment files; ``$NAME`` is split into words, ``${NAME}`` not.
    """
    found = re.search(r"argv\[\]=(.*?) ; ignore_errors=", shown)
    command: list[str] = []
    for word in found.group(1).split() if found else ():
        if re.fullmatch(r"\$\w+", word):
            command += words(environment.get(word[1:], ""))
        else:
            command.append(re.sub(r"\$\{(\w+)\}", lambda name: environment.get(name.group(1), ""), word))
    return command


def environment_file(text: str) -> dict[str, str]:
    """The variables of an environment file (systemd.exec(5)): NAME=value lines, quotes taken off."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and re.fullmatch(r"\w+", name):
            found[name] = value.strip().strip("\"'")
    return found
