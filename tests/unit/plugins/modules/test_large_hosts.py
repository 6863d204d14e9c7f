# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_ipv6_info on a host with hundreds of containers: what it asks and how much it computes, counted."""

from __future__ import annotations

import sys
import typing as t

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import read_host
from ansible_collections.dms.ipv6.plugins.module_utils.modules import docker_ipv6_info
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import own_addresses
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.plugins.module_utils.state.io import containers as state_containers
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import BRIDGE, container, host, members, network

NETWORKS = 20
LISTENERS = {"ipv4": [("0.0.0.0", 80)], "ipv6": [("::", 80)]}
BINDINGS = {"80/tcp": [{"HostIp": "", "HostPort": "10000"}]}


def place(number: int) -> docker_objects.Endpoint:
    """Every second network has IPv6."""
    net, at = number % NETWORKS, number // NETWORKS + 2
    six = (f"fd5c:1ab0:7e57:{net:x}::{at:x}", f"fd5c:1ab0:7e57:{net:x}::1") if net % 2 else ("", "")
    return docker_objects.Endpoint(f"net{net}", f"10.{net}.0.{at}", six[0], f"10.{net}.0.1", six[1])


def host_with(count: int) -> state_host.Found:
    """So many containers, each with a port that is published in both families."""
    subnets = [[f"10.{net}.0.0/16", *([f"fd5c:1ab0:7e57:{net:x}::/64"] if net % 2 else [])] for net in range(NETWORKS)]
    networks = tuple(network(f"net{net}", some) for net, some in enumerate(subnets))
    everyone = [
        container(
            f"c{number}",
            place(number),
            id=f"id{number}",
            pid=0,
            ports=tuple(docker_objects.Port(80, "tcp", at, 10000 + number) for at in ("0.0.0.0", "::")),
        )
        for number in range(count)
    ]
    return host(containers=tuple(everyone), networks=(BRIDGE, *networks), members=members(everyone))


class Counted(t.NamedTuple):
    """What a reading took: questions to the engine, and calls of Python functions, without what Ansible adds."""

    asked: list[str]
    calls: int


def counted(monkeypatch: pytest.MonkeyPatch, count: int, **options: t.Any) -> Counted:
    found, asked, calls = host_with(count), [], 0

    def get(_docker: Docker, resource: str) -> dict[str, t.Any]:
        asked.append(resource)
        name = resource.split("/")[2]
        state = {"Running": True, "Pid": int(name[2:]) + 100}
        return {"Id": name, "Name": f"/{name}", "State": state, "HostConfig": {"PortBindings": BINDINGS}}

    def profile(_frame: t.Any, event: str, _argument: t.Any) -> None:
        nonlocal calls
        calls += event == "call"

    places = own_addresses.Places("198.18.7.2", "fd5c:1ab0::2", ("198.18.7.2", "172.17.0.1"))
    with monkeypatch.context() as patch:
        patch.setattr(read_host, "read", lambda docker, path=None, any_engine=False: found)
        patch.setattr(own_addresses, "read", lambda networks: places)
        patch.setattr(kernel, "listeners", lambda pid, own=False: LISTENERS)
        patch.setattr(Docker, "get", get)
        patch.setattr(state_containers, "AT_A_TIME", 1)  # calls are counted in this thread
        params = ArgumentSpecValidator(docker_ipv6_info.SPEC).validate(options).validated_parameters
        before = sys.getprofile()
        sys.setprofile(profile)
        try:
            result = docker_ipv6_info.run(params, True)
        finally:
            sys.setprofile(before)
    assert len(result["containers"]) == count
    return Counted(asked, calls)


@pytest.mark.parametrize(
    ("options", "most"), [({}, 700), ({"mode": "nat", "containers": ["c1"]}, 1500)], ids=["audit", "nat"]
)
def test_what_each_container_costs(monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], most: int) -> None:
    """The same with 500 as with 250. Each is inspected once; one that the user names, once more."""
    few, many = (counted(monkeypatch, count, **options) for count in (250, 500))
    assert len(set(many.asked)) == 500
    assert len(many.asked) - 500 == len(few.asked) - 250 <= 2
    assert many.calls < 2.2 * few.calls
    assert many.calls < most * 500
