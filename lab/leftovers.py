# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the daemons and the hosts' systemd leave on the machine outside of our own folders, and its removal."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from shutil import rmtree

from lab.base import run, say, state_dir

CGROUPS = Path("/sys/fs/cgroup")
CGROUP_PARENT = "dms-lab"
PLACES = ("/etc/docker/key.json", "/etc/docker", "/run/containerd", "/run/docker", "/run/runc")


def remember() -> None:
    """Note what is there before the lab, so that only what came with it is removed."""
    if _note().exists():
        return
    absent = [place for place in (*PLACES, *_cgroup_places()) if not os.path.lexists(place)]
    hierarchies = sorted(path.name for path in CGROUPS.iterdir())
    _note().write_text(json.dumps({"absent": absent, "hierarchies": hierarchies, "writable": _writable()}))


def remove() -> None:
    """Remove what was not there before."""
    try:
        note = json.loads(_note().read_text())
    except (OSError, ValueError):
        return
    for place in map(Path, note["absent"]):
        if place.is_relative_to(CGROUPS):
            _remove_cgroup(place)
        elif place.is_relative_to("/run"):
            rmtree(place, ignore_errors=True)
        elif place.is_dir():
            _remove_folder(place)
        else:
            place.unlink(missing_ok=True)
    if not _pure_v2():
        if note["writable"] and not _writable():
            # A systemd on v1 makes the folder of all hierarchies read-only, and that is the machine's own.
            run(["mount", "-o", "remount,rw", str(CGROUPS)], "making the control groups' folder writable again")
        _remove_hierarchies(set(note["hierarchies"]))


def _note() -> Path:
    return state_dir() / "leftovers.json"


def _pure_v2() -> bool:
    return (CGROUPS / "cgroup.controllers").exists()


def _writable() -> bool:
    return not os.statvfs(CGROUPS).f_flag & os.ST_RDONLY


def _cgroup_places() -> list[str]:
    """The parents of the hosts' control groups and, on v1, those of the containers inside the hosts."""
    if _pure_v2():
        return [str(CGROUPS / CGROUP_PARENT)]
    trees = [path for path in CGROUPS.iterdir() if not path.is_symlink()]
    return [str(path / name) for path in trees for name in (CGROUP_PARENT, "docker")]


def _remove_cgroup(place: Path) -> None:
    """Deepest first; a control group's files cannot be deleted, only the folder itself."""
    for folder, _folders, _files in os.walk(place, topdown=False):
        _remove_folder(Path(folder))


def _remove_folder(place: Path, tries: int = 20) -> None:
    while tries:
        try:
            place.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            # Processes that were just killed may still be on their way out.
            tries -= 1
            time.sleep(0.1)
        else:
            return
    say(f"{place} is in use or not empty and stays")


def _remove_hierarchies(before: set[str]) -> None:
    """On a v1 machine the hosts' systemd makes mount points for controllers that the machine does not mount itself."""
    for path in CGROUPS.iterdir():
        if path.name in before:
            continue
        if path.is_symlink():
            path.unlink()
        elif not path.is_mount():
            _remove_folder(path)


def unmount_below(place: Path) -> None:
    """Nothing may be mounted in a tree that is about to be deleted."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    mounts = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    for mount in sorted((mount for mount in mounts if Path(mount).is_relative_to(place)), reverse=True):
        run(["umount", "--lazy", mount], "unmounting")
