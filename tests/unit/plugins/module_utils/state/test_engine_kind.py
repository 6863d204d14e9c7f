# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kind of engine answers, by what real ones said.

plain, swarm and rootless were recorded from Docker Engine 26.1.5, podman from Podman 5.4.2, all of Debian trixie; parts
that no code reads were left out. docker_desktop and snap are the plain one with the fields that others have published.
"""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects, engine_kind
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import container

RECORDED = Path(__file__).parents[3] / "recorded"


def recorded(name: str) -> dict[str, t.Any]:
    found: dict[str, t.Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return found


def kinds(name: str, program: str = "", **info: t.Any) -> tuple[str, ...]:
    said = recorded(name)
    return engine_kind.kinds({**said["info"], **info}, program)


def test_every_kind_is_recorded() -> None:
    assert {path.stem for path in RECORDED.glob("*.json")} == {"plain", *engine_kind.KINDS}


@pytest.mark.parametrize("name", engine_kind.KINDS)
def test_recognised(name: str) -> None:
    assert kinds(name) == (name,)


def test_a_plain_engine_is_of_no_kind() -> None:
    assert kinds("plain", "/usr/sbin/dockerd") == ()


@pytest.mark.parametrize(
    ("name", "program", "info", "expected"),
    [
        ("plain", "/snap/docker/2904/bin/dockerd", {}, ("snap",)),
        ("plain", "/var/lib/snapd/snap/docker/2904/bin/dockerd", {}, ("snap",)),
        ("plain", "/opt/snap/bin/dockerd", {}, ()),
        ("podman", "/snap/docker/2904/bin/dockerd", {}, ("podman",)),
        ("podman", "", {"SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]}, ("podman", "rootless")),
        ("plain", "", {"SecurityOptions": ["name=userns"]}, ()),
        ("plain", "", {"SecurityOptions": None, "Swarm": None, "OperatingSystem": None}, ()),
        ("plain", "", {"OperatingSystem": "Docker Desktop (containerized)"}, ("docker_desktop",)),
        ("plain", "", {"Swarm": {"LocalNodeState": "locked"}}, ("swarm",)),
        ("plain", "", {"Swarm": {"LocalNodeState": ""}}, ()),
        ("rootless", "", {"Swarm": {"LocalNodeState": "active"}}, ("rootless", "swarm")),
    ],
)
def test_by_one_field(name: str, program: str, info: t.Any, expected: tuple[str, ...]) -> None:
    assert kinds(name, program, **info) == expected


def test_answers_with_nothing_in_them() -> None:
    assert engine_kind.kinds({}) == ()


@pytest.mark.parametrize("name", ["podman", "docker_desktop", "rootless", "snap"])
def test_refused_with_reason_and_remedy(name: str) -> None:
    with pytest.raises(Refused, match="Nothing was changed") as reason:
        engine_kind.refuse(kinds(name))
    assert reason.value.problem == engine_kind.KINDS[name].reason
    assert reason.value.remedy.startswith(engine_kind.KINDS[name].remedy)


def test_the_reason_is_that_of_the_engine() -> None:
    with pytest.raises(Refused, match="Podman"):
        engine_kind.refuse(("rootless", "podman"))


@pytest.mark.parametrize("name", ["plain", "swarm"])
def test_not_refused(name: str) -> None:
    engine_kind.refuse(kinds(name))
    assert not engine_kind.elsewhere(kinds(name))


def test_tasks_of_swarm_are_refused() -> None:
    mailhost, web = (docker_objects.listed(one) for one in recorded("swarm")["containers"])
    with pytest.raises(Refused, match="it is a task of Swarm's service mailhost, which replaces it at will") as reason:
        engine_kind.refuse_tasks([container(), mailhost])
    assert reason.value.where.startswith("container mailhost.1.")
    with pytest.raises(Refused, match="service web"):
        engine_kind.refuse_tasks([web])
    engine_kind.refuse_tasks([container()])


def test_without_any_ipv6() -> None:
    engine_kind.refuse_without_ipv6("")
    with pytest.raises(Refused, match=r"UFW drops it, so that no client would get through\. Set IPV6=yes"):
        engine_kind.refuse_without_ipv6("UFW drops it")


def test_without_a_packet_filter() -> None:
    engine_kind.refuse_without_ip6tables("", engine_version.parse("20.10.24"))
    with pytest.raises(
        Refused, match=r"it fails; Docker Engine 20\.10\.24 does not start with ip6tables then\. Install"
    ):
        engine_kind.refuse_without_ip6tables("it fails", engine_version.parse("20.10.24"))
    with pytest.raises(Refused, match=r"Docker Engine 27\.0\.1 starts all the same"):
        engine_kind.refuse_without_ip6tables("it fails", engine_version.parse("27.0.1"))
