# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as people have them: one file in set_ups/ for each report. Its README says how to add one."""

from __future__ import annotations

import subprocess
import traceback
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from lab import engines
from tests.integration.lab_host import Host, clean, play

SET_UPS = {path.stem: yaml.safe_load(path.read_text()) for path in Path(__file__).with_name("set_ups").glob("*.yml")}
CASES = [
    (name, engine)
    for name, said in sorted(SET_UPS.items())
    for engine in engines.each(said["engines"], said.get("does", ""))
]
KEYS = {
    "about", "engines", "does", "prepare", "options", "changes", "warns", "refused", "then", "finds", "proof", "restore"
}  # fmt: skip
# Every network and who is on it, every container and since when it runs; ids of networks change, names do not.
LOOK = (
    "docker network ls --format '{{.Name}}' | sort;"
    "docker ps -a --format '{{.Names}} {{.ID}} {{.Networks}}' | while read -r name id networks; do"
    " echo $name $id $(echo $networks | tr , '\\n' | sort); done | sort; docker inspect -f '{{.State.StartedAt}}' mail"
)


def run(host: Host, said: dict[str, t.Any], playbook: str) -> subprocess.CompletedProcess[str]:
    given = {"dms_ipv6_containers": ["mail"], "dms_ipv6_probe_hosts": ["client"], **said.get("options", {})}
    return play(host.name, playbook, **given)


def planned(host: Host, said: dict[str, t.Any]) -> dict[str, t.Any]:
    """What docker_ipv6_info returns for the same options: a plan, or why there is none."""
    given = {name.removeprefix("dms_ipv6_"): value for name, value in said.get("options", {}).items()}
    given = {name: value for name, value in given.items() if not name.startswith("probe_")}
    return host.direct("docker_ipv6_info", mode="nat", **{"containers": ["mail"], **given})


def look(host: Host) -> str:
    return host.run(f"{LOOK}; cat /etc/docker/daemon.json")


def test_every_set_up_says_what_is_known() -> None:
    assert SET_UPS
    assert {name: sorted(said.keys() - KEYS) for name, said in SET_UPS.items() if said.keys() - KEYS} == {}


@pytest.mark.parametrize("name", sorted(SET_UPS))
def test_a_host_as_people_have_it(name: str, hosts: dict[str, Host]) -> None:
    """Its engines are tried at the same time."""
    said = SET_UPS[name]
    with ThreadPoolExecutor() as pool:
        faults = [*pool.map(lambda engine: tried(said, hosts[engine]), said["engines"])]
    assert not any(faults), "\n".join(faults)


def tried(said: dict[str, t.Any], host: Host) -> str:
    """What is wrong on one engine, empty if nothing is."""
    try:
        clean(host)
        host.run(said["prepare"])
        (refused if "refused" in said else carried_out)(said, host)
    except AssertionError:
        return f"{host.name}: {traceback.format_exc()}"
    finally:
        host.run(said.get("restore", ":"))
        host.run(
            "docker rm -f mail >/dev/null; docker network prune -f >/dev/null;"
            "docker run -d --name mail -p 8080:80 dms-lab/whoami >/dev/null"
        )
        clean(host)
    return ""


def refused(said: dict[str, t.Any], host: Host) -> None:
    before = look(host)
    plan = planned(host, said)
    # What only a restart would do is seen by the module that restarts.
    assert not plan["failed"] or said["refused"] in plan["msg"], plan["msg"]
    done = run(host, said, "enable")
    assert done.returncode != 0
    assert said["refused"] in " ".join(done.stdout.split()), done.stdout
    assert look(host) == before


def carried_out(said: dict[str, t.Any], host: Host) -> None:
    before, found = look(host), planned(host, said)
    assert not found["failed"], found["msg"]
    steps = " | ".join(found["plan"]["steps"])
    at = [steps.find(words) for words in said["changes"]]
    assert -1 not in at and at == sorted(at), steps
    assert bool(steps) is bool(said["changes"]), steps
    for words in said.get("warns", ()):
        assert any(words in warning for warning in found["plan"]["warnings"]), found["plan"]["warnings"]
    # Where nothing is changed, nothing is proven by it, and a host that was never changed keeps no proof.
    proves = not steps and said["proof"] == "passed"
    more = {"options": {**said.get("options", {}), "dms_ipv6_require_proof": True}} if proves else {}
    done = run(host, {**said, **more}, "verify" if proves else "enable")
    assert done.returncode == 0, done.stdout + done.stderr
    again = planned(host, said)
    assert not again["failed"] and again["plan"]["steps"] == [], again
    assert steps or look(host) == before
    host.run(said.get("then", ":"))
    info = host.direct("docker_ipv6_info", mode="audit")
    assert proves or info.get("proof", {}).get("result", "not verified") == said["proof"], info
    assert {*said.get("finds", ())} <= {one["id"] for one in info["findings"]}, info["findings"]
    if said["proof"] == "passed":
        exposed = [one for place in info["containers"] if place["name"] == "mail" for one in place["exposure"]]
        verdicts = {one["verdict"] for one in exposed if one["family"] == "ipv6"}
        assert verdicts == {"real"}, ("the audit says something else than the probe", exposed)
