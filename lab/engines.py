# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of engines: which there are, what is underneath, what each does, and who has run it.

A lab host has its release's own engine, or one of Docker's static bundles, docker-VERSION.tgz:

- DMS_IPV6_ENGINE names a file for every Docker host; with +nftables after it the engine's firewall-backend is nftables;
- the variable lab_engine of an inventory's host names one for that host;
- DMS_IPV6_ENGINES is a folder of them: tools/test.py runs everything that runs per engine once more with each.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from lab.base import LabError

# What not every engine does. Tests ask for these words, never for versions.
DOES = {
    "validate": "checks a daemon.json without starting (`dockerd --validate`)",
    "host_bits": "takes a subnet with host bits (172.30.0.1/16)",
    "ip6tables_off": "has ip6tables off unless it is switched on",
    "forward_drop": "sets the policy of FORWARD to DROP, even if another program switched forwarding on",
    "routed": "knows the gateway mode routed",
    "ipv6_only": "has networks without IPv4 (`--ipv4=false`)",
    "nftables": "can filter by nftables (`firewall-backend`)",
    "docker_opts": "takes options from `/etc/default/docker`, which only Debian's own unit reads",
}
# What comes with Debian's package and not with a bundle, whatever the version.
PACKAGED = ("docker_opts",)
CHANGE, NIGHT = "`make test`, on every change", "not run yet; the workflow `engines` every night"
NFTABLES = "+nftables"
BUNDLE = re.compile(r"docker-(\d+\.\d+\.\d+[A-Za-z0-9.~-]*?)\.tgz\Z")


class Line(NamedTuple):
    """Engines whose versions begin alike.

    Attributes:
        line: how their versions begin.
        release: the Debian release underneath.
        debians: the version of that release's own package; empty where an engine comes from a bundle only.
        does: words of DOES, without those of PACKAGED.
        run: who runs it.
    """

    line: str
    release: str
    debians: str
    does: tuple[str, ...]
    run: str


LINES = (
    Line("20.10", "bookworm", "20.10.24", ("host_bits", "ip6tables_off", "forward_drop"), CHANGE),
    Line("23", "bookworm", "", ("validate", "host_bits", "ip6tables_off", "forward_drop"), NIGHT),
    Line("24", "bookworm", "", ("validate", "host_bits", "ip6tables_off", "forward_drop"), NIGHT),
    Line("25", "bookworm", "", ("validate", "ip6tables_off", "forward_drop"), NIGHT),
    Line("26", "trixie", "26.1.5", ("validate", "ip6tables_off", "forward_drop"), CHANGE),
    Line("27", "trixie", "", ("validate", "forward_drop", "routed"), NIGHT),
    Line("28", "sid", "28.5.2", ("validate", "routed", "ipv6_only"), CHANGE),
    Line("29", "trixie", "", ("validate", "routed", "ipv6_only", "nftables"), NIGHT),
)
# Releases with an engine of their own. Inventories name their Docker hosts like these.
HOSTS = tuple(line.release for line in LINES if line.debians)


class Bundle(NamedTuple):
    """An engine as a file.

    Attributes:
        path: the file.
        version: by its name.
        nftables: whether firewall-backend is nftables.
    """

    path: Path
    version: str
    nftables: bool = False

    @property
    def title(self) -> str:
        """Its version, and the firewall's name unless that is iptables."""
        return self.version + (NFTABLES if self.nftables else "")

    @property
    def spec(self) -> str:
        """What DMS_IPV6_ENGINE has to say for it."""
        return str(self.path) + (NFTABLES if self.nftables else "")

    @property
    def line(self) -> Line:
        """Its line of the table; an engine that is newer than the table counts as the newest there."""
        found = [line for line in LINES if self.version.startswith(f"{line.line}.")]
        if not found and int(self.version.partition(".")[0]) > int(LINES[-1].line):
            return LINES[-1]
        if not found:
            raise LabError(f"{self.path}: engines {self.version} are not in the table of lab/engines.py")
        return found[0]


