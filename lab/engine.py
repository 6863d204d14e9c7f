# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine under the lab: the user's own where one works, else our own in a namespace without a way out."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from lab.base import LabError, find_tool, locked, need_tools, say, state_dir, timed
from lab.leftovers import CGROUP_PARENT, unmount_below
from lab.namespace import holder, ignore_bridged, make_namespace

DATA_ROOT = Path("/var/lib/dms-lab")
TOOLS = {
    "dockerd": "docker.io",
    "containerd": "docker.io",
    "nft": "nftables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "iptables": "iptables",
    "sysctl": "procps",
}


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answers, and whether it is ours to stop."""

    url: str
    own: bool

    def client(self) -> Any:
        """A new client; the SDK's session is not made for sharing between threads."""
        environment = {} if self.own else dict(os.environ)
        return docker.from_env(environment={**environment, "DOCKER_HOST": self.url}, timeout=600)

    def answers(self) -> bool:
        """True if the engine is there."""
        return not self.complaint()

    def complaint(self) -> str:
        """Why it does not answer; empty if it does."""
        try:
            self.client().ping()
        except (docker.errors.DockerException, OSError) as error:
            return str(error)
        return ""


def own_engine() -> Engine:
    """Our engine's address, running or not."""
    return Engine(f"unix://{state_dir() / 'docker.sock'}", own=True)


def _user_url() -> str:
    """What the docker command would talk to: DOCKER_HOST, else its current context, else the default socket."""
    url = os.environ.get("DOCKER_HOST")
    if url:
        return url
    program = find_tool("docker")
    if program:
        ask = [program, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
        answer = subprocess.run(ask, capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip():
            return answer.stdout.strip()
    return "unix:///var/run/docker.sock"


def find_engine() -> Engine | None:
    """The engine in use, starting nothing. Ours comes first while it runs: the labs are in there."""
    ours = own_engine()
    if _alive("dockerd") and ours.answers():
        return ours
    theirs = Engine(_user_url(), own=False)
    return theirs if theirs.url != ours.url and theirs.answers() else None


def refuse_silent() -> None:
    """Raise LabError if our engine runs and yet gives no answer: there may be other labs in it that are well."""
    with locked("engine"):  # the process that starts it holds this until it answers
        pid, complaint = _alive("dockerd"), own_engine().complaint()
    if pid and complaint:
        raise LabError(
            f"the lab's engine runs (pid {pid}) but does not answer: {complaint}. Nothing was stopped; "
            "`down --all` stops it with every lab that is in it"
        )


def ensure_engine() -> Engine:
    """The engine in use, started if there is none."""
    with locked("engine"):
        found = find_engine()
        if found is None:
            _start_own()
            found = own_engine()
        if found.own:
            ignore_bridged()
        return found


def _start_own() -> None:
    if os.geteuid() != 0:
        raise LabError(
            "no Docker engine answers and starting one needs root: run this as root, "
            "or start your Docker and set DOCKER_HOST"
        )
    need_tools(TOOLS)
    state = state_dir()
    with timed("starting the lab's own engine"):
        state.mkdir(mode=0o755, exist_ok=True)
        DATA_ROOT.mkdir(mode=0o711, exist_ok=True)
        make_namespace()
        _write_configuration()
        if not _alive("containerd"):
            _spawn("containerd", ["--config", str(state / "containerd.toml")])
            _wait((state / "containerd.sock").exists, "containerd")
        if not _alive("dockerd"):
            (state / "docker.pid").unlink(missing_ok=True)
            _spawn("dockerd", ["--config-file", str(state / "daemon.json")])
        _wait(own_engine().answers, "dockerd")


def _write_configuration() -> None:
    state = state_dir()
    daemon = {
        # No rules and no default bridge: with ip6tables the outer engine would break neighbour discovery (moby#45649).
        "iptables": False,
        "ip6tables": False,
        "bridge": "none",
        "data-root": str(DATA_ROOT / "docker"),
        "exec-root": str(state / "exec"),
        "pidfile": str(state / "docker.pid"),
        "hosts": [own_engine().url],
        "containerd": str(state / "containerd.sock"),
        # One driver and one parent everywhere, so that `down` finds every control group again.
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "cgroup-parent": f"/{CGROUP_PARENT}",
    }
    (state / "daemon.json").write_text(json.dumps(daemon, indent=2) + "\n")
    # Given no address, dockerd would take the machine's containerd if there is one: that is not ours.
    (state / "containerd.toml").write_text(
        f'version = 2\nroot = "{DATA_ROOT / "containerd"}"\nstate = "{state / "containerd"}"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]\n'
        f'[grpc]\n  address = "{state / "containerd.sock"}"\n'
    )


def _spawn(name: str, arguments: list[str]) -> None:
    """Start a daemon that outlives us, and note its pid together with its start time."""
    state = state_dir()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}
    environment["PATH"] = environment.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
    with open(state / f"{name}.log", "ab") as log:
        process = subprocess.Popen(  # nsenter replaces itself by the daemon, so this pid is the daemon's
            ["nsenter", f"--net={holder()}", find_tool(name) or name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env=environment,
        )
    note = {"pid": process.pid, "start": _start_time(process.pid)}
    (state / f"{name}.json").write_text(json.dumps(note))


def _start_time(pid: int) -> str | None:
    """The kernel's start time of a process, None if it is gone or only a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


def _alive(name: str) -> int | None:
    """The pid of our daemon; a number that was given to another process since does not count."""
    try:
        note = json.loads((state_dir() / f"{name}.json").read_text())
    except (OSError, ValueError):
        return None
    pid = int(note["pid"])
    return pid if note["start"] is not None and _start_time(pid) == note["start"] else None


def _wait(ready: Any, name: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end or not _alive(name):
            log = state_dir() / f"{name}.log"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise LabError(f"{name} did not come up. The end of {log}:\n{tail}")
        time.sleep(0.05)


def stop_own() -> None:
    """Stop our engine by its pid and remove everything that came with it."""
    for name, patience in (("dockerd", 60), ("containerd", 20)):
        _stop(name, patience)
    for place in (DATA_ROOT, state_dir()):
        unmount_below(place)
    shutil.rmtree(DATA_ROOT, ignore_errors=True)


def _stop(name: str, patience: float) -> None:
    pid = _alive(name)
    if pid is None:
        return
    end = time.monotonic() + patience
    os.kill(pid, signal.SIGTERM)
    while _alive(name):
        if time.monotonic() > end:
            say(f"{name} (pid {pid}) ignored SIGTERM for {patience:.0f} s: killing it")
            os.kill(pid, signal.SIGKILL)
            end = time.monotonic() + patience
        time.sleep(0.05)
