# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_ipv6_info, on a host in memory."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import (
    _default_bridge,
    _io_found,
    _io_kernel,
    _io_packages,
    _io_places,
    _network_steps,
    _pools,
)
from ansible_collections.dms.ipv6.plugins.module_utils._io_docker import Docker
from ansible_collections.dms.ipv6.plugins.modules import docker_ipv6_info
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    DERIVED,
    ULA,
    container,
    endpoint,
    host,
    network,
)
from ansible_collections.dms.ipv6.tests.unit.plugins.modules.running import failure, run

INSPECTED = {
    "Id": "mail-id",
    "Name": "/mail",
    "State": {"Running": True, "Pid": 4711},
    "HostConfig": {"NetworkMode": "bridge"},
    "NetworkSettings": {"Networks": {"bridge": {}}},
}


class Lab:
    def __init__(self) -> None:
        self.daemon = Daemon()
        self.more: dict[str, t.Any] = {}
        self.record: dict[str, t.Any] = {}
        self.missing = ["docker"]
        self.inspected = INSPECTED


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    found = Lab()
    places = _io_places.Places("198.18.7.2", "", ("198.18.7.2", "172.17.0.1"))
    monkeypatch.setattr(
        _io_found, "read", lambda docker, path=None: host(found.daemon, record=found.record, **found.more)
    )
    monkeypatch.setattr(_io_places, "read", lambda networks: places)
    monkeypatch.setattr(_io_packages, "missing", lambda: found.missing)
    monkeypatch.setattr(_io_kernel, "listeners", lambda pid: {"ipv4": [], "ipv6": []})
    monkeypatch.setattr(Docker, "container", lambda self, name: found.inspected)
    return found


def info(**options: t.Any) -> dict[str, t.Any]:
    return run(docker_ipv6_info, **options)


def test_audit(lab: Lab) -> None:
    result = info()
    assert result["changed"] is False
    assert result["engine"] == {
        "version": "26.1.5",
        "config_path": PATH,
        "unit": "docker.service",
        "settings": {"ip6tables": False, "experimental": False, "userland-proxy": True, "live-restore": False},
    }
    assert result["addresses"] == {"ipv4": "198.18.7.2"}
    assert result["host_addresses"] == ["198.18.7.2", "172.17.0.1"]
    assert result["networks"] == [
        {"name": "bridge", "driver": "bridge", "ipv6": False, "subnets": ["172.17.0.0/16"], "bridge": "docker0"}
    ]
    assert [one["id"] for one in result["findings"]] == ["masked"]
    assert "plan" not in result and "proof" not in result
    assert result["summary"] == "Docker 26.1.5; 1 findings (1 critical); never verified from another host"


def test_exposure(lab: Lab) -> None:
    (mail,) = info()["containers"]
    port = {"port": 80, "protocol": "tcp", "host_port": 8080}
    assert mail == {
        "name": "mail",
        "networks": ["bridge"],
        "exposure": [
            {**port, "family": "ipv4", "verdict": "real", "by": ""},
            {**port, "family": "ipv6", "verdict": "masked", "by": "172.17.0.1"},
        ],
    }


def test_containers_without_ports_are_not_listed(lab: Lab) -> None:
    lab.more = {"containers": (container(ports=()),)}
    assert info()["containers"] == []


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    ("options", "subnet"),
    [
        ({"mode": "nat"}, DERIVED),
        ({"mode": "nat", "subnet": ULA, "containers": ["mail"]}, ULA),
        ({"mode": "nat", "prefix_length": 48}, "fdad:f0b0:1d69::/48"),
        ({"mode": "nat", "fleet_prefix": "fd12:3456:789a::/48"}, "fd12:3456:789a:2bda::/64"),
    ],
)
def test_plan(lab: Lab, options: dict[str, t.Any], subnet: str, check: bool) -> None:
    if options.get("prefix_length") == 48:
        lab.daemon.version = "28.5.2"
    plan = info(check=check, **options)["plan"]
    assert plan["changed"] is True
    assert plan["subnet"] == subnet
    assert f"create network dms-ipv6 with {subnet}" in plan["steps"]
    assert any("connect mail" in one for one in plan["steps"]) is ("containers" in options)
    assert plan["packages"] == ["docker"]


def test_plan_of_a_converged_host_is_empty(lab: Lab) -> None:
    moved = container("mail", endpoint("dms-ipv6", True))
    lab.daemon = Daemon(version="28.5.2")
    lab.more = {"networks": (BRIDGE, network()), "containers": (moved,)}
    lab.inspected = {
        **INSPECTED,
        "NetworkSettings": {"Networks": {"dms-ipv6": {"GlobalIPv6Address": "fd5c:1ab0:7e57:1::2"}}},
    }
    result = info(mode="nat", containers=["mail"])
    plan = {"changed": False, "steps": [], "config": {}, "subnet": ULA, "packages": [], "warnings": []}
    assert {name: result["plan"][name] for name in plan} == plan
    assert result["findings"] == []
    assert result["summary"] == "Docker 28.5.2; no findings; everything as wanted; never verified from another host"


