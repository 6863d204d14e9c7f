# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docker_ipv6_info, on a host in memory."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change import plan as change_plan
from ansible_collections.dms.ipv6.plugins.module_utils.change import step_json as change_step_json
from ansible_collections.dms.ipv6.plugins.module_utils.compose import files as compose_files
from ansible_collections.dms.ipv6.plugins.module_utils.compose import plan as compose_plan
from ansible_collections.dms.ipv6.plugins.module_utils.compose.io import project as compose_project
from ansible_collections.dms.ipv6.plugins.module_utils.core import finding, ip
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import address_pools
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.host import address_order, gai_conf
from ansible_collections.dms.ipv6.plugins.module_utils.host import undo as host_undo
from ansible_collections.dms.ipv6.plugins.module_utils.host.io import resolver
from ansible_collections.dms.ipv6.plugins.module_utils.mail.io import servers
from ansible_collections.dms.ipv6.plugins.module_utils.modes.io import nat_targets, read_host
from ansible_collections.dms.ipv6.plugins.module_utils.network import default_bridge
from ansible_collections.dms.ipv6.plugins.module_utils.network import steps as network_steps
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import own_addresses
from ansible_collections.dms.ipv6.plugins.module_utils.routed import ndp_proxy, ndp_steps
from ansible_collections.dms.ipv6.plugins.module_utils.routed.io import ndp
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects, routed_mode
from ansible_collections.dms.ipv6.plugins.module_utils.state import firewall as state_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import files as system_files
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel, packages
from ansible_collections.dms.ipv6.plugins.modules import compose_network, docker_ipv6_full_info, docker_ipv6_info
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    DERIVED,
    MACHINE_ID,
    ULA,
    answers,
    apart,
    ask,
    carried_out,
    container,
    endpoint,
    host,
    listening,
    members,
    network,
    of_compose,
)
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import compose_network as network_of_compose
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
        self.listeners: dict[str, t.Any] = {"ipv4": [], "ipv6": []}

    def read(self) -> state_host.Found:
        return host(self.daemon, record=self.record, **self.more)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    found = Lab()
    places = own_addresses.Places("198.18.7.2", "", ("198.18.7.2", "172.17.0.1"))
    monkeypatch.setattr(read_host, "read", lambda docker, path=None, any_engine=False: found.read())
    monkeypatch.setattr(own_addresses, "read", lambda networks: places)
    monkeypatch.setattr(packages, "missing", lambda compose=False: found.missing)
    monkeypatch.setattr(kernel, "listeners", lambda pid, own=False: found.listeners)
    monkeypatch.setattr(Docker, "container", lambda self, name: found.inspected)
    return found


def info(**options: t.Any) -> dict[str, t.Any]:
    return run(docker_ipv6_full_info, **options)


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
    assert result["summary"] == "Docker 26.1.5; 1 finding (1 critical); never verified from another host"
    # It changes nothing, so that check mode says the same.
    assert info(check=True) == result


def test_exposure(lab: Lab) -> None:
    (mail,) = info()["containers"]
    port = {"port": 80, "protocol": "tcp", "host_port": 8080}
    assert mail == {
        "name": "mail",
        "networks": ["bridge"],
        "exposure": [
            {**port, "family": "ipv4", "verdict": "real", "by": "", "cause": ""},
            {**port, "family": "ipv6", "verdict": "masked", "by": "172.17.0.1", "cause": "no_ipv6_address"},
        ],
        "direct": [],
    }


def test_what_is_open_at_the_containers_own_address(lab: Lab) -> None:
    own = "2001:2:0:d1::2"
    place = endpoint("gua", True)._replace(ipv6=own)
    lab.more = {"containers": (container("mail", place),), "networks": (network("gua", ["2001:2:0:d1::/80"]),)}
    (mail,) = info()["containers"]
    port = {"address": own, "port": 80, "protocol": "tcp", "family": "ipv6"}
    assert mail["direct"] == [{**port, "verdict": "real", "by": "", "cause": ""}]
    # Nothing is published, and it is there all the same.
    lab.more["containers"] = (container("mail", place, ports=()),)
    lab.listeners = {"ipv4": [], "ipv6": [("::", 80)]}
    (mail,) = info()["containers"]
    assert (mail["exposure"], mail["direct"]) == ([], [{**port, "verdict": "real", "by": "", "cause": ""}])


def test_containers_without_ports_are_not_listed(lab: Lab) -> None:
    lab.more = {"containers": (container(ports=()),)}
    assert info()["containers"] == []


@pytest.mark.parametrize(
    ("options", "subnet"),
    [
        ({"mode": "nat"}, DERIVED),
        ({"mode": "nat", "subnet": ULA, "containers": ["mail"]}, ULA),
        ({"mode": "nat", "prefix_length": 48}, "fdad:f0b0:1d69::/48"),
        ({"mode": "nat", "fleet_prefix": "fd12:3456:789a::/48"}, "fd12:3456:789a:2bda::/64"),
    ],
)
def test_plan(lab: Lab, options: dict[str, t.Any], subnet: str) -> None:
    if options.get("prefix_length") == 48:
        lab.daemon.version = "28.5.2"
    plan = info(**options)["plan"]
    assert plan["changed"] is True
    assert plan["subnets"] == [subnet]
    assert f"create network dms-ipv6 with {subnet}" in plan["steps"]
    assert any("connect mail" in one for one in plan["steps"]) is ("containers" in options)
    assert plan["packages"] == ["docker"]


def test_what_people_notice_of_a_plan(lab: Lab) -> None:
    """The setting, the network, who is cut off for a moment, and what IPv6 clients get then."""
    lab.daemon = Daemon(b'{"mtu": 1400}', {"mtu": 1400})
    lab.more = {"containers": (container("mail"), container("web")), "forwards": False}
    assert info(mode="nat", containers=["mail"])["plan"]["effects"] == {
        "docker": "restarted",
        "stopped": [],
        "moved": ["mail"],
        "recreated": [],
        "networks": {"created": ["dms-ipv6"], "replaced": [], "removed": []},
        "written": [{"path": PATH, "keys": ["experimental", "ip6tables"], "added": 1, "removed": 1}],
        "forwarding": True,
        "later": [],
        "expected": [
            {"container": "mail", "host_port": 8080, "port": 80, "protocol": "tcp", "verdict": "real", "by": ""}
        ],
    }


def test_what_people_notice_of_a_container_that_is_stopped(lab: Lab) -> None:
    effects = info(mode="nat", attach="default_bridge", allow_container_restart=True)["plan"]["effects"]
    assert (effects["docker"], effects["stopped"], effects["moved"]) == ("restarted", ["mail"], [])
    assert effects["networks"] == {"created": [], "replaced": [], "removed": []}
    assert "fixed-cidr-v6" in effects["written"][0]["keys"]


def test_plan_of_a_converged_host_is_empty(lab: Lab) -> None:
    moved = container("mail", endpoint("dms-ipv6", True))
    lab.daemon = Daemon(version="28.5.2")
    lab.more = {"networks": (BRIDGE, network()), "containers": (moved,)}
    lab.inspected = {
        **INSPECTED,
        "NetworkSettings": {"Networks": {"dms-ipv6": {"GlobalIPv6Address": "fd5c:1ab0:7e57:1::2"}}},
    }
    result = info(mode="nat", containers=["mail"])
    plan = {"changed": False, "steps": [], "config": {}, "subnets": [ULA], "packages": [], "warnings": []}
    assert {name: result["plan"][name] for name in plan} == plan
    assert result["findings"] == []
    assert result["summary"] == "Docker 28.5.2; no findings; nothing to change; never verified from another host"


def on_six(lab: Lab, *containers: docker_objects.Container, **more: t.Any) -> None:
    """A host with an IPv6 network that its administrator made, and a container on it."""
    six = network("six", ["172.19.0.0/16", "fd5c:1ab0:7e57:6::/64"])
    mail = container("mail", endpoint("six", True)._replace(ipv6="fd5c:1ab0:7e57:6::2"))
    lab.daemon = Daemon(version="28.5.2")
    lab.more = {"networks": (BRIDGE, six), "containers": (mail, *containers), **more}


