# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts as people have them: one file in set_ups/ for each report. Its README says how to add one."""

from __future__ import annotations

import subprocess
import typing as t
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
KEYS = {"about", "engines", "does", "prepare", "options", "changes", "warns", "refused", "proof", "restore"}
# Every network and who is on it, every container and since when it runs; ids of networks change, names do not.
LOOK = (
    "docker network ls --format '{{.Name}}' | sort;"
    "docker ps -a --format '{{.Names}} {{.ID}} {{.Networks}}' | sort; docker inspect -f '{{.State.StartedAt}}' mail"
)


@pytest.fixture
def case(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> t.Iterator[tuple[dict[str, t.Any], Host]]:
    name, engine = request.param
    said, host = SET_UPS[name], hosts[engine]
    clean(host)
    host.run(said["prepare"])
    yield said, host
    host.run(said.get("restore", ":"))
    host.run(
        "docker rm -f mail >/dev/null; docker network prune -f >/dev/null;"
        "docker run -d --name mail -p 8080:80 dms-lab/whoami >/dev/null"
    )
    clean(host)


def run(
    host: Host, said: dict[str, t.Any], *options: str, playbook: str = "enable"
) -> subprocess.CompletedProcess[str]:
    given = {"dms_ipv6_containers": ["mail"], "dms_ipv6_probe_hosts": ["client"], **said.get("options", {})}
    return play(host.name, playbook, options=options, **given)


def plan(host: Host, said: dict[str, t.Any]) -> dict[str, t.Any]:
    """The plan that docker_ipv6_info makes for the same options."""
    given = {name.removeprefix("dms_ipv6_"): value for name, value in said.get("options", {}).items()}
    return t.cast(
        dict[str, t.Any], host.module("docker_ipv6_info", mode="nat", **{"containers": ["mail"], **given})["plan"]
    )


def test_every_set_up_says_what_is_known() -> None:
    assert CASES
    assert {name: sorted(said.keys() - KEYS) for name, said in SET_UPS.items() if said.keys() - KEYS} == {}


@pytest.mark.parametrize("case", CASES, indirect=True, ids=["-".join(one) for one in CASES])
def test_a_host_as_people_have_it(case: tuple[dict[str, t.Any], Host]) -> None:
    said, host = case
    before = host.run(LOOK), host.run("cat /etc/docker/daemon.json")
    if "refused" in said:
        for options in (["--check"], []):
            done = run(host, said, *options)
            assert done.returncode != 0
            assert said["refused"] in " ".join(done.stdout.split()), done.stdout
            assert (host.run(LOOK), host.run("cat /etc/docker/daemon.json")) == before
        return
    found = plan(host, said)
    steps = " | ".join(found["steps"])
    at = [steps.find(words) for words in said["changes"]]
    assert -1 not in at and at == sorted(at), steps
    assert bool(found["steps"]) is bool(said["changes"]), steps
    for words in said.get("warns", ()):
        assert any(words in warning for warning in found["warnings"]), found["warnings"]
    done = run(host, said)
    assert done.returncode == 0, done.stdout + done.stderr
    if not found["steps"] and said["proof"] == "passed":
        # Nothing was changed, so nothing was proven.
        done = run(host, said, playbook="verify")
        assert done.returncode == 0, done.stdout + done.stderr
    again = run(host, said)
    assert again.returncode == 0 and "changed=0 " in again.stdout, again.stdout
    info = host.module("docker_ipv6_info", mode="audit")
    assert info.get("proof", {}).get("result", "not verified") == said["proof"], info
    if not said["changes"]:
        assert (host.run(LOOK), host.run("cat /etc/docker/daemon.json")) == before
    if said["proof"] == "passed":
        verdicts = {
            one["verdict"] for place in info["containers"] for one in place["exposure"] if one["family"] == "ipv6"
        }
        assert verdicts == {"real"}, ("the audit says something else than the probe", info)