@pytest.mark.parametrize(
    ("options", "config"),
    [
        ({}, {"experimental": True, "ip6tables": True}),
        ({"userland_proxy": False}, {"experimental": True, "ip6tables": True, "userland-proxy": False}),
    ],
)
def test_config(lab: Lab, options: dict[str, t.Any], config: dict[str, t.Any]) -> None:
    assert info(mode="nat", **options)["plan"]["config"] == config


POOL = "fd5c:1ab0:7::/64"
FOUR = [{"base": base, "size": size} for base, size in _pools.BUILT_IN]
# Of a ULA of the host's own, which is not that of its networks.
AUTO_OLD, AUTO_NEW = {"base": "fd2d:74d1:f95a:f891::/64", "size": 72}, {"base": "fd2d:74d1:f95a:f800::/56", "size": 64}


@pytest.mark.parametrize(
    ("version", "pool", "base", "opts"),
    [
        ("26.1.5", "auto", AUTO_OLD, None),
        ("26.1.5", POOL, {"base": POOL, "size": 72}, None),
        ("28.5.2", "auto", AUTO_NEW, {"bridge": {"com.docker.network.enable_ipv6": "true"}}),
        ("28.5.2", POOL, {"base": POOL, "size": 72}, {"bridge": {"com.docker.network.enable_ipv6": "true"}}),
    ],
)
def test_address_pool(lab: Lab, version: str, pool: str, base: dict[str, t.Any], opts: dict[str, t.Any] | None) -> None:
    """For networks of others: our own has its subnet all the same."""
    lab.daemon = Daemon(version=version)
    plan = info(mode="nat", address_pool=pool)["plan"]
    assert plan["config"].get("default-address-pools") == [*FOUR, base]
    assert plan["config"].get("default-network-opts") == opts
    assert f"write {PATH}: the settings wanted" in plan["steps"]
    assert plan["steps"][-1] == f"create network dms-ipv6 with {DERIVED}"


def test_no_address_pool_unless_it_is_asked_for(lab: Lab) -> None:
    assert "default-address-pools" not in info(mode="nat", address_pool="")["plan"]["config"]


def test_address_pool_that_is_there_stays(lab: Lab) -> None:
    there = [{"base": "10.128.0.0/12", "size": 24}, {"base": "fd12::/56", "size": 64}]
    lab.daemon = Daemon(json.dumps({"default-address-pools": there}).encode(), version="28.5.2")
    assert info(mode="nat", address_pool="auto")["plan"]["config"]["default-address-pools"] == there
    given = [*there, {"base": POOL, "size": 72}]
    assert info(mode="nat", address_pool=POOL)["plan"]["config"]["default-address-pools"] == given


@pytest.mark.parametrize(("subnet", "expected"), [("auto", DERIVED), (ULA, ULA)])
@pytest.mark.parametrize("containers", [[], ["mail"]])
@pytest.mark.parametrize("version", ["26.1.5", "28.5.2"])
def test_attach_to_the_default_bridge(
    lab: Lab, subnet: str, expected: str, containers: list[str], version: str
) -> None:
    """The daemon gives it a subnet, and nobody is moved; those who are on it have to stop for that."""
    lab.daemon = Daemon(version=version)
    options = {"attach": "default_bridge", "subnet": subnet, "containers": containers}
    plan = info(mode="nat", allow_container_restart=True, **options)["plan"]
    config = {"ipv6": True, "fixed-cidr-v6": expected}
    firewall = {"experimental": True, "ip6tables": True} if version == "26.1.5" else {}
    assert plan["config"] == {**config, **firewall}
    assert plan["subnet"] == expected
    assert plan["steps"] == [f"write {PATH}: the settings wanted", "restart docker.service; mail stopped and started"]
    assert plan["warnings"] == [_default_bridge.ADVICE]


def test_attach_to_the_network_leaves_the_default_bridge(lab: Lab) -> None:
    plan = info(mode="nat", attach="network", subnet=ULA)["plan"]
    assert plan == info(mode="nat", subnet=ULA)["plan"]
    assert not {"ipv6", "fixed-cidr-v6"} & set(plan["config"])
    assert f"create network dms-ipv6 with {ULA}" in plan["steps"]
    assert plan["warnings"] == []