def bundle(spec: str) -> Bundle:
    """The bundle that a text names: FILE, or FILE+nftables. The file is first looked at when a host is to have it."""
    text, nftables = spec.removesuffix(NFTABLES), spec.endswith(NFTABLES)
    path = Path(text).expanduser().absolute()
    name = BUNDLE.match(path.name)
    if not name:
        raise LabError(f"{path}: the name says no version; call it docker-VERSION.tgz, as Docker does")
    found = Bundle(path, name[1], nftables)
    if nftables and "nftables" not in found.line.does:
        raise LabError(f"{path}: engines {found.line.line} cannot filter by nftables; leave {NFTABLES} out")
    return found


def chosen() -> Bundle | None:
    """The bundle that every Docker host is to have; None if each has its release's own engine."""
    spec = os.environ.get("DMS_IPV6_ENGINE", "")
    return bundle(spec) if spec else None


def folder() -> list[Bundle]:
    """Every bundle of the folder DMS_IPV6_ENGINES, oldest first; with nftables as well where the engine can."""
    place = os.environ.get("DMS_IPV6_ENGINES", "")
    if not place:
        return []
    found = [bundle(str(path)) for path in sorted(Path(place).expanduser().glob("docker-*.tgz"), key=_age)]
    if not found:
        raise LabError(f"DMS_IPV6_ENGINES: there is no docker-VERSION.tgz in {place}")
    return [
        variant
        for plain in found
        for variant in (plain, *([plain._replace(nftables=True)] if "nftables" in plain.line.does else []))
    ]


def _age(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.name)]


def line_of(host: str) -> Line:
    """The table's line for the host of that name in the tests' inventories, as the environment has it."""
    own = chosen()
    if own:
        return own.line
    found = [line for line in LINES if line.debians and line.release == host]
    if not found:
        raise LabError(f"no engine is that of a host {host}: use one of {', '.join(HOSTS)}")
    return found[0]


def does(host: str, word: str) -> bool:
    """Whether the engine of the host of that name does something (a word of DOES)."""
    if word not in DOES:
        raise LabError(f"{word} is not in the table of lab/engines.py: {', '.join(DOES)}")
    return chosen() is None if word in PACKAGED else word in line_of(host).does


def each(names: Iterable[str] = HOSTS, word: str = "", without: str = "") -> list[str]:
    """One host for each engine, of those that do one thing and do not do another; a bundle is on every host alike."""
    found = [name for name in names if (not word or does(name, word)) and not (without and does(name, without))]
    return found[:1] if chosen() else found


def compose() -> Path | None:
    """The Compose that DMS_IPV6_COMPOSE names; None if each host has its release's own."""
    given = os.environ.get("DMS_IPV6_COMPOSE", "")
    path = Path(given).expanduser().absolute()
    if given and not path.is_file():
        raise LabError(f"DMS_IPV6_COMPOSE: {path}: no such file")
    return path if given else None


def has_compose_1(host: str) -> bool:
    """Whether Compose on the host of that name is the old one, written in Python: bookworm's own."""
    return line_of(host).release == "bookworm" and compose() is None


def page() -> str:
    """The table as Markdown, for people."""
    rows = ["| Docker Engine | in the lab on | comes as | run by | does not |", "|---|---|---|---|---|"]
    for line in LINES:
        comes = f"Debian's package {line.debians}, or a bundle" if line.debians else "a bundle"
        lacks = ", ".join(f"`{word}`" for word in DOES if word not in (*line.does, *PACKAGED))
        rows.append(f"| {line.line} | Debian {line.release} | {comes} | {line.run} | {lacks or 'nothing of it'} |")
        if "nftables" in line.does:
            rows.append(f"| {line.line}{NFTABLES} | Debian {line.release} | {comes} | {line.run} | as above |")
    meanings = [f"- `{word}`: {text}" for word, text in DOES.items()]
    return "\n".join([*rows, "", *meanings])
