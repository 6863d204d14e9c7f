# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab hosts for tests: run a module on one, look inside, and put it back."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

import ansible

TOP = Path(__file__).resolve().parents[2]
# Two processes of one test run have labs of their own: the same hosts, with this behind the name of each lab.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def own_inventory(inventory: Path) -> Path:
    """An inventory of tests/integration, with this process's labs in place of those that it names."""
    if not WORKER or inventory.parent != Path(__file__).parent:
        return inventory
    text = inventory.read_text(encoding="utf-8")
    lab_name = re.findall(r"lab_name: (\S+)", text)[0]
    text = text.replace(f"lab_name: {lab_name}\n", f"lab_name: {lab_name}-{WORKER}\n")
    own = TOP / "build" / "test" / WORKER / inventory.name
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(text.replace(f"dms-lab-{lab_name}-", f"dms-lab-{lab_name}-{WORKER}-"), encoding="utf-8")
    return own


INVENTORY = own_inventory(Path(__file__).with_name("inventory.yml"))
# With the comment's indentation and order, so that a byte that changes is seen.
ORIGINAL = '{\n    "log-level": "info",\n    "max-concurrent-downloads": 3\n}\n'
# Only a restart brings it into force, and it is not about the default bridge.
WANTED = {"init": True}


def output(*command: str, stdin: str | None = None) -> str:
    """What a command prints; an AssertionError with its complaint if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, input=stdin)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def lab(verb: str, *about: Path | str) -> None:
    """Bring the hosts of an inventory up, or down; or another of the lab's commands."""
    places = (own_inventory(one) if isinstance(one, Path) else one for one in about or (INVENTORY,))
    output(sys.executable, str(TOP / "lab" / "lab.py"), verb, *map(str, places))


@dataclass(frozen=True)
class Host:
    """A host of an inventory; a lab other than these tests' own has one of its name."""

    name: str
    lab: str = "integration"

    @property
    def container(self) -> str:
        """The lab container that it is."""
        return "-".join(("dms-lab", self.lab, *([WORKER] if WORKER else []), self.name))

    def run(self, script: str) -> str:
        """What a shell script prints on the host."""
        return output("docker", "exec", "-i", self.container, "sh", "-e", stdin=script)

    def module(
        self, module: str, check: bool = False, python: str = "", pipelining: bool = True, **options: t.Any
    ) -> dict[str, t.Any]:
        """The result of one of our modules, failed or not. A traceback fails the test.

        ``python`` is for another interpreter than the inventory's; without ``pipelining`` no program is sent.
        """
        command = ["ansible", "-i", str(INVENTORY), self.name, "-m", f"dms.ipv6.{module}"]
        command += ["-a", json.dumps(options)] if options else []
        command += ["-e", f"ansible_python_interpreter={python}"] if python else []
        command += ["--check"] if check else []
        environment = {**os.environ, "ANSIBLE_PIPELINING": str(pipelining)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        found = re.search(r"^\S+ \| (\S+) => (\{.*)", done.stdout, re.DOTALL | re.MULTILINE)
        assert found, done.stdout + done.stderr
        result: dict[str, t.Any] = json.loads(found.group(2))
        assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
        return {**result, "failed": found.group(1).startswith("FAILED")}

    def install(self) -> None:
        """Copy what direct() needs: our own files as installed, and ansible-core's side of a module."""
        ours = Path(os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]) / "ansible_collections"
        core = Path(ansible.__file__).parent
        self.run("mkdir -p /opt/direct/ansible; : > /opt/direct/ansible/__init__.py")
        for source, target in (
            (ours, "ansible_collections"),
            (core / "module_utils", "ansible/module_utils"),
            (Path(__file__).with_name("direct.py"), "direct.py"),
        ):
            output("docker", "cp", str(source), f"{self.container}:/opt/direct/{target}")

    def direct(self, module: str, check: bool = False, fault: str = "", **options: t.Any) -> dict[str, t.Any]:
        """The result of a module run on the host without Ansible, which takes two seconds longer.

        ``fault`` is for the test hook that kills the module; the result then only says that it was killed.
        """
        command = ["docker", "exec", "-i", "-e", f"DMS_IPV6_TEST_FAULT={fault}", self.container]
        command += ["python3", "/opt/direct/direct.py", module, "check" if check else "real"]
        done = subprocess.run(command, input=json.dumps(options), capture_output=True, text=True, check=False)
        if done.returncode == 137:
            return {"killed": True, "failed": True}
        assert done.stdout.strip().startswith("{"), done.stdout + done.stderr
        result: dict[str, t.Any] = json.loads(done.stdout)
        if result.get("incomplete"):  # as its action plugin does
            return self.direct(module.replace("ipv6_info", "ipv6_full_info"), check, fault, **options)
        return {"failed": False, "killed": False, **result}

    def state(self) -> str:
        """Everything that a refused run must leave alone: settings, networks, containers, our own record."""
        return self.run(
            "find /etc/docker -type f ! -name key.json -exec sha256sum {} + | sort;"
            "docker network ls --no-trunc -q | sort;"
            "docker ps -a --no-trunc -q | sort | xargs -r docker inspect -f '{{.Id}} {{.State.StartedAt}}';"
            "systemctl show -p MainPID docker; ls -A /var/lib/dms-ipv6 2>/dev/null || true"
        )