def test_what_is_real_already_is_left_alone(lab: Lab) -> None:
    on_six(lab)
    lab.listeners = listening()(1)
    plan = info(mode="nat", containers=["mail"])["plan"]
    assert (plan["changed"], plan["steps"], plan["warnings"]) == (False, [], [])
    assert (plan["network"], plan["containers"], plan["prove_on"]) == ("", [], ["six"])
    assert plan["ports"] == [["ipv4", 8080], ["ipv6", 8080]]
    # A user who insists on our network gets it.
    assert info(mode="nat", containers=["mail"], attach="network")["plan"]["containers"] == ["mail"]


def test_what_the_daemons_settings_make_real_is_left_where_it_is(lab: Lab) -> None:
    on_six(lab)
    lab.daemon = Daemon()  # 26.1.5, ip6tables off
    plan = info(mode="nat", containers=["mail"])["plan"]
    assert plan["config"] == {"experimental": True, "ip6tables": True}
    assert not [step for step in plan["steps"] if "network" in step]
    assert (plan["network"], plan["prove_on"]) == ("", ["six"])


def test_only_those_that_are_not_real_get_our_network(lab: Lab) -> None:
    web = container("web", ports=(docker_objects.Port(80, "tcp", "0.0.0.0", 8081),))
    on_six(lab, web)
    plan = info(mode="nat", containers=["mail", "web"])["plan"]
    assert (plan["network"], plan["containers"], plan["prove_on"]) == ("dms-ipv6", ["web"], ["dms-ipv6", "six"])


def test_undo_of_a_host_that_was_never_changed(lab: Lab) -> None:
    words = "Docker 26.1.5; nothing of this collection is on this host"
    assert info(mode="absent")["summary"] == words
    lab.record = {"daemon": {}}
    assert "nothing of this collection" not in info(mode="absent")["summary"]


def published(number: int, address: str = "0.0.0.0") -> tuple[docker_objects.Port, ...]:
    six = (docker_objects.Port(80, "tcp", "::", number),) if address == "0.0.0.0" else ()
    return (docker_objects.Port(80, "tcp", address, number), *six)


@pytest.mark.parametrize("mode", ["nat", "routed"])
def test_masked_names_those_that_are(lab: Lab, mode: str) -> None:
    """Not one that is real, is published on the loopback address only, has no port, or no network of its own."""
    others = (
        container("inside", ports=published(8082, "127.0.0.1")),
        container("silent", ports=()),
        container("host", network_mode="host", ports=()),
        container("sharer", network_mode="container:web-id", ports=()),
    )
    on_six(lab, container("web", ports=published(8081)), *others)
    lab.listeners = listening()(1)
    options = {"subnet": "2001:2:0:d1::/80"} if mode == "routed" else {}
    plan = info(mode=mode, select="masked", **options)["plan"]
    assert plan["containers"] == ["web"]
    assert plan["prove_on"] == (["dms-ipv6", "six"] if mode == "nat" else ["dms-ipv6"])
    assert info(mode=mode, select="masked", containers=["nosuch"], **options)["plan"]["containers"] == ["web"]


def test_all_names_those_with_ports_for_ipv6(lab: Lab) -> None:
    on_six(lab, container("web", ports=published(8081)), container("inside", ports=published(8082, "127.0.0.1")))
    plan = info(mode="nat", select="all", attach="network")["plan"]
    assert plan["containers"] == ["mail", "web"]


def test_masked_by_the_daemons_settings_alone(lab: Lab) -> None:
    """It is left where it is; and once it is real, there is nothing to change, and still something to prove."""
    on_six(lab)
    lab.daemon = Daemon()  # 26.1.5, ip6tables off
    plan = info(mode="nat", select="masked")["plan"]
    assert (plan["changed"], plan["network"], plan["prove_on"]) == (True, "", ["six"])
    on_six(lab)
    plan = info(mode="nat", select="masked")["plan"]
    assert (plan["changed"], plan["network"], plan["prove_on"]) == (False, "", ["six"])


@pytest.mark.parametrize("attach", ["auto", "network"])
def test_masked_is_not_forgotten_once_it_is_real(lab: Lab, attach: str) -> None:
    """A second run names it again, by our network, and changes nothing."""
    real = container("other", endpoint("six", True)._replace(ipv6="fd5c:1ab0:7e57:6::3"), ports=published(8083))
    on_six(lab, real)
    moved = container("mail", endpoint("dms-ipv6", True))
    lab.more["networks"] = (BRIDGE, network(), *lab.more["networks"][1:])
    lab.more["containers"] = (moved, *lab.more["containers"][1:])
    lab.inspected = {
        **INSPECTED,
        "NetworkSettings": {"Networks": {"dms-ipv6": {"GlobalIPv6Address": "fd5c:1ab0:7e57:1::2"}}},
    }
    plan = info(mode="nat", select="masked", attach=attach)["plan"]
    assert (plan["changed"], plan["containers"], plan["subnets"]) == (False, ["mail"], [ULA])
    assert plan["prove_on"] == ["dms-ipv6", "six"]


@pytest.mark.parametrize("mode", ["nat", "routed"])
@pytest.mark.parametrize("word", ["masked", "all"])
def test_a_word_that_names_no_container(lab: Lab, word: str, mode: str) -> None:
    """Docker is not restarted without a container to enable."""
    lab.more = {"containers": (container("db", ports=()),)}
    result = info(mode=mode, select=word)
    assert (result["plan"]["changed"], result["plan"]["prove_on"]) == (False, [])
    assert result["plan"]["warnings"][0].endswith("so there is nothing to do")
    assert info(mode=mode, select="named", subnet="auto" if mode == "nat" else "2001:2:0:d1::/80")["plan"]["changed"]


def test_a_host_without_ipv6_is_left_alone(lab: Lab) -> None:
    """No client is masked, because none can connect; what is wrong over IPv4 is still found."""
    lab.more = {"paths": (), "uplinks": ()}
    result = info(mode="nat", containers=["mail"])
    assert (result["plan"]["changed"], result["plan"]["steps"], result["plan"]["prove_on"]) == (False, [], [])
    (warning,) = result["plan"]["warnings"]
    assert warning.startswith("no IPv6 client can reach this host: it has no IPv6 address but link-local ones.")
    assert result["findings"] == []
    lab.daemon = Daemon(settings={"iptables": False}, version="28.5.2")
    assert "masked" in {one["id"] for one in info()["findings"]}


def test_a_host_without_a_way_out_over_ipv6(lab: Lab) -> None:
    lab.more = {"uplinks": ()}
    plan = info(mode="nat", containers=["mail"])["plan"]
    words = "this host has no IPv6 default route: what containers open over IPv6 leads nowhere, and may wait for long"
    assert plan["changed"] and words in plan["warnings"]
    on_six(lab, uplinks=())
    assert info(mode="nat", containers=["mail"])["plan"]["warnings"] == []


@pytest.mark.parametrize(
    ("port", "outbound", "nameless", "expected"),
    [
        (25, "2001:2::1", True, True),
        (25, "2001:2::1", False, False),
        (25, "fd5c::1", True, False),
        (25, "", True, False),
        (80, "2001:2::1", True, False),
    ],
)
def test_mail_that_goes_out_from_an_address_without_a_name(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, port: int, outbound: str, nameless: bool, expected: bool
) -> None:
    """Asked without any variable; said before anything is changed."""
    places = own_addresses.Places("198.18.7.2", "", ("198.18.7.2",), outbound=outbound)
    monkeypatch.setattr(own_addresses, "read", lambda networks: places)
    monkeypatch.setattr(own_addresses, "has_no_name", lambda address: nameless)
    ports = (docker_objects.Port(port, "tcp", "0.0.0.0", port),)
    lab.more = {"containers": (container("mail", ports=ports),)}
    warnings = info(mode="nat", containers=["mail"])["plan"]["warnings"]
    words = f"mail from container mail goes out over IPv6 from then on, from {outbound}, which has no PTR record"
    assert any(words in warning for warning in warnings) is expected
    on_six(lab)
    assert not any("PTR" in warning for warning in info(mode="nat", containers=["mail"])["plan"]["warnings"])


