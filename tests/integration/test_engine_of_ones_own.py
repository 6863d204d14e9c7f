# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host made of a static bundle, as DMS_IPV6_ENGINE has all made, with a Compose that was given by hand."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from lab import engines
from tests.integration.lab_host import Host, lab, output, play

pytestmark = pytest.mark.own_lab
LAB = "bundle"
COMPOSE = "/usr/libexec/docker/cli-plugins/docker-compose"
PLUGINS = "docker info -f '{{range .ClientInfo.Plugins}}{{println .Path}}{{end}}'"
SERVER = "docker version -f '{{.Server.Version}}'"
GIVEN: dict[str, t.Any] = {"dms_ipv6_containers": ["mail"], "dms_ipv6_probe_hosts": ["client"]}


def inventory(place: Path, bundle: str = "") -> Path:
    """A host of Debian's and a client; and one with that engine, whose name and lab_image say nothing of a release."""
    docker = {"trixie": {"lab_image": "trixie"}}
    if bundle:
        docker["own"] = {"lab_image": "bookworm", "lab_engine": bundle}
    groups = {"docker": {"hosts": docker}, "clients": {"hosts": {"client": {"lab_image": "client"}}}}
    for group in groups.values():
        for name, values in group["hosts"].items():
            values["ansible_host"] = Host(name, LAB).container
    common = {"lab_name": LAB, "ansible_connection": "community.docker.docker"}
    common["ansible_python_interpreter"] = "/usr/bin/python3"
    path = place / "inventory.json"
    path.write_text(json.dumps({"all": {"vars": common, "children": groups}}))
    return path


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[tuple[Host, Path, str]]:
    """A host with the engine and the Compose of Debian's, packed; its inventory; the engine's version."""
    place = tmp_path_factory.mktemp("engine")
    path, source = inventory(place), Host("trixie", LAB)
    lab("down", path)
    lab("up", path)
    version = source.run(SERVER)
    bundle = place / f"docker-{version.partition('+')[0]}.tgz"
    lab("pack", source.container, bundle)
    output("docker", "cp", "-L", f"{source.container}:{COMPOSE}", str(place / "compose"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DMS_IPV6_COMPOSE", str(place / "compose"))
        lab("up", inventory(place, str(bundle)))
    yield Host("own", LAB), path, version
    lab("down", path)


def test_its_units_are_those_of_dockers_own_packages(own: tuple[Host, Path, str]) -> None:
    host, _path, version = own
    assert host.run(SERVER) == version
    assert (
        host.run("dpkg-query -W -f '${Package} ${db:Status-Status}\\n' 'docker*' containerd runc 2>&1 || true").count(
            " installed"
        )
        == 1
    )  # docker-compose
    shown = host.run("systemctl show -p KillMode,Delegate,TriggeredBy,Requires docker; systemctl is-active containerd")
    assert {"KillMode=process", "Delegate=yes", "TriggeredBy=docker.socket", "active"} <= set(shown.splitlines())
    assert "-H fd:// --containerd=/run/containerd/containerd.sock" in host.run(
        "tr '\\0' ' ' < /proc/$(pidof dockerd)/cmdline"
    )
    release = next(line.release for line in engines.LINES if version.startswith(f"{line.line}."))
    assert f"VERSION_CODENAME={release}" in host.run("cat /etc/os-release")


def test_the_socket_starts_it(own: tuple[Host, Path, str]) -> None:
    host, _path, version = own
    host.run("systemctl stop docker.service")
    assert host.run(f"systemctl is-active docker.service || {SERVER}").split() == ["inactive", version]


def test_the_compose_given_by_hand_is_the_one_that_is_used(own: tuple[Host, Path, str]) -> None:
    host, _path, _version = own
    ours = "/usr/local/lib/docker/cli-plugins/docker-compose"
    assert ours in host.run(PLUGINS).splitlines()
    assert host.run(f"docker compose version >/dev/null; cmp {ours} {COMPOSE} && echo same") == "same"


def test_the_main_job_is_done_on_it(own: tuple[Host, Path, str]) -> None:
    host, path, _version = own
    host.run("docker run -d --name mail -p 8080:80 dms-lab/whoami >/dev/null")
    done = play("own", inventory=path, **GIVEN)
    assert done.returncode == 0, done.stdout + done.stderr
    done = play("own", "verify", path, dms_ipv6_require_proof=True, **GIVEN)
    assert done.returncode == 0 and "changed=0 " in done.stdout, done.stdout + done.stderr