def play(
    host: str,
    playbook: str = "enable",
    inventory: Path = INVENTORY,
    options: t.Sequence[str] = (),
    **variables: object,
) -> subprocess.CompletedProcess[str]:
    """Run one of our playbooks on one host, or several."""
    extra = json.dumps({"dms_ipv6_hosts": host, "dms_ipv6_probe_image": "dms-lab/whoami", **variables})
    command = ["ansible-playbook", "-i", str(own_inventory(inventory)), f"dms.ipv6.{playbook}", "-e", extra, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# What clean() leaves; each line that fails is printed.
KNOWN_STATE = f"""
check() {{ "$@" >/dev/null 2>&1 || echo "not so: $*"; }}
said() {{ [ "$1" = "$2" ] || echo "$3: $1"; }}
check systemctl is-active docker
said "$(cat /etc/docker/daemon.json 2>&1; echo .)" '{ORIGINAL}.' daemon.json
said "$(ls -A /etc/docker | grep -vx key.json)" daemon.json 'files of Docker'
# dockerd may not have read a file of the same moment.
said "$(find /run/docker.pid -newer /etc/docker/daemon.json)" /run/docker.pid 'started after daemon.json was written'
said "$(ls -d /var/lib/dms-ipv6 /etc/systemd/system/docker.service.d/* 2>/dev/null)" '' 'left behind'
said "$(ls /etc/systemd/system | grep dms-ipv6)" '' 'units left behind'
said "$(docker ps -a --format '{{{{.Names}}}} {{{{.State}}}} {{{{.Networks}}}}')" 'mail running bridge' containers
said "$(docker network ls --format '{{{{.Name}}}}' | sort | xargs)" 'bridge host none' networks
said "$(docker info -f '{{{{.LiveRestoreEnabled}}}}')" false live-restore
"""


def differs(host: Host) -> str:
    """What of the host is not in the state that clean() leaves, a line each; nothing if it is in it."""
    return host.run(f"set +e\n{KNOWN_STATE}true")


def clean(host: Host) -> None:
    """Settings of its administrator's own, in force; the container runs; the collection has left nothing.

    A host that is in this state already is left alone: a restart of dockerd takes seconds.
    """
    if not differs(host):
        return
    host.run(
        "docker ps -a --format '{{.Names}}' | grep -vx mail | xargs -r docker rm -f >/dev/null 2>&1 || true;"
        "for one in $(docker network ls --format '{{.Name}}' | grep -vxE 'bridge|host|none'); do"
        " docker network disconnect -f $one mail 2>/dev/null || true; docker network rm $one >/dev/null || true; done;"
        "chattr -i /etc/docker/daemon.json 2>/dev/null || true; rm -rf /var/lib/dms-ipv6 /etc/docker/daemon.json*;"
        f"printf '%s' '{ORIGINAL}' > /etc/docker/daemon.json; systemctl reset-failed docker docker.socket;"
        # A file written within 0.02 s of the daemon's start is taken for one that it may not have read.
        "sleep 0.2; systemctl restart docker; docker start mail >/dev/null"
    )
    left = differs(host)
    assert not left, f"{host.name} cannot be put back: {left}"


@contextlib.contextmanager
def without_ipv6(host: Host) -> t.Iterator[None]:
    """A host that has no IPv6 for a while. Its addresses go with it and do not come back by themselves."""
    lost = host.run(
        'ip -6 -o addr show scope global | awk \'{print "ip addr replace " $4 " dev " $2 " nodad"}\';'
        "ip -6 route show default | sed 's/^/ip -6 route replace /'"
    )
    host.run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1")
    try:
        yield
    finally:
        host.run(f"sysctl -qw net.ipv6.conf.all.disable_ipv6=0\n{lost}")


def started(host: Host) -> str:
    """The container: its id, when it was started, whether it runs."""
    return host.run("docker inspect -f '{{.Id}} {{.State.StartedAt}} {{.State.Running}}' mail")


def settings(host: Host) -> str:
    """What daemon.json holds, to the byte."""
    return host.run("cat /etc/docker/daemon.json; echo .")[:-1]


@contextlib.contextmanager
def polled(host: Host, client: Host) -> t.Iterator[dict[str, t.Any]]:
    """A client polls the published port every 20 ms until the block ends; the figures are there afterwards."""
    addresses = host.direct("docker_ipv6_info")["addresses"]
    output("docker", "cp", str(TOP / "lab" / "poller.py"), f"{client.container}:/poller.py")
    figures: dict[str, t.Any] = {}
    command = ["docker", "exec", "-i", client.container, "python3", "/poller.py"]
    command += [addresses["ipv4"], addresses["ipv6"], "8080"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as poller:
        client.run("sleep 1")
        try:
            yield figures
            client.run("sleep 1")
        finally:
            said = poller.communicate(timeout=30)[0]
        figures.update(json.loads(said))