@pytest.mark.parametrize("forwards", [True, False])
def test_an_ipv6_address_alone_is_not_real(lab: Lab, forwards: bool) -> None:
    """Neither where the host does not forward, nor where the network is internal."""
    on_six(lab, forwards=forwards)
    if forwards:
        there = network("six", ["172.19.0.0/16", "fd5c:1ab0:7e57:6::/64"], internal=True)
        lab.more["networks"] = (BRIDGE, there)
    assert info(mode="nat", containers=["mail"])["plan"]["containers"] == ["mail"]


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
FOUR = [{"base": base, "size": size} for base, size in address_pools.BUILT_IN]
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


@pytest.mark.parametrize(
    ("subnet", "expected", "containers", "version"),
    [
        ("auto", DERIVED, ["mail"], "26.1.5"),
        ("auto", DERIVED, [], "28.5.2"),
        (ULA, ULA, ["mail"], "28.5.2"),
        (ULA, ULA, [], "26.1.5"),
    ],
)
def test_attach_to_the_default_bridge(
    lab: Lab, subnet: str, expected: str, containers: list[str], version: str
) -> None:
    """The daemon gives it a subnet, and no container is moved; those on it have to stop for that."""
    lab.daemon = Daemon(version=version)
    options = {"attach": "default_bridge", "subnet": subnet, "containers": containers}
    plan = info(mode="nat", allow_container_restart=True, **options)["plan"]
    config = {"ipv6": True, "fixed-cidr-v6": expected}
    firewall = {"experimental": True, "ip6tables": True} if version == "26.1.5" else {}
    assert plan["config"] == {**config, **firewall}
    assert plan["subnets"] == [expected]
    assert plan["steps"] == [f"write {PATH}: the settings wanted", "restart docker.service; mail stopped and started"]
    assert plan["warnings"] == [default_bridge.ADVICE]


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
    assert words in failure(docker_ipv6_full_info, mode="nat", attach="default_bridge", containers=["mail"])


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
    lab.record = {"reverted": {"date": "2026-02-03T04:05:06Z", "reason": "requested", "failed": []}}
    assert info()["reverted"] == lab.record["reverted"]
    lab.record = {}
    assert "reverted" not in info()


OURS = network(labels={network_steps.LABEL: "true"})
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
def test_absent(lab: Lab, found: t.Any, states: list[str], steps: list[str]) -> None:
    lab.more = {"networks": (found,), "members": {"dms-ipv6": ("mail",)}}
    lab.record = {"moves": {"dms-ipv6": ["mail-id"]}}
    lab.inspected = MOVED
    plan = info(mode="absent")["plan"]
    effects = plan.pop("effects")
    gone = ["dms-ipv6"] if len(steps) == 2 else []
    assert (effects.get("moved", []), effects.get("networks", {}).get("removed", [])) == (
        ["mail"] if steps else [],
        gone,
    )
    assert plan == {
        "changed": bool(steps),
        "steps": steps,
        "files": [],
        "gai_conf": {"paths": []},
        "ndp": [],
        "networks": [{"name": "dms-ipv6", "state": one} for one in states],
        "firewall": {},
        "packages": ["docker"] if steps else [],
        "warnings": [],
    }


def test_absent_brings_old_settings_back(lab: Lab) -> None:
    lab.daemon = Daemon(b'{"mtu": 1400, "init": true}', {"mtu": 1400, "init": True})
    lab.record = {"undo": {"keys": {"mtu": {"before": [], "set": [1400]}, "init": {"before": [], "set": [False]}}}}
    plan = info(mode="absent", allow_container_restart=True)["plan"]
    assert plan["steps"] == [f"write {PATH}: the settings wanted", "restart docker.service; mail stopped and started"]
    assert plan["warnings"] == ["left as they are, because they were changed since: init"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mode": "nat", "subnet": "fd00::1"}, "subnet: 'fd00::1' is not a CIDR"),
        ({"mode": "nat", "prefix_length": 127}, "prefix_length: 127 is not between 48 and 126"),
        ({"mode": "other"}, "value of mode must be one of"),
        ({"mode": "nat", "address_pool": "fd00::1"}, "address_pool: 'fd00::1' is not a CIDR"),
        ({"mode": "nat", "attach": "host"}, "value of attach must be one of: auto, network, default_bridge, compose"),
        ({"mode": "nat", "attach": "default_bridge"}, "a restart for ipv6, fixed-cidr-v6 would stop mail"),
    ],
)
def test_failures_are_one_message(lab: Lab, options: dict[str, t.Any], words: str) -> None:
    assert words in failure(docker_ipv6_full_info, **options)


# --- Compose projects

TEXT = """\
services:
  mail:
    image: mail:1
    ports: ["198.18.7.2:25:25"]
  web:
    image: web:1
"""
PORTS = "service mail publishes 198.18.7.2:25:25 on an IPv4 address by name: IPv6 clients do not reach it"


