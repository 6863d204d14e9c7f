# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory asks for: it is the lab's one source of truth."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import engines
from lab.base import LabError, find_tool, run
from lab.engines import HOSTS as RELEASES
from lab.images import Recipe, recipe

IMAGES = (*RELEASES, "client")
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Host:
    """One machine of the lab."""

    lab: str
    name: str
    image: str
    bare: bool
    packages: tuple[str, ...]
    segments: tuple[str, ...]
    mail: bool = False
    engine: engines.Bundle | None = None

    @property
    def container(self) -> str:
        return f"dms-lab-{self.lab}-{self.name}"

    @property
    def runs_docker(self) -> bool:
        return self.image in RELEASES

    @property
    def release(self) -> str:
        """What is underneath: the release that fits its engine, if an engine is chosen."""
        return self.engine.line.release if self.engine else self.image

    @property
    def recipe(self) -> Recipe:
        return recipe(self.release, self.bare, self.packages, bundle=self.engine is not None)


@dataclass(frozen=True)
class Lab:
    """Everything an inventory asks for."""

    name: str
    hosts: tuple[Host, ...]

    @property
    def segments(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(segment for host in self.hosts for segment in host.segments))


def read_inventory(path: str) -> Lab:
    """Ask Ansible itself what the inventory says, so that ranges, groups and plugins mean the same here."""
    if not Path(path).exists():
        raise LabError(f"{path}: no such inventory")
    beside = Path(sys.executable).parent / "ansible-inventory"
    program = str(beside) if beside.exists() else find_tool("ansible-inventory")
    if program is None:
        raise LabError(f"ansible-inventory is missing beside {sys.executable}: install ansible-core there")
    environment = {
        **os.environ,
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "1",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
    }
    text = run([program, "-i", path, "--list"], f"reading {path}", environment)
    hostvars: dict[str, dict[str, Any]] = json.loads(text).get("_meta", {}).get("hostvars", {})
    wanted = {name: values for name, values in hostvars.items() if "lab_image" in values}
    if not wanted:
        raise LabError(f"{path}: no host has the variable lab_image (one of {', '.join(IMAGES)})")
    names = {str(values.get("lab_name", "")) for values in wanted.values()}
    if len(names) != 1 or not NAME.match(min(names)):
        raise LabError(f"{path}: lab_name must be one plain word for all hosts (all.vars), found {sorted(names)}")
    lab = names.pop()
    return Lab(lab, tuple(_host(lab, name, values) for name, values in sorted(wanted.items())))


def _host(lab: str, name: str, values: dict[str, Any]) -> Host:
    image, segments = values["lab_image"], values.get("lab_networks", ["net"])
    packages = values.get("lab_packages", [])
    if image not in IMAGES:
        raise LabError(f"host {name}: lab_image is {image!r}; use one of {', '.join(IMAGES)}")
    if not isinstance(segments, list) or not segments or not all(NAME.match(str(item)) for item in segments):
        raise LabError(f"host {name}: lab_networks is {segments!r}; use a list of plain words")
    if not isinstance(packages, list) or not all(NAME.match(str(item)) for item in packages):
        raise LabError(f"host {name}: lab_packages is {packages!r}; use a list of Debian packages")
    if not NAME.match(name):
        raise LabError(f"host {name}: the name must also do as a container's name")
    bare, mail = (bool(values.get(name, False)) for name in ("lab_bare", "lab_mail"))
    engine = _engine(image, values)
    return Host(lab, name, image, bare, tuple(map(str, packages)), tuple(map(str, segments)), mail, engine)


def _engine(image: str, values: dict[str, Any]) -> engines.Bundle | None:
    """The bundle that a Docker host is to have: its own (lab_engine), or the one that all are to have."""
    if image not in RELEASES:
        return None
    own = values.get("lab_engine")
    return engines.bundle(str(own)) if own else engines.chosen()
