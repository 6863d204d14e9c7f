# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who decides which Compose file root edits, and what Compose runs as root, on real hosts with their own Compose."""

from __future__ import annotations

import contextlib
import json
import typing as t

import pytest

from lab import engines
from tests.integration.lab_host import Host, output

COMPOSE = "C='docker compose'; docker compose version >/dev/null 2>&1 || C=docker-compose;"
SECRET = "hunter2-planted"
TEXT = f"""\
version: "3.3"
services:
  mail: {{image: dms-lab/whoami, environment: {{RELAY_PASSWORD: {SECRET}}}, ports: ["8090:80"]}}
"""


@contextlib.contextmanager
def project(host: Host, folder: str, text: str = TEXT, name: str = "docker-compose.yml") -> t.Iterator[str]:
    """A project that runs; gone in the end. Gives the path of its file."""
    path = f"{folder}/{name}"
    host.run(f"rm -rf {folder}; mkdir -p {folder}")
    output("docker", "exec", "-i", host.container, "tee", path, stdin=text)
    host.run(f"cd {folder}; {COMPOSE} $C up -d")
    try:
        yield path
    finally:
        host.run(f"chown -R 0:0 {folder}; cd {folder}; {COMPOSE} $C down -v; rm -rf /var/lib/dms-ipv6 {folder}")


def looked(host: Host, path: str) -> str:
    return host.run(
        f"stat -c '%i %Y %a %u' {path} $(dirname {path}); sha256sum {path}; ls -A $(dirname {path});"
        "docker network ls -q --no-trunc | sort; docker ps -a --no-trunc -q | sort"
    )


def test_an_image_names_the_file_of_another(engine: Host) -> None:
    """`docker run` of an image that says which project it is of: nothing of that project is touched."""
    with project(engine, "/srv/other") as path:
        engine.run(
            "mkdir -p /tmp/evil; cd /tmp/evil; { echo FROM dms-lab/whoami; echo LABEL"
            " $(docker inspect -f '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}' "
            "$(docker ps -q -f label=com.docker.compose.project.working_dir=/srv/other)); } > Dockerfile;"
            "DOCKER_BUILDKIT=0 docker build -q -t evil .; docker run -d --name evil evil"
        )
        try:
            before = looked(engine, path)
            options: dict[str, t.Any] = {"mode": "nat", "containers": ["evil"]}
            for attach in ("auto", "compose"):
                said = engine.direct("docker_ipv6_info", **options, attach=attach)
                assert said["failed"], said
                words = "container evil: its label com.docker.compose.project.working_dir comes from its image, so "
                assert said["msg"].startswith(f"{words}{path} may not be its Compose file."), said["msg"]
                assert "\n" not in said["msg"]
            said = engine.direct("docker_ipv6", check=True, **options)
            assert said["failed"] and "comes from its image" in said["msg"]
            assert looked(engine, path) == before
            # By its network it gets IPv6 as any other; the project is the real one's alone.
            plan = engine.direct("docker_ipv6_info", **options, attach="network")["plan"]
            assert (plan["compose"], plan["containers"]) == ([], ["evil"])
            plan = engine.direct("docker_ipv6_info", mode="nat", compose_files=[path])["plan"]
            assert plan["steps"] and not [one for one in plan["steps"] if "connect evil" in one], plan["steps"]
        finally:
            engine.run("docker rm -f evil; docker rmi -f evil")


def test_a_container_that_can_write_to_its_file(engine: Host) -> None:
    text = TEXT.replace("ports:", 'volumes: [".:/work"], ports:')
    with project(engine, "/srv/mounted", text) as path:
        name = engine.run("docker ps --format '{{.Names}}' -f label=com.docker.compose.project=mounted")
        said = engine.direct("docker_ipv6_info", mode="nat", containers=[name])
        assert f"container {name}: it can write to /srv/mounted itself, where its Compose file {path} is" in said["msg"]
        plan = engine.direct("docker_ipv6_info", mode="nat", containers=[name], compose_files=[path])["plan"]
        assert [one["path"] for one in plan["compose"]] == [path]


def test_root_starts_nothing_of_others(engine: Host) -> None:
    """Between the look at the hash and `up`, the folder's owner could write another file: the run lets them do it."""
    with project(engine, "/srv/theirs") as path:
        before = looked(engine, path)
        for owned in ("/srv/theirs", path):
            engine.run(f"chown 65534 {owned}")
            said = engine.direct("compose_ports", path=path, recreate=True)
            assert said["failed"] and f"can write to {owned}, and root would let Compose run" in said["msg"], said
            engine.run(f"chown 0 {owned}")
        assert looked(engine, path) == before
        # Root's own, all the way: re-created as before, and the next `up` of its user finds nothing to do.
        said = engine.direct("compose_ports", path=path, recreate=True)
        assert said["changed"] and not said["failed"], said
        assert engine.run("docker ps --format '{{.Ports}}' -f label=com.docker.compose.project=theirs") == (
            "0.0.0.0:8090->80/tcp"
        )
        there = engine.run("docker ps -q --no-trunc")
        engine.run(f"cd /srv/theirs; {COMPOSE} $C up -d")
        assert engine.run("docker ps -q --no-trunc") == there


def test_no_secret_in_a_result(engine: Host) -> None:
    """The line that changes has one, and is shown without; nor does Compose's own complaint cite a file."""
    with project(engine, "/srv/secret") as path:
        said = engine.direct("compose_ports", check=True, path=path, _ansible_diff=True)
        assert said["changed"] and "image: dms-lab/whoami, env***" in said["diff"][0]["prepared"], said
        assert SECRET not in json.dumps(said)
        engine.run(f"printf '%s\\n' 'A B+ {SECRET}' '{SECRET}' > /srv/secret/bad.env")
        engine.run(f"sed -i 's/image: dms-lab/env_file: bad.env, image: dms-lab/' {path}")
        said = engine.direct("compose_ports", check=True, path=path, _ansible_diff=True)
        assert SECRET not in json.dumps(said), said
        engine.run(f"sed -i 's/env_file: bad.env, //' {path}")


@pytest.mark.parametrize(
    ("folder", "env", "names"),
    [
        ("/srv/_mail", "", ("_mail", "mail")),
        ("/srv/Mail.Box", "", ("mailbox", "mailbox")),
        ("/srv/env", "COMPOSE_PROJECT_NAME=fromenv", ("fromenv", "fromenv")),
    ],
)
def test_names_of_projects(engine: Host, folder: str, env: str, names: tuple[str, str]) -> None:
    """As Compose (1, later) itself makes them: a project that does not run yet will look for a network of that name."""
    with project(engine, folder) as path:
        engine.run(f"cd {folder}; {COMPOSE} $C down; echo '{env}' > .env")
        said = engine.direct("compose_network", check=True, path=path)
        engine.run(f"cd {folder}; {COMPOSE} $C up -d")
        label = '{{.Label "com.docker.compose.project"}}'
        name = engine.run(f"docker ps --format '{label}' -f publish=8090")
        assert name == names[0 if engines.has_compose_1(engine.name) else 1]
        assert (said["project"], said["network"]) == (name, f"{name}_default"), said
        said = engine.direct("compose_network", check=True, path=path)
        assert (said["project"], said["network"]) == (name, f"{name}_default"), said