class Shop:
    """A host with the containers of a Compose project, and one of no project; dockerd needs no change."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder / "shop"
        self.folder.mkdir()
        self.path = str(self.folder / "compose.yaml")
        self.write("compose.yaml", TEXT)
        self.containers = (*(of_compose(one, path=self.path, ports=()) for one in ("mail", "web")), container("plain"))
        lab.daemon = Daemon(version="28.5.2")
        self.found = host(
            lab.daemon,
            networks=(BRIDGE, network_of_compose()),
            containers=self.containers,
            members=members(self.containers),
        )
        self.asked: dict[str, t.Any] = {}

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return str(self.folder / name)

    def read(self, docker: Docker, path: str | None = None, any_engine: bool = False) -> state_host.Found:
        record = self.lab.record
        edited = {one: system_files.read(one) for one in record.get("files", ())}
        return self.found._replace(daemon=self.lab.daemon.running(), record=record, edited=edited)

    def ask(self, docker: Docker) -> docker_objects.Ask:
        return ask(*self.found.all_containers, **self.asked)

    def stop(self) -> None:
        """Nothing of the project is left."""
        self.containers = self.containers[2:]
        self.found = self.found._replace(networks=(BRIDGE,), containers=self.containers, members={"bridge": ("plain",)})


@pytest.fixture
def shop(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shop:
    found = Shop(lab, tmp_path)
    monkeypatch.setattr(read_host, "read", found.read)
    monkeypatch.setattr(read_host, "ask", found.ask)
    monkeypatch.setattr(Docker, "get", answers())
    monkeypatch.setattr(packages, "missing", lambda compose=False: ["ruamel.yaml"] if compose else ["docker"])
    monkeypatch.setattr(system_files, "STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", "")
    return found


def derived(name: str) -> str:
    return str(ip.derive(MACHINE_ID, name))


MAIL, WEB = "shop-mail-1", "shop-web-1"
OWN, SIX = derived("shop_default"), derived("shop_dms-ipv6")
NAMED = {"compose_shape": "named"}


def test_what_people_notice_of_a_compose_project(shop: Shop) -> None:
    """Its own network is replaced with all that is on it, and the next `up` re-creates nothing because of that."""
    effects = info(mode="nat", containers=[MAIL])["plan"]["effects"]
    assert effects["networks"] == {"created": [], "replaced": ["shop_default"], "removed": []}
    assert effects["moved"] == [MAIL, WEB]
    assert [(one["path"], one["keys"], one["removed"]) for one in effects["written"]] == [(shop.path, [], 0)]
    assert effects["written"][0]["added"] > 3
    assert effects["later"] == [{"path": shop.path, "services": []}]
    assert (effects["docker"], effects["stopped"]) == ("", [])


def test_what_compose_re_creates_later(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    named = info(mode="nat", containers=[MAIL], **NAMED)["plan"]["effects"]
    assert named["later"] == [{"path": shop.path, "services": ["mail"]}]
    monkeypatch.setattr(compose_files, "AVAILABLE", False)
    unknown = info(mode="nat", containers=[MAIL])["plan"]["effects"]
    assert unknown["later"] == [{"path": shop.path, "services": None}]


@pytest.mark.parametrize(
    ("options", "compose", "networks", "containers", "subnets"),
    [
        ({"containers": [MAIL]}, {}, ["shop_default"], [], [OWN]),
        ({"containers": [MAIL, WEB], "attach": "auto"}, {"services": ["mail", "web"]}, ["shop_default"], [], [OWN]),
        ({"containers": [f"{MAIL}-id"], "attach": "compose"}, {}, ["shop_default"], [], [OWN]),
        ({"containers": [MAIL, "plain"]}, {}, ["dms-ipv6", "shop_default"], ["plain"], [DERIVED, OWN]),
        ({"containers": ["plain"]}, None, ["dms-ipv6"], ["plain"], [DERIVED]),
        ({}, None, ["dms-ipv6"], [], [DERIVED]),
        # The user wants it so: the next `up` undoes it.
        ({"containers": [MAIL], "attach": "network"}, None, ["dms-ipv6"], [MAIL], [DERIVED]),
        ({"containers": [MAIL], **NAMED}, {"shape": "named"}, ["shop_dms-ipv6"], [], [SIX]),
        (
            {"containers": [MAIL, WEB], **NAMED, "network": "six"},
            {"shape": "named", "network": "six", "services": ["mail", "web"]},
            ["shop_six"],
            [],
            [derived("shop_six")],
        ),
        (
            {"containers": [MAIL], **NAMED, "compose_services": ["web", "mail"]},
            {"shape": "named", "services": ["web", "mail"]},
            ["shop_dms-ipv6"],
            [],
            [SIX],
        ),
        (
            {"containers": [MAIL], "compose_shape": "external", "network": "ext6"},
            {"shape": "external", "network": "ext6"},
            ["ext6"],
            [],
            [derived("ext6")],
        ),
        ({"containers": [MAIL], "compose_edit": "override"}, {"edit": "override"}, ["shop_default"], [], [OWN]),
        ({"containers": [MAIL], "compose_shape": "default", "subnet": ULA}, {}, ["shop_default"], [], [ULA]),
        (
            {"containers": [MAIL], "fleet_prefix": "fd12:3456:789a::/48"},
            {},
            ["shop_default"],
            [],
            [f"fd12:3456:789a:{OWN.split(':')[3]}::/64"],
        ),
    ],
)
def test_compose_projects(
    shop: Shop,
    options: dict[str, t.Any],
    compose: dict[str, t.Any] | None,
    networks: list[str],
    containers: list[str],
    subnets: list[str],
) -> None:
    plan = info(mode="nat", **options)["plan"]
    default = {"shape": "default", "network": "dms-ipv6", "services": ["mail"], "edit": "file"}
    expected = {**default, "path": shop.path, "project_name": "shop", **(compose or {})}
    assert plan["compose"] == ([] if compose is None else [expected])
    assert (plan["prove_on"], plan["containers"], plan["subnets"]) == (networks, containers, subnets)
    assert plan["network"] == ("dms-ipv6" if containers or compose is None else "")
    assert plan["packages"] == (["docker"] if compose is None else ["ruamel.yaml"])
    assert apart(plan["warnings"]) == ([] if compose is None or compose.get("services") == ["web"] else [PORTS])
    assert (shop.folder / "compose.yaml").read_text() == TEXT


@pytest.mark.parametrize(
    "options",
    [
        {"containers": [MAIL]},
        {"containers": [MAIL], **NAMED, "compose_services": ["web"]},
        {"containers": [MAIL], "compose_shape": "external", "compose_edit": "override", "subnet": ULA},
    ],
)
def test_compose_network_plans_the_same(shop: Shop, options: dict[str, t.Any]) -> None:
    """With the options that are given, and those of the network."""
    if "compose_services" in options:
        options = {**options, "containers": [WEB]}
    plan = info(mode="nat", **options)["plan"]
    (project,) = plan["compose"]
    made = run(compose_network, check=True, subnet=options.get("subnet", "auto"), **project)
    assert made["steps"] == plan["steps"]
    assert [made["subnet"]] == plan["subnets"]


def test_network_of_projects_and_others(shop: Shop) -> None:
    """One that several share is proved once."""
    (shop.folder / "b").mkdir()
    other = shop.write("b/docker-compose.yml", f"name: other\n{TEXT}")
    options = {"compose_shape": "external", "compose_files": [other]}
    plan = info(mode="nat", containers=[MAIL, "plain"], **options)["plan"]
    assert (len(plan["compose"]), plan["network"]) == (2, "dms-ipv6")
    assert (plan["prove_on"], plan["subnets"]) == (["dms-ipv6"], [DERIVED])


def test_order_of_steps(shop: Shop) -> None:
    """The daemon, the projects, and the network for the others, as the role carries them out."""
    shop.lab.daemon = Daemon()
    plan = info(mode="nat", containers=[MAIL, "plain"], allow_container_restart=True)["plan"]
    starts = [
        f"write {PATH}",
        "restart docker.service",
        f"write {shop.path}",
        "create network dms-ipv6",
        "connect plain",
    ]
    places = [next(at for at, one in enumerate(plan["steps"]) if one.startswith(start)) for start in starts]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (0, len(plan["steps"]) - 1)


@pytest.mark.parametrize("attach", ["auto", "compose"])
@pytest.mark.parametrize("runs", [True, False])
def test_compose_files(shop: Shop, attach: str, runs: bool) -> None:
    """Projects as a whole, running or not: a network that is not there yet can be proved nowhere."""
    if not runs:
        shop.stop()
    (shop.folder / "b").mkdir()
    other = shop.write("b/docker-compose.yml", f"name: other\n{TEXT}")
    plan = info(mode="nat", attach=attach, compose_files=[shop.path, other])["plan"]
    assert [(one["path"], one["project_name"], one["services"]) for one in plan["compose"]] == [
        (shop.path, "", []),
        (other, "", []),
    ]
    names = ["shop_default"] if runs else []
    assert (plan["network"], plan["containers"], plan["prove_on"]) == ("", [], names)
    assert [one for one in plan["steps"] if one.startswith("write ")] == [
        f"write {one}: IPv6 on the project's own network" for one in (shop.path, other)
    ]
    assert plan["subnets"] == [OWN, derived("other_default")]


def test_compose_file_and_container_of_one_project(shop: Shop) -> None:
    plan = info(mode="nat", containers=[MAIL], compose_files=[shop.path])["plan"]
    assert [one["path"] for one in plan["compose"]] == [shop.path]
    assert plan["prove_on"] == ["shop_default"]


@pytest.mark.parametrize("shape", ["default", "named", "external"])
@pytest.mark.parametrize("edit", ["file", "override"])
def test_compose_project_that_is_as_wanted(shop: Shop, shape: str, edit: str) -> None:
    """Nothing to do, to install, or to find fault with, but still to be proved."""
    options = {"containers": [MAIL], "compose_shape": shape, "compose_edit": edit}
    (project,) = info(mode="nat", **options)["plan"]["compose"]
    made = run(compose_network, check=True, **project)
    plan, text = _plan_of(shop, project)
    Path(made["file"]).write_text(text)
    shop.found = carried_out(shop.found, plan)
    result = info(mode="nat", **options)
    assert (result["plan"]["steps"], result["plan"]["changed"], result["plan"]["packages"]) == ([], False, [])
    assert (result["plan"]["prove_on"], result["plan"]["subnets"]) == ([made["network"]], [made["subnet"]])
    assert result["plan"]["compose"] == [project]
    assert [one["id"] for one in result["findings"] if MAIL in one["evidence"]] == []


def _plan_of(shop: Shop, project: dict[str, t.Any]) -> tuple[t.Any, str]:
    """The steps with which compose_network would bring the network, and what it would write into the file."""
    wanted = compose_plan.Wanted(
        project["path"],
        project["shape"],
        project["network"],
        services=tuple(project["services"]),
        edit=project["edit"],
        project=project["project_name"],
    )
    docker = Docker("/no.sock")
    made = compose_plan.plan(wanted, compose_project.read(shop.path), shop.read(docker), shop.ask(docker))
    return made.plan.steps, made.edit.after


def test_masked_in_a_compose_project(shop: Shop) -> None:
    """The same plan as by name, and none afterwards; by the record, so that the subnet still counts as this host's."""
    composed = [one for one in shop.found.containers if one.name != "plain"]
    ported = tuple(one._replace(ports=published(8090 + number)) for number, one in enumerate(composed))
    shop.found = shop.found._replace(containers=ported)
    shop.lab.listeners = listening()(1)
    by_name = info(mode="nat", containers=[MAIL, WEB])["plan"]
    plan = info(mode="nat", select="masked")["plan"]
    assert plan["steps"] == by_name["steps"]
    (project,) = plan["compose"]
    made = run(compose_network, check=True, **project)
    steps, text = _plan_of(shop, project)
    Path(made["file"]).write_text(text)
    shop.found, shop.lab.record = carried_out(shop.found, steps), {"files": {made["file"]: {}}}
    after = info(mode="nat", select="masked")["plan"]
    assert (after["changed"], after["compose"], after["subnets"]) == (False, [project], [made["subnet"]])


