# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 on the default bridge."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.network import default_bridge
from ansible_collections.dms.ipv6.plugins.module_utils.network.plan import WantedNetwork
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import ask

OLD, NEW = (engine_version.parse(text) for text in ("26.1.5", "28.5.2"))
SUBNET = ipaddress.IPv6Network("fd5c:1ab0:7:1::/64")


def wanted(subnet: str = str(SUBNET), derived: bool = False) -> WantedNetwork:
    return WantedNetwork("dms-ipv6", ipaddress.IPv6Network(subnet), derived)


def network(name: str, ipv6: bool, *subnets: str) -> docker_objects.Network:
    config = [{"Subnet": one} for one in subnets]
    return docker_objects.network(
        {"Id": name * 9, "Name": name, "Driver": "bridge", "EnableIPv6": ipv6, "IPAM": {"Config": config}}
    )


def container(mode: str, *networks: str, running: bool = True) -> docker_objects.Container:
    endpoints = tuple(docker_objects.Endpoint(one, "", "", "", "") for one in networks)
    ports = (docker_objects.Port(25, "tcp", "::", 25),)
    return docker_objects.Container("a" * 64, "mail", running, mode, endpoints, ports, pid=7)


@pytest.mark.parametrize(
    ("file_settings", "derived", "subnet"),
    [
        ({}, True, str(SUBNET)),
        ({"ipv6": True, "fixed-cidr-v6": "fd12::/64"}, True, "fd12::/64"),
        ({"ipv6": True, "fixed-cidr-v6": "fd12::/64"}, False, str(SUBNET)),
        ({"ipv6": False, "fixed-cidr-v6": "fd12::/64"}, True, str(SUBNET)),
    ],
)
def test_settings(file_settings: dict[str, t.Any], derived: bool, subnet: str) -> None:
    found = default_bridge.settings(wanted(derived=derived), [], [], file_settings, OLD)
    assert found == {"ipv6": True, "fixed-cidr-v6": subnet}


def test_its_own_subnet_is_no_overlap() -> None:
    bridge = network("bridge", True, "172.17.0.0/16", str(SUBNET))
    route = ("route on docker0", SUBNET)
    assert default_bridge.settings(wanted(), [bridge], [route], {}, NEW)["fixed-cidr-v6"] == str(SUBNET)


@pytest.mark.parametrize(
    ("subnet", "version", "words"),
    [
        ("fd12::/112", OLD, "fd12::/112 is smaller than a /80, the least that Docker Engine 26.1.5 takes here"),
        ("fd99:1::/64", NEW, "overlaps fd99:1::/64 (Docker network other)"),
        ("fd99:2::/64", NEW, "overlaps fd99:2::/64 (route on eth0)"),
    ],
)
def test_refused(subnet: str, version: engine_version.Version, words: str) -> None:
    taken = [("route on eth0", ipaddress.IPv6Network("fd99:2::/64"))]
    with pytest.raises(Refused) as reason:
        default_bridge.settings(wanted(subnet), [network("other", True, "fd99:1::/64")], taken, {}, version)
    assert words in str(reason.value)


def test_small_subnets_from_28_on() -> None:
    assert default_bridge.settings(wanted("fd12::/112"), [], [], {}, NEW)["fixed-cidr-v6"] == "fd12::/112"


@pytest.mark.parametrize(("mode", "networks"), [("bridge", ("bridge",)), ("default", ("bridge",)), ("bridge", ())])
def test_containers_of_the_default_bridge(mode: str, networks: tuple[str, ...]) -> None:
    default_bridge.refuse_elsewhere([container(mode, *networks)])


@pytest.mark.parametrize("mode", ["web_default", "host", "none", "container:x"])
def test_containers_that_are_elsewhere(mode: str) -> None:
    with pytest.raises(Refused, match=f"not on the default bridge but on {mode}"):
        default_bridge.refuse_elsewhere([container(mode, "web_default")])


def listening(address: str) -> t.Callable[[int], dict[str, list[tuple[str, int]]]]:
    return lambda _pid: {"ipv4": [("0.0.0.0", 25)], "ipv6": [("::", 25)] if address == "::" else []}


@pytest.mark.parametrize(
    ("address", "running", "has_ipv6", "refused"),
    [("::", True, False, False), ("", True, False, True), ("", False, False, False), ("", True, True, False)],
)
def test_services_on_ipv4_only(address: str, running: bool, has_ipv6: bool, refused: bool) -> None:
    networks = [network("bridge", has_ipv6, "172.17.0.0/16")]
    containers = [container("bridge", "bridge", running=running)]
    if refused:
        with pytest.raises(Refused, match="listens on IPv4 only"):
            default_bridge.refuse_ipv4_only(containers, networks, ask(listeners=listening(address)))
    else:
        default_bridge.refuse_ipv4_only(containers, networks, ask(listeners=listening(address)))