def test_default_bridge_that_has_the_subnet_is_converged(lab: Lab) -> None:
    settings = {"ipv6": True, "fixed-cidr-v6": ULA}
    lab.daemon = Daemon(json.dumps(settings).encode(), settings, version="28.5.2")
    lab.more = {"networks": (network("bridge", ["172.17.0.0/16", ULA], bridge="docker0"),)}
    plan = info(mode="nat", attach="default_bridge", subnet=ULA, containers=["mail"])["plan"]
    assert (plan["changed"], plan["steps"], plan["config"]) == (False, [], settings)


def test_container_that_the_default_bridge_would_not_serve(lab: Lab) -> None:
    lab.inspected = {
        **INSPECTED,
        "HostConfig": {"NetworkMode": "web"},
        "NetworkSettings": {"Networks": {"web": {}}},
    }
    words = "container mail: it is not on the default bridge but on web. Use dms_ipv6_attach: network"
    assert words in failure(docker_ipv6_info, mode="nat", attach="default_bridge", containers=["mail"])


def test_other_options(lab: Lab) -> None:
    plan = info(mode="nat", network="other", allow_container_restart=True, docker_socket="/run/x.sock")["plan"]
    assert "restart docker.service; mail stopped and started" in plan["steps"]
    assert any(one.startswith("create network other with ") for one in plan["steps"])


def test_last_proof(lab: Lab) -> None:
    lab.record = {"proof": {"result": "passed", "date": "2026-02-03T04:05:06Z"}}
    result = info()
    assert result["proof"] == lab.record["proof"]
    assert result["summary"].endswith("last proof: passed on 2026-02-03T04:05:06Z")


def test_last_change_that_the_host_undid(lab: Lab) -> None:
    lab.record = {"reverted": {"date": "2026-02-03T04:05:06Z", "reason": "asked for", "failed": []}}
    assert info()["reverted"] == lab.record["reverted"]
    lab.record = {}
    assert "reverted" not in info()


OURS = network(labels={_network_steps.LABEL: "true"})
MOVED = {
    **INSPECTED,
    "NetworkSettings": {"Networks": {"bridge": {}, "dms-ipv6": {"GlobalIPv6Address": "fd5c:1ab0:7e57:1::2"}}},
}


@pytest.mark.parametrize(
    ("found", "states", "steps"),
    [
        (BRIDGE, [], []),
        (OURS, ["absent"], ["disconnect mail from network dms-ipv6", "remove network dms-ipv6"]),
        (network(), ["released"], ["disconnect mail from network dms-ipv6"]),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_absent(lab: Lab, found: t.Any, states: list[str], steps: list[str], check: bool) -> None:
    lab.more = {"networks": (found,), "members": {"dms-ipv6": ("mail",)}}
    lab.record = {"moves": {"dms-ipv6": ["mail-id"]}}
    lab.inspected = MOVED
    assert info(mode="absent", check=check)["plan"] == {
        "changed": bool(steps),
        "steps": steps,
        "networks": [{"name": "dms-ipv6", "state": one} for one in states],
        "packages": ["docker"] if steps else [],
        "warnings": [],
    }


def test_absent_brings_old_settings_back(lab: Lab) -> None:
    lab.daemon = Daemon(b'{"mtu": 1400, "init": true}', {"mtu": 1400, "init": True})
    lab.record = {"undo": {"keys": {"mtu": {"before": [], "set": [1400]}, "init": {"before": [], "set": [False]}}}}
    plan = info(mode="absent", allow_container_restart=True)["plan"]
    assert plan["steps"] == [f"write {PATH}: the settings wanted", "restart docker.service; mail stopped and started"]
    assert plan["warnings"] == ["left as they are, for somebody changed them since: init"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "nat", "subnet": "fd00::1"}, "subnet: 'fd00::1' is no CIDR"),
        ({"mode": "nat", "prefix_length": 127}, "prefix_length: 127 is not between 48 and 126"),
        ({"mode": "other"}, "value of mode must be one of"),
        ({"mode": "nat", "address_pool": "fd00::1"}, "address_pool: 'fd00::1' is no CIDR"),
        ({"mode": "nat", "attach": "host"}, "value of attach must be one of: network, default_bridge"),
        ({"mode": "nat", "attach": "default_bridge"}, "a restart for ipv6, fixed-cidr-v6 would stop mail"),
    ],
)
def test_failures_are_one_message(lab: Lab, options: dict[str, t.Any], words: str) -> None:
    assert words in failure(docker_ipv6_info, **options)


def test_malformed_file_fails_the_plan(lab: Lab) -> None:
    lab.daemon.content = b'{"ipv6": true,}'
    assert failure(docker_ipv6_info, mode="nat").startswith(f"{PATH}: line 1, column 14: a comma before }}")


def test_missing_socket(tmp_path: t.Any) -> None:
    words = "there is no Docker socket. Install and start Docker on this host."
    assert failure(docker_ipv6_info, docker_socket=str(tmp_path / "x")).endswith(words)