@pytest.mark.parametrize(
    ("mode", "options", "found"),
    [
        ("nat", {"containers": [MAIL, WEB]}, []),
        ("nat", {"containers": [MAIL], "attach": "compose"}, []),
        ("nat", {"containers": [MAIL, WEB], "attach": "network"}, [MAIL, WEB]),
        ("audit", {"containers": [MAIL, WEB]}, []),
        ("audit", {"containers": [MAIL, WEB], "attach": "network"}, [MAIL, WEB]),
        # What would be refused is said as ever.
        ("audit", {"containers": [MAIL, "plain"], "attach": "compose"}, [MAIL]),
        ("audit", {}, []),
    ],
)
def test_what_an_up_would_undo(shop: Shop, mode: str, options: dict[str, t.Any], found: list[str]) -> None:
    """A container whose Compose file is edited is not such a finding."""
    findings = [one for one in info(mode=mode, **options)["findings"] if one["id"] == "not_durable"]
    assert [one["evidence"].split()[1] for one in findings] == found


def test_container_whose_file_is_elsewhere(shop: Shop) -> None:
    """Its network is replaced all the same, and what to write elsewhere is said."""
    (shop.folder / "compose.yaml").unlink()
    result = info(mode="nat", containers=[MAIL])
    assert (result["plan"]["compose"], result["plan"]["containers"]) == ([], [])
    assert result["plan"]["networks"] == [{"name": "shop_default", "containers": [MAIL], "subnet": "auto"}]
    assert f"connect {MAIL} to network shop_default" in " ".join(result["plan"]["steps"])
    assert "is not on this host, so no file is edited: put `networks: {default: {" in result["plan"]["warnings"][0]
    assert "not_durable" not in [one["id"] for one in result["findings"]]


VENDORS = """\
services:
  mail: {image: dms-lab/whoami, ports: ["8080:80"], networks: [cow]}
networks:
  cow:
    enable_ipv6: ${SIX:-true}
    ipam: {config: [{subnet: "${NET4:-172.22.1}.0/24"}, {subnet: "${NET6:-fd5c:1ab0:7e57:c::}/64"}]}
"""


def test_a_vendors_file_whose_container_is_real_already(shop: Shop) -> None:
    """Nothing has to be written into it, so it need not be understood."""
    shop.write("compose.yaml", VENDORS)
    cow = network_of_compose("cow", ["172.22.1.0/24", "fd5c:1ab0:7e57:c::/64"])
    place = endpoint("shop_cow", True)._replace(ipv6="fd5c:1ab0:7e57:c::2")
    mail = of_compose("mail", place, path=shop.path)
    shop.lab.daemon = Daemon(version="28.5.2")
    shop.found = shop.found._replace(networks=(BRIDGE, cow), containers=(mail,), members=members((mail,)))
    plan = info(mode="nat", containers=[MAIL])["plan"]
    assert (plan["changed"], plan["compose"], plan["prove_on"]) == (False, [], ["shop_cow"])
    # Masked, the network is replaced, and the file is still the vendor's.
    shop.found = shop.found._replace(
        networks=(BRIDGE, network_of_compose("cow", ["172.22.1.0/24"])),
        containers=(of_compose("mail", endpoint("shop_cow"), path=shop.path),),
    )
    plan = info(mode="nat", containers=[MAIL])["plan"]
    assert [one["name"] for one in plan["networks"]] == ["shop_cow"]
    assert "set `SIX=true` in .env" in plan["warnings"][0]
    assert (shop.folder / "compose.yaml").read_text() == VENDORS


