# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of the lab needs: places, messages, commands, locks."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

LABEL = "dms-lab"
IMAGE_LABEL = "dms-lab.image"
_BEGIN = time.monotonic()
_SAY = threading.Lock()


class LabError(Exception):
    """Something the user has to know: what is wrong and what to do."""


def state_dir() -> Path:
    """Where the running lab keeps its sockets, pids and locks; gone after a reboot and after `down`."""
    if os.geteuid() == 0:
        return Path("/run/dms-lab")
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/dms-lab-{os.geteuid()}") / "dms-lab"


def image_dir() -> Path:
    """Where built images are kept; the only thing that outlives `down`. Its parent belongs to other tools as well."""
    return _cache_dir() / "images"


def _cache_dir() -> Path:
    own = os.environ.get("DMS_IPV6_CACHE")
    if own:
        return Path(own).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dms-ipv6"


def say(text: str) -> None:
    """Print one progress line with the seconds since the start, whole even when threads talk at once."""
    with _SAY:
        print(f"[{time.monotonic() - _BEGIN:6.1f} s] {text}", file=sys.stderr, flush=True)


@contextmanager
def timed(text: str) -> Iterator[None]:
    """Announce a long step and say afterwards how long it took."""
    say(f"{text} ...")
    begin = time.monotonic()
    yield
    say(f"{text}: done in {time.monotonic() - begin:.1f} s")


def run(argv: Sequence[str], what: str, env: dict[str, str] | None = None, text_in: str | None = None) -> str:
    """Run a command and return its output; a failure shows the command's own last words."""
    try:
        done = subprocess.run(argv, env=env, input=text_in, capture_output=True, text=True, check=False)
    except OSError as error:
        raise LabError(f"{what}: cannot run {argv[0]}: {error.strerror}") from error
    if done.returncode != 0:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        raise LabError(f"{what}: {argv[0]} ended with code {done.returncode}:\n{tail}")
    return done.stdout


@contextmanager
def locked(name: str, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold a lock between processes; yields False only with wait=False when another process has it.

    `down` removes the lock files, so a lock counts only if its file is still the one that the path names.
    """
    path = state_dir() / f"{name}.lock"
    mode = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:  # the folder has gone again
            continue
        try:
            fcntl.flock(handle, mode)
        except BlockingIOError:
            os.close(handle)
            yield False
            return
        try:
            current = os.stat(path).st_ino == os.fstat(handle).st_ino
        except FileNotFoundError:
            current = False
        if current:
            break
        os.close(handle)
    try:
        yield True
    finally:
        os.close(handle)


def remove_state() -> None:
    """Remove the folder of our state; the caller holds the lock `use`.

    The locks go last: as soon as the file of a lock has gone, another process may hold it, and begin to write.
    """
    folder = state_dir()
    for entry in folder.iterdir() if folder.exists() else ():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.suffix != ".lock":
            with suppress(OSError):
                entry.unlink()
    for entry in sorted(folder.glob("*.lock"), key=lambda lock: lock.stem == "use"):
        entry.unlink(missing_ok=True)
    with suppress(OSError):  # they have begun
        folder.rmdir()


def find_tool(name: str) -> str | None:
    """Path of a program; the sbin folders count even where PATH lacks them."""
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")


def need_tools(wanted: dict[str, str]) -> None:
    """Install missing programs (program -> Debian package) without letting any package start a service."""
    missing = sorted({package for program, package in wanted.items() if find_tool(program) is None})
    if not missing:
        return
    if find_tool("apt-get") is None or os.geteuid() != 0:
        raise LabError(f"missing: {' '.join(missing)}. Install these packages, or run this as root on Debian.")
    with locked("apt"), timed(f"installing {' '.join(missing)} by apt"), _no_service_starts():
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
        try:
            run(install, "installing", env)
        except LabError:
            # The usual cause is an image or machine whose package lists were cleaned away.
            run(["apt-get", "update"], "reading the package lists", env)
            run(install, "installing", env)
        if "docker.io" in missing and Path("/run/systemd/system").is_dir():
            # The lab runs an engine of its own; the machine must not get another one at its next boot.
            run(["systemctl", "disable", "docker.service", "docker.socket", "containerd.service"], "disabling docker")


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Debian's switch for "install, but start nothing"; one that is already there is left alone."""
    policy = Path("/usr/sbin/policy-rc.d")
    if policy.exists():
        yield
        return
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    try:
        yield
    finally:
        policy.unlink(missing_ok=True)
