# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""dockerd's command line as settings: the options it was, or would be, started with, by their names in daemon.json."""

from __future__ import annotations

import re
import shlex
import typing as t

if t.TYPE_CHECKING:
    from collections.abc import Mapping

# One-letter flags (dockerd --help).
SHORT = {
    "b": "bridge", "D": "debug", "G": "group", "g": "data-root", "H": "hosts", "l": "log-level",
    "p": "pidfile", "s": "storage-driver",
}  # fmt: skip
SWITCHES = ("D",)
# Flags that may be given several times; daemon.json has them as one list or object under another name.
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


def parse(command: list[str]) -> dict[str, str]:
    """The options of a command line (program first); values as text, ``true`` for a switch, lists joined by commas."""
    flags: dict[str, str] = {}
    rest = list(command[1:])
    while rest:
        word = rest.pop(0)
        if word.startswith("--"):
            name, equals, value = word[2:].partition("=")
            # A boolean flag takes no separate value (pflag), so a word that follows is its value only if it is no flag.
            if not equals:
                value = rest.pop(0) if rest and not rest[0].startswith("-") else "true"
        elif word.startswith("-") and len(word) > 1:
            name, value = word[1], word[2:].lstrip("=")
            if not value:
                value = "true" if name in SWITCHES or not rest else rest.pop(0)
        else:
            continue
        name = SHORT.get(name) or PLURAL.get(name, name)
        flags[name] = f"{flags[name]},{value}" if name in flags else value
    return flags


def unit_command(shown: str, environment: Mapping[str, str]) -> list[str]:
    """The command line of a unit, with its environment filled in.

    Args:
        shown: what ``systemctl show -p ExecStart --value`` prints: ``{ path=… ; argv[]=… ; ignore_errors=… }``.
        environment: variables of the unit and its environment files; ``$NAME`` is split into words, ``${NAME}`` not.
    """
    found = re.search(r"argv\[\]=(.*?) ; ignore_errors=", shown)
    words: list[str] = []
    for word in found.group(1).split() if found else ():
        if re.fullmatch(r"\$\w+", word):
            words += shlex.split(environment.get(word[1:], ""))
        else:
            words.append(re.sub(r"\$\{(\w+)\}", lambda name: environment.get(name.group(1), ""), word))
    return words


def environment_file(text: str) -> dict[str, str]:
    """The variables of an environment file (systemd.exec(5)): NAME=value lines, quotes taken off."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and re.fullmatch(r"\w+", name):
            found[name] = value.strip().strip("\"'")
    return found
