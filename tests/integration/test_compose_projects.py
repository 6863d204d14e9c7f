# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose files as people have them, on real hosts with their own Compose. compose_projects/README.md: one more."""

from __future__ import annotations

import json
import posixpath
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.integration.lab_host import Host, clean, output

PROJECTS = {
    path.stem: yaml.safe_load(path.read_text()) for path in Path(__file__).with_name("compose_projects").glob("*.yml")
}
NEWER = ("trixie", "sid")
# Each on one engine, in turn, and what Compose 1.29 reads of the usual ones on the oldest too.
CASES = [
    *((name, said.get("engines", NEWER)[at % len(NEWER)]) for at, (name, said) in enumerate(sorted(PROJECTS.items()))),
    *((name, "bookworm") for name in ("plain", "reverse_proxy", "wide_and_narrow", "static_addresses")),
]
COMPOSE = "C='docker compose'; docker compose version >/dev/null 2>&1 || C=docker-compose;"


class Project:
    """A project on a host."""

    def __init__(self, host: Host, name: str, said: dict[str, t.Any]) -> None:
        self.host, self.said = host, said
        self.folder = f"/srv/{name}"
        env = "COMPOSE_FILE" in said["files"].get(".env", "")
        self.given = "" if env else "".join(f" -f {one}" for one in said.get("given", ()))
        self.given += f" --env-file {said['variables']}" if "variables" in said else ""

    def compose(self, words: str) -> str:
        return self.host.run(f"{COMPOSE} cd {self.folder}; $C{self.given} {words} 2>&1")

    def up(self) -> str:
        """The id of the container of the service web."""
        self.host.run(f"rm -rf {self.folder}")
        for file, text in self.said["files"].items():
            path = f"{self.folder}/{file}"
            self.host.run(f"mkdir -p {posixpath.dirname(path)}")
            lines = text.replace("\n", "\r\n") if self.said.get("crlf") else text
            output("docker", "exec", "-i", self.host.container, "tee", path, stdin=lines)
        for one in self.said.get("outside", ()):
            self.host.run(f"docker network create {one}")
        self.compose("up -d")
        return self.compose("ps -q web").split()[-1]

    def down(self) -> None:
        self.compose("down -v")
        for one in self.said.get("outside", ()):
            self.host.run(f"docker network rm {one}")
        self.host.run(f"rm -rf {self.folder}")

    def files(self) -> dict[str, str]:
        return {file: self.host.run(f"cat {self.folder}/{file}; echo .")[:-1] for file in self.said["files"]}

    def config(self) -> dict[str, t.Any]:
        """What Compose makes of it, without its complaints."""
        text = self.host.run(f"{COMPOSE} cd {self.folder}; $C{self.given} config 2>/dev/null")
        return t.cast(dict[str, t.Any], yaml.safe_load(text))

    def containers(self) -> str:
        return self.host.run(
            "docker ps -q --no-trunc | sort | xargs -r docker inspect -f '{{.Id}} {{.State.StartedAt}}'"
        )


@pytest.fixture
def case(request: pytest.FixtureRequest, hosts: dict[str, Host]) -> t.Iterator[tuple[Project, str]]:
    name, engine = request.param
    host = hosts[engine]
    project = Project(host, name, PROJECTS[name])
    host.run("rm -rf /var/lib/dms-ipv6")
    web = project.up()
    yield project, web
    project.down()
    host.run("rm -rf /var/lib/dms-ipv6")


@pytest.fixture(scope="module", autouse=True)
def put_back(hosts: dict[str, Host]) -> t.Iterator[None]:
    yield
    for name in ("bookworm", *NEWER):
        clean(hosts[name])


@pytest.mark.parametrize("case", CASES, indirect=True, ids=["-".join(one) for one in CASES])
def test_a_compose_file_as_people_have_it(case: tuple[Project, str]) -> None:
    project, web = case
    said, host = project.said, project.host
    before, config, running = project.files(), project.config(), project.containers()
    plan = host.direct("docker_ipv6_info", mode="nat", containers=[web])["plan"]
    assert f"remove network {said['network']}" in plan["steps"], plan
    assert said.get("warns", "") in " ".join(plan["warnings"])
    done = host.direct("docker_ipv6", mode="nat", containers=[web])
    assert done["changed"] and done["compose_will_recreate"] == [], done
    assert not host.direct("docker_ipv6", mode="nat", containers=[web])["changed"]
    after = project.files()
    assert [file for file in before if before[file] != after[file]] == [one for one in [said.get("edits")] if one]
    _same_but_for_the_network(config, project.config(), bool(said.get("edits")))
    said_of_up = project.compose("up -d")
    assert project.containers() == running, said_of_up
    assert host.run(f"docker network inspect -f '{{{{.EnableIPv6}}}}' {said['network']}") == "true"
    info = host.direct("docker_ipv6_info", mode="audit", containers=[web])
    name = host.run(f"docker inspect -f '{{{{.Name}}}}' {web}").lstrip("/")
    seen = {
        one["verdict"]
        for place in info["containers"]
        for one in place["exposure"]
        if place["name"] == name and one["family"] == "ipv6"
    }
    assert seen == {"real"}, info["containers"]
    assert [one for one in info["findings"] if one["id"] == "not_durable"] == []


def _same_but_for_the_network(before: dict[str, t.Any], after: dict[str, t.Any], edited: bool) -> None:
    """One network has IPv6 now, and nothing else is another."""
    old, new = before.pop("networks", None) or {}, after.pop("networks", None) or {}
    assert json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    assert len(changed) == edited
    for key in changed:
        entry, was = new[key], old.get(key) or {}
        assert entry.pop("enable_ipv6") is True
        subnets = [one["subnet"] for one in entry.pop("ipam")["config"]]
        assert [one["subnet"] for one in (was.get("ipam") or {}).get("config", ())] == subnets[:-1]
        assert ":" in subnets[-1]
        assert entry == {name: value for name, value in was.items() if name not in ("ipam", "enable_ipv6")} or not was