@pytest.mark.parametrize("text", [TEXT, "services: [\n"])
def test_target_that_cannot_read_compose_files(shop: Shop, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The plan says what is to be installed, and the rest later; nothing needs it where no project is concerned."""
    monkeypatch.setattr(compose_files, "AVAILABLE", False)
    shop.write("compose.yaml", text)
    plan = info(mode="nat", containers=[MAIL, "plain"])["plan"]
    more = f"install python3-ruamel.yaml on the host to see the diff of {shop.path}"
    later = f"add IPv6 to {shop.path} and to its running containers; {more}"
    assert plan["steps"][0] == later
    assert [one["path"] for one in plan["compose"]] == [shop.path]
    assert (plan["changed"], plan["packages"]) == (True, ["ruamel.yaml"])
    assert (plan["subnets"], plan["prove_on"], plan["warnings"]) == ([DERIVED], ["dms-ipv6"], [])
    alone = info(mode="nat", containers=[MAIL])["plan"]
    assert (alone["steps"], alone["subnets"], alone["prove_on"]) == ([later], [], [])
    assert info(mode="nat", containers=["plain"])["plan"]["packages"] == ["docker"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        *(
            (
                {"attach": attach, "compose_files": ["/srv/compose.yaml"], "allow_container_restart": True},
                f"attach: Compose files are not edited with {attach}. Use compose, or auto.",
            )
            for attach in ("network", "default_bridge")
        ),
        ({"attach": "compose", "containers": ["plain"]}, "container plain: it was not made by Compose. Name its file"),
        ({"attach": "compose"}, "attach: there is neither a Compose file nor a container. Give dms_ipv6_compose_files"),
        ({"compose_files": ["/no/such/compose.yaml"]}, "/no/such/compose.yaml: there is no such file on this host"),
        ({"containers": [MAIL], **NAMED, "compose_services": ["web"]}, "mail is not on the project's network dms-ipv6"),
        ({"containers": [MAIL], **NAMED, "compose_services": ["nobody"]}, "there is no service `nobody`"),
        ({"containers": [MAIL], "subnet": "2001:db8::/64"}, "subnet: 2001:db8::/64 is reserved for documentation"),
        ({"containers": [MAIL], "compose_shape": "other"}, "value of compose_shape must be one of: default, named"),
        ({"containers": [MAIL], "compose_edit": "both"}, "value of compose_edit must be one of: file, override"),
    ],
)
def test_failures_about_compose_are_one_message(shop: Shop, options: dict[str, t.Any], words: str) -> None:
    assert words in failure(docker_ipv6_full_info, mode="nat", **options)


def test_compose_file_that_is_malformed(shop: Shop) -> None:
    shop.write("compose.yaml", "services: [\n")
    assert f"{shop.path}: line 2, column 1" in failure(docker_ipv6_full_info, mode="nat", containers=[MAIL])


def test_absent_names_compose_files(shop: Shop) -> None:
    """Those that come back, with the steps for them first; one that was edited since is only named."""
    other = shop.write("other.yaml", "mine")
    entry = {"original": None, "written": hashlib.sha256(TEXT.encode()).hexdigest()}
    shop.lab.record = {"files": {other: entry, shop.path: entry}}
    plan = info(mode="absent")["plan"]
    assert plan["files"] == [shop.path]
    assert plan["steps"] == [f"remove {shop.path}: the file as it was"]
    assert plan["warnings"] == [f"{other} is left as it is, because it was edited since"]
    assert (plan["changed"], plan["networks"], plan["packages"]) == (True, [], ["docker"])


def test_absent_tells_what_breaks(shop: Shop) -> None:
    """The warnings of each network, each once."""
    shop.asked = {"rules": lambda bridge: ("/etc/ufw/x",), "listeners": listening()}
    ours = [network(name, ["fd13::/64"], labels={network_steps.LABEL: "true"}) for name in ("a", "b")]
    shop.found = shop.found._replace(networks=(BRIDGE, *ours))
    words = "the bridge br-{0} of network {0} goes, and is named in /etc/ufw/x"
    assert info(mode="absent")["plan"]["warnings"] == [words.format("a"), words.format("b")]
    shop.lab.record = {"unfinished": [{"kind": "RestoreForwarding"}]}
    assert info(mode="absent")["plan"]["warnings"] == [change_plan.UNFINISHED]


UFW = state_firewall.HostFirewall("ufw")


@pytest.mark.parametrize(
    ("options", "containers", "named"),
    [
        ({"containers": ["mail"]}, (container(),), "mail:8080/tcp"),
        ({"containers": ["mail"], "allow_exposure": ["8080/tcp"]}, (container(),), ""),
        ({"containers": ["mail"], "allow_exposure": ["mail:8080/tcp"]}, (container(),), ""),
        ({"containers": ["mail"], "allow_exposure": ["web:8080/tcp"]}, (container(),), "mail:8080/tcp"),
        ({"containers": ["mail"], "allow_exposure": ["all"]}, (container(),), ""),
        ({}, (container(),), ""),
        # those that have IPv6 already, once ip6tables is on
        ({}, (container("web", endpoint("dms-ipv6", True)),), "web:8080/tcp"),
        # all containers on the default bridge
        (
            {"attach": "default_bridge", "allow_container_restart": True},
            (container(), container("web")),
            "mail:8080/tcp, web:8080/tcp",
        ),
    ],
)
def test_ports_that_would_be_opened(lab: Lab, options: t.Any, containers: t.Any, named: str) -> None:
    lab.more = {"containers": containers, "members": members(containers), "networks": (BRIDGE,), "firewall": UFW}
    if any(one.has_ipv6 for one in containers):
        lab.more["networks"] = (BRIDGE, network())
    if named:
        said = failure(docker_ipv6_full_info, mode="nat", **options)
        assert said.endswith(f"Name what may be open in allow_exposure: {named}. Nothing was changed.")
    else:
        assert info(mode="nat", **options)["plan"]["changed"]


@pytest.mark.parametrize(
    ("options", "ends"),
    [
        ({"containers": ["mail"]}, "name it in allow_leak (mail) if it may. Nothing was changed."),
        (
            {"containers": ["mail"], "allow_leak": ["web"]},
            "name it in allow_leak (mail) if it may. Nothing was changed.",
        ),
        ({"containers": ["mail"], "allow_leak": ["mail"]}, ""),
        (
            {"attach": "default_bridge", "allow_container_restart": True},
            "name it in allow_leak (mail) if it may. Nothing",
        ),
        ({}, ""),
    ],
)
def test_a_way_out_beside_a_tunnel(lab: Lab, options: t.Any, ends: str) -> None:
    devices = [{"PathOnHost": "/dev/net/tun", "PathInContainer": "/dev/net/tun"}]
    lab.inspected = {**INSPECTED, "HostConfig": {"NetworkMode": "bridge", "Devices": devices}}
    if ends:
        assert ends in failure(docker_ipv6_full_info, mode="nat", **options)
    else:
        assert info(mode="nat", **options)["plan"]["changed"]


def test_what_an_earlier_run_left_behind_is_put_back_whatever_leaks(lab: Lab) -> None:
    devices = [{"PathOnHost": "/dev/net/tun", "PathInContainer": "/dev/net/tun"}]
    lab.inspected = {**INSPECTED, "HostConfig": {"NetworkMode": "bridge", "Devices": devices}}
    step = network_steps.ConnectContainer("mail", "mail-id", "old", "{}", True)
    lab.record = {"unfinished": change_step_json.dump_steps((step,))}
    assert info(mode="nat", containers=["mail"])["plan"]["warnings"] == [change_plan.UNFINISHED]


@pytest.mark.parametrize("available", [True, False])
def test_ports_that_would_be_opened_by_way_of_compose(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, available: bool
) -> None:
    """Those of the whole project, also before its file can be read."""
    monkeypatch.setattr(compose_files, "AVAILABLE", available)
    ports = (docker_objects.Port(25, "tcp", "::", 25),)
    shop.found = shop.found._replace(
        firewall=UFW, containers=tuple(one._replace(ports=ports) for one in shop.found.containers)
    )
    said = failure(docker_ipv6_full_info, mode="nat", containers=[MAIL])
    assert said.endswith(f"in allow_exposure: {MAIL}:25/tcp, {WEB}:25/tcp. Nothing was changed.")
    assert info(mode="nat", containers=[MAIL], allow_exposure=["25/tcp"])["plan"]["changed"]


OPEN = {"ipv4": [("0.0.0.0", 80)], "ipv6": [("::", 80)]}
BOTH_FAMILIES = [["ipv4", 8080], ["ipv6", 8080]]


@pytest.mark.parametrize(
    ("options", "listeners", "expected"),
    [
        ({"containers": ["mail"]}, OPEN, BOTH_FAMILIES),
        ({"containers": ["mail-id"]}, OPEN, BOTH_FAMILIES),
        ({"containers": ["mail"], "attach": "default_bridge", "allow_container_restart": True}, OPEN, BOTH_FAMILIES),
        ({"containers": ["mail"]}, {"ipv4": [], "ipv6": []}, []),
        ({}, OPEN, []),
    ],
)
def test_ports_to_be_probed(lab: Lab, options: t.Any, listeners: t.Any, expected: t.Any) -> None:
    """Those of the named containers that a program serves."""
    lab.listeners = listeners
    containers = (container("mail"), container("web", ports=(docker_objects.Port(80, "tcp", "::", 8081),)))
    lab.more = {"containers": containers, "members": members(containers)}
    plan = info(mode="nat", **options)["plan"]
    assert sorted(plan["ports"]) == expected


@pytest.mark.parametrize("available", [True, False])
def test_ports_to_be_probed_by_way_of_compose(shop: Shop, monkeypatch: pytest.MonkeyPatch, available: bool) -> None:
    """Those of the project's containers, once they see clients; none of those that only the next `up` moves."""
    monkeypatch.setattr(compose_files, "AVAILABLE", available)
    ports = (docker_objects.Port(25, "tcp", "::", 25),)
    shop.found = shop.found._replace(containers=tuple(one._replace(ports=ports) for one in shop.found.containers))
    shop.lab.listeners = {"ipv4": [("0.0.0.0", 25)], "ipv6": [("::", 25)]}
    assert info(mode="nat", compose_files=[shop.path])["plan"]["ports"] == [["ipv6", 25]]
    assert info(mode="nat", containers=["plain"])["plan"]["ports"] == [["ipv6", 25]]
    later = info(mode="nat", compose_files=[shop.path], compose_shape="external", compose_edit="override")["plan"]
    assert later["ports"] == ([["ipv6", 25]] if later["prove_on"] or not available else [])


def test_entries_of_allow_exposure_that_name_nothing(lab: Lab) -> None:
    assert "'25' is none of `all`" in failure(docker_ipv6_full_info, mode="nat", allow_exposure=["25"])


# --- gai.conf


@pytest.fixture
def gai(lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Its file, on a host with glibc."""
    path = tmp_path / "gai.conf"
    monkeypatch.setattr(gai_conf, "PATH", str(path))
    monkeypatch.setattr(resolver, "glibc", lambda: True)
    monkeypatch.setattr(resolver, "source", lambda address: "fd5c:1ab0:7e57:1::1")
    monkeypatch.setattr(resolver, "ahosts", lambda name: ("198.18.7.10", "2001:2::10") if name == "far" else ())
    return path


@pytest.mark.parametrize(
    ("options", "prefixes", "words"),
    [
        ({}, [DERIVED], DERIVED),
        ({"subnet": ULA, "gai_conf_prefixes": ["fd77::/48"]}, [ULA, "fd77::/48"], f"{ULA}, fd77::/48"),
        ({"gai_conf_precedence": True}, [DERIVED], DERIVED),
    ],
)
def test_gai_conf_is_planned(lab: Lab, gai: Path, options: t.Any, prefixes: list[str], words: str) -> None:
    """As the last step, and no more once the file has the lines."""
    plan = info(mode="nat", gai_conf=True, **options)["plan"]
    assert plan["gai_conf"] == {"prefixes": prefixes, "precedence": "gai_conf_precedence" in options}
    assert plan["steps"][-1] == f"write {gai}: new processes try IPv6 first from {words}"
    asked = gai_conf.wanted(prefixes, plan["gai_conf"]["precedence"])
    gai.write_bytes(gai_conf.plan(str(gai), None, asked).steps[0].content)  # type: ignore[attr-defined]
    assert f"write {gai}" not in " ".join(info(mode="nat", gai_conf=True, **options)["plan"]["steps"])


def test_gai_conf_alone_is_a_change(lab: Lab, gai: Path) -> None:
    """On a host where all else is as wanted; and the file is not read unless an option says so."""
    gai.write_text("nonsense")
    lab.daemon = Daemon(version="28.5.2")
    lab.more = {"networks": (BRIDGE, network())}
    plain = info(mode="nat")["plan"]
    assert (plain["changed"], plain["gai_conf"]) == (False, {})
    assert f"{gai}:1: `nonsense`: there is no such word" in failure(docker_ipv6_full_info, mode="nat", gai_conf=True)
    gai.write_text("precedence ::ffff:0:0/96 100\n")
    plan = info(mode="nat", gai_conf=True)["plan"]
    assert plan["changed"] is True
    assert plan["steps"] == [f"write {gai}: new processes try IPv6 first from {ULA}"]
    words = f"{gai}:1: the precedence lines there replace glibc's whole table, and with them localhost is 127.0.0.1"
    assert plan["warnings"] == [f"{words} before ::1"]


def test_gai_conf_on_musl(lab: Lab, gai: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolver, "glibc", lambda: False)
    plan = info(mode="nat", gai_conf=True)["plan"]
    assert plan["steps"] == info(mode="nat")["plan"]["steps"]
    assert plan["warnings"] == [address_order.NOT_GLIBC]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gai_conf_precedence": True}, "gai_conf: gai_conf_precedence without gai_conf. Set dms_ipv6_gai_conf, or"),
        (
            {"gai_conf_precedence": True, "gai_conf_prefixes": [ULA]},
            "gai_conf_precedence and gai_conf_prefixes without gai_conf",
        ),
        ({"gai_conf": True, "gai_conf_prefixes": ["fe80::/10"]}, "prefixes: fe80::/10 is neither a ULA nor global"),
    ],
)
def test_gai_conf_that_is_refused(lab: Lab, gai: Path, options: t.Any, words: str) -> None:
    assert words in failure(docker_ipv6_full_info, mode="nat", **options)


def test_absent_takes_lines_out_of_gai_conf(lab: Lab, gai: Path) -> None:
    """The file comes back with the rest, where it still has any of our lines."""
    made = gai_conf.plan(str(gai), b"#\n", gai_conf.wanted([ULA]))
    lab.record = {"gai_conf": host_undo.remember_gai_conf(None, made)}
    lab.more = {"edited": {str(gai): made.steps[0].content}}  # type: ignore[attr-defined]
    plan = info(mode="absent")["plan"]
    assert (plan["gai_conf"], plan["files"]) == ({"paths": [str(gai)]}, [])
    assert (plan["changed"], plan["steps"]) == (True, [f"write {gai}: the file as it was"])
    text = gai_conf.decode(lab.more["edited"][str(gai)])
    lab.more = {"edited": {str(gai): text.replace("/64", "/56").encode()}}
    assert "our lines that were edited since" in info(mode="absent")["plan"]["warnings"][0]
    lab.more = {"edited": {str(gai): None}}
    plan = info(mode="absent")["plan"]
    assert (plan["gai_conf"], plan["changed"]) == ({"paths": []}, False)


def test_names_that_the_host_tries_over_ipv4_first(lab: Lab, gai: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.more = {"containers": ()}
    assert [one["id"] for one in info()["findings"]] == []
    (found,) = info(names=["far", "nobody"])["findings"]
    assert (found["id"], found["severity"]) == ("ipv4_first", "info")
    assert "198.18.7.10 before 2001:2::10 for far" in found["evidence"]
    monkeypatch.setattr(resolver, "source", lambda address: "2001:2::1")
    assert info(names=["far"])["findings"] == []


def test_an_engine_that_is_not_ours_to_change(lab: Lab) -> None:
    """The audit says so, and judges nothing by our model."""
    lab.more = {"environment": ("podman",), "path": ""}
    result = info()
    assert [one["id"] for one in result["findings"]] == ["podman"]
    (mail,) = result["containers"]
    assert [(one["family"], one["verdict"]) for one in mail["exposure"]] == [("ipv4", "unknown"), ("ipv6", "unknown")]
    assert mail["direct"] == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"no_ip6tables": "it fails"}, "ip6tables: it fails; Docker Engine 26.1.5 does not start with ip6tables then"),
        ({"no_ipv6": "UFW drops it"}, "host firewall: UFW drops it, so that no client would get through"),
    ],
)
def test_hosts_on_which_ipv6_cannot_be(lab: Lab, more: t.Any, words: str) -> None:
    lab.more = more
    assert words in failure(docker_ipv6_full_info, mode="nat")
    assert info()["findings"]


def test_only_the_audit_reads_any_engine(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def read(docker: Docker, any_engine: bool) -> state_host.Found:
        asked.append(any_engine)
        return lab.read()

    monkeypatch.setattr(read_host, "read", read)
    for mode in ("audit", "nat", "absent"):
        info(mode=mode)
    assert asked == [True, False, False]


def test_malformed_file_fails_the_plan(lab: Lab) -> None:
    lab.daemon.content = b'{"ipv6": true,}'
    assert failure(docker_ipv6_full_info, mode="nat").startswith(f"{PATH}: line 1, column 14: a comma before }}")


def test_missing_socket(tmp_path: t.Any) -> None:
    words = "there is no Docker socket. Install and start Docker on this host."
    assert failure(docker_ipv6_full_info, docker_socket=str(tmp_path / "x")).endswith(words)


# --- mode routed

GLOBAL = "2001:2:0:b1::/64"
FIXED = {"mail": "2001:2:0:b1::25"}
ROUTED: dict[str, t.Any] = {"mode": "routed", "subnet": GLOBAL, "containers": ["mail"]}
PUBLISHED = {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}


def test_mode_routed(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.daemon = Daemon(version="28.5.2")
    lab.inspected = {**INSPECTED, "HostConfig": {"NetworkMode": "bridge", "PortBindings": PUBLISHED}}
    lab.listeners = {"ipv4": [], "ipv6": [("::", 80)]}
    monkeypatch.setattr(packages, "missing_programs", lambda: ["nftables"])
    result = info(**ROUTED, addresses=FIXED)
    plan = result["plan"]
    assert plan["addresses"] == FIXED
    assert plan["firewall"] == {
        "state": "present",
        "subnet": GLOBAL,
        "bridge": routed_mode.bridge_name("dms-ipv6"),
        "ports": [{"address": FIXED["mail"], "protocol": "tcp", "port": 80}],
        "sources": [],
    }
    assert (plan["ndp"], plan["subnets"], plan["prove_on"]) == ([], [GLOBAL], ["dms-ipv6"])
    assert plan["ports"] == [["ipv6", 80, FIXED["mail"]], ["ipv4", 8080]]
    assert plan["packages"] == ["docker", "nftables"]
    assert ipaddress.IPv6Address(plan["responder"]) in ipaddress.IPv6Network(GLOBAL)
    assert f"create network dms-ipv6 with {GLOBAL}" in plan["steps"]
    assert "its AAAA record, the PTR of that address and the SPF record must name it" in plan["warnings"][0]
    assert "IPv6 clients reach mail at 2001:2:0:b1::25" in result["summary"]


def test_mode_routed_on_the_uplinks_own_segment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """There ndp_proxy is a part of the plan, and planned on the same facts."""
    asked: list[ndp_proxy.Wanted] = []
    step = ndp_steps.PlaceUnit("x.service", b"[Unit]\n", None, "2001:2::/80", "eth1", "ndppd")

    def plan_for_link(wanted: ndp_proxy.Wanted, found: state_host.Found, ask: t.Any) -> ndp_proxy.NdpPlan:
        asked.append(wanted)
        return ndp_proxy.NdpPlan("", "", (step,), ("mind the link",), packages=("ndppd",))

    monkeypatch.setattr(ndp, "plan", plan_for_link)
    prefixes = ((ipaddress.IPv6Network("2001:2:0:11::/64"), True),)
    lab.more = {"uplinks": tuple(state_host.Uplink(one, prefixes) for one in ("eth0", "eth1"))}
    plan = info(**{**ROUTED, "subnet": "auto"}, interface="eth1", ndp_backend="networkd")["plan"]
    (call,) = plan["ndp"]
    assert call == {
        "state": "present",
        "prefix": plan["subnets"][0],
        "interface": "eth1",
        "addresses": [plan["addresses"]["mail"], plan["responder"]],
        "backend": "networkd",
    }
    assert asked == [ndp_proxy.Wanted(**{**call, "addresses": tuple(call["addresses"])})]
    assert plan["steps"][-1] == str(step)
    assert plan["warnings"][-1] == "mind the link"
    assert plan["packages"][-1] == "ndppd"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"mode": "nat"}, [{"state": "absent", "prefix": "2001:2:0:11:d::/80"}]),
        ({**ROUTED}, [{"state": "absent", "prefix": "2001:2:0:11:d::/80"}]),
        # Another network's, or no network's: the administrator has called the module.
        ({"mode": "nat", "network": "other"}, []),
    ],
)
def test_a_prefix_that_the_network_gives_up(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, options: dict[str, t.Any], expected: list[dict[str, t.Any]]
) -> None:
    step = ndp_steps.PlaceUnit("x.service", None, b"[Unit]\n", "2001:2:0:11:d::/80", "eth0", "kernel")
    monkeypatch.setattr(ndp, "plan", lambda wanted, found, ask: ndp_proxy.NdpPlan("", "", (step,)))
    there = network(subnets=["172.18.0.0/16", "2001:2:0:11:d::/80"])
    lab.more = {"networks": (there,), "uplinks": (state_host.Uplink("eth0"),)}
    entry = {"interface": "eth0", "backend": "kernel"}
    lab.record = {"ndp": {"prefixes": {"2001:2:0:11:d::/80": entry, "2001:2:0:11:e::/80": entry}}}
    plan = info(**options)["plan"]
    assert plan["ndp"] == expected
    assert (str(step) in plan["steps"]) is bool(expected)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"subnet": ULA}, "is a ULA, which no client outside can reach"),
        ({"subnet": "auto"}, "this host has no global IPv6 prefix on its uplink"),
        (
            {"interface": "eth7"},
            "interface: eth7 is not an interface of this host with an IPv6 default route (eth0)",
        ),
        ({"addresses": {"mail": "x"}}, "addresses, mail: 'x' is not an IPv6 address"),
        ({"compose_files": ["/srv/shop/compose.yaml"]}, "compose_files: Compose files are not edited in mode routed"),
        ({"attach": "compose"}, "attach: mode routed connects containers to a network of its own"),
        ({"mode": "nat", "subnet": GLOBAL}, "is not a ULA; mode nat is for ULAs"),
        ({"mode": "nat", "subnet": "auto", "addresses": FIXED}, "addresses: containers get addresses of your choice"),
    ],
)
def test_mode_routed_is_refused(lab: Lab, options: dict[str, t.Any], words: str) -> None:
    assert words in failure(docker_ipv6_full_info, **{**ROUTED, **options})


def test_what_the_firewall_opens_is_asked_for(lab: Lab) -> None:
    """A port that UFW closes at the host would be open at the container's own address."""
    lab.daemon = Daemon(version="28.5.2")
    lab.more = {"firewall": state_firewall.HostFirewall("ufw", forward={"ipv6": "drop"})}
    assert "container mail, port 8080/tcp" in failure(docker_ipv6_full_info, **ROUTED)
    assert info(**ROUTED, allow_exposure=["mail:8080/tcp"])["plan"]["changed"]


@pytest.mark.parametrize("mode", ["nat", "absent"])
def test_other_modes_take_the_firewall_away(lab: Lab, mode: str) -> None:
    lab.more = {"table": state_host.TableFiles(b"x", None, False, "table")}
    plan = info(mode=mode)["plan"]
    assert plan["firewall"] == {"state": "absent"}
    assert any(one.startswith("remove the table ip6 dms_ipv6") for one in plan["steps"])
    lab.more = {}
    assert info(mode=mode)["plan"]["firewall"] == {}


@pytest.mark.parametrize("attach", ["auto", "compose"])
def test_labels_of_an_image_name_no_file(shop: Shop, monkeypatch: pytest.MonkeyPatch, attach: str) -> None:
    """The maker of an image would choose which file root edits. What the operator names is edited."""
    labels = next(one for one in shop.containers if one.name == MAIL).labels
    shop.found = shop.found._replace(
        containers=tuple(one._replace(image="evil") if one.name == MAIL else one for one in shop.containers)
    )
    monkeypatch.setattr(Docker, "get", answers(images={"evil": labels}))
    words = failure(docker_ipv6_full_info, mode="nat", containers=[MAIL], attach=attach)
    assert words.startswith(f"container {MAIL}: its label com.docker.compose.project.working_dir comes from its image")
    assert words.endswith("Name the file in dms_ipv6_compose_files if that is right, or use attach: network.")
    plan = info(mode="nat", containers=[MAIL], attach="network")["plan"]
    assert (plan["compose"], plan["containers"]) == ([], [MAIL])
    plan = info(mode="nat", containers=[MAIL], compose_files=[shop.path])["plan"]
    assert ([one["path"] for one in plan["compose"]], plan["containers"]) == ([shop.path], [MAIL])
    words = failure(docker_ipv6_full_info, mode="prevent", prevent_compose=True, containers=[MAIL])
    assert "comes from its image" in words and "publish its ports on 0.0.0.0 by hand" in words


@pytest.mark.parametrize("options", [{}, {"mode": "nat"}, {"mode": "nat", "containers": ["mail"]}])
def test_the_small_module_says_the_same(lab: Lab, options: dict[str, t.Any]) -> None:
    lab.daemon = Daemon(version="28.5.2")
    assert run(docker_ipv6_info, **options) == info(**options)


@pytest.mark.parametrize(
    ("options", "record"),
    [
        ({"mode": "routed"}, {}),
        ({"mode": "prevent"}, {}),
        ({"mode": "absent"}, {}),
        ({"mail": True}, {}),
        ({"names": ["localhost"]}, {}),
        ({"mode": "nat", "gai_conf": True}, {}),
        ({"mode": "nat"}, {"ndp": {}}),
    ],
)
def test_the_small_module_says_what_it_does_not_bring(
    lab: Lab, options: dict[str, t.Any], record: dict[str, t.Any]
) -> None:
    lab.daemon, lab.record = Daemon(version="28.5.2"), record
    assert run(docker_ipv6_info, **options).items() >= {"changed": False, "incomplete": True}.items()


@pytest.mark.parametrize("mail", [False, True])
def test_no_container_is_looked_into_unasked(lab: Lab, monkeypatch: pytest.MonkeyPatch, mail: bool) -> None:
    relay = finding.Finding("open_relay", finding.CRITICAL, "it relays", "See to it")
    monkeypatch.setattr(servers, "findings", lambda *_arguments: [relay])
    assert (relay.result() in info(mail=mail)["findings"]) is mail


def test_who_gets_ipv6_is_worked_out_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose may be run for it, which takes longer than all the rest; findings and plan are about the same."""
    asked: list[t.Any] = []
    worked_out = nat_targets.planned

    def planned(*wanted: t.Any) -> nat_targets.Targets:
        asked.append(wanted)
        return worked_out(*wanted)

    monkeypatch.setattr(nat_targets, "planned", planned)
    assert info(mode="nat", containers=[MAIL])["plan"]["changed"]
    assert len(asked) == 1
