# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Engine API's JSON, as engines send it."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions, docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state.docker_objects import Endpoint, Port

ID = "4f1c8c0e9d7a6b5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e"

NETWORK_20: dict[str, t.Any] = {
    "Name": "dms-ipv6",
    "Id": ID,
    "Created": "2026-02-03T04:05:06.7Z",
    "Scope": "local",
    "Driver": "bridge",
    "EnableIPv6": True,
    "IPAM": {
        "Driver": "default",
        "Options": {},
        "Config": [
            {"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"},
            {"Subnet": "fd5c:1ab0:7e57:1::/64", "Gateway": "fd5c:1ab0:7e57:1::1/64"},
        ],
    },
    "Internal": False,
    "Attachable": False,
    "Ingress": False,
    "ConfigFrom": {"Network": ""},
    "ConfigOnly": False,
    "Containers": {},
    "Options": {},
    "Labels": {"dms.ipv6.managed": "true"},
}
NETWORK_28 = {
    **NETWORK_20,
    "EnableIPv4": True,
    "IPAM": {
        "Driver": "default",
        "Options": None,
        "Config": [
            {"Subnet": "172.18.0.0/16", "IPRange": "", "Gateway": "172.18.0.1"},
            {"Subnet": "fd5c:1ab0:7e57:1::/64", "IPRange": "", "Gateway": "fd5c:1ab0:7e57:1::1"},
        ],
    },
}
BRIDGE = {
    "Name": "bridge",
    "Id": "b" * 64,
    "Driver": "bridge",
    "EnableIPv6": False,
    "IPAM": {"Driver": "default", "Options": None, "Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}]},
    "Internal": False,
    "Options": {"com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.name": "docker0"},
    "Labels": {},
}
HOST = {
    "Name": "host",
    "Id": "c" * 64,
    "Driver": "host",
    "EnableIPv6": False,
    "IPAM": {"Driver": "default", "Config": None},
    "Options": None,
    "Labels": None,
}
SUBNETS = (ipaddress.ip_network("172.18.0.0/16"), ipaddress.ip_network("fd5c:1ab0:7e57:1::/64"))


@pytest.mark.parametrize("inspected", [NETWORK_20, NETWORK_28])
def test_network_is_the_same_from_every_engine(inspected: dict[str, t.Any]) -> None:
    found = docker_objects.network(inspected)
    assert (found.id, found.name, found.driver, found.ipv6, found.internal) == (ID, "dms-ipv6", "bridge", True, False)
    assert found.subnets == SUBNETS
    assert found.subnets6 == SUBNETS[1:]
    assert found.gateways == ("172.18.0.1", "fd5c:1ab0:7e57:1::1")
    assert found.bridge == f"br-{ID[:12]}"
    assert found.labels == {"dms.ipv6.managed": "true"}
    assert found.definition == definitions.of_network(inspected)


@pytest.mark.parametrize(
    ("inspected", "name", "bridge", "subnets"),
    [
        (BRIDGE, "bridge", "docker0", (ipaddress.ip_network("172.17.0.0/16"),)),
        (HOST, "host", "", ()),
        ({**HOST, "IPAM": None}, "host", "", ()),
        ({"Name": "x", "Id": "d" * 64}, "x", "", ()),
        ({**BRIDGE, "IPAM": {"Config": [{}]}}, "bridge", "docker0", ()),
        (
            {**BRIDGE, "IPAM": {"Config": [{"Subnet": "fd00::1/64"}]}},
            "bridge",
            "docker0",
            (ipaddress.ip_network("fd00::/64"),),
        ),
    ],
)
def test_other_networks(inspected: dict[str, t.Any], name: str, bridge: str, subnets: t.Any) -> None:
    found = docker_objects.network(inspected)
    assert (found.name, found.bridge, found.subnets) == (name, bridge, subnets)


# --- what the default bridge says about the daemon's settings

SHOWN = {
    "com.docker.network.bridge.default_bridge": "true",
    "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true",
    "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
    "com.docker.network.bridge.name": "docker0",
    "com.docker.network.driver.mtu": "1500",
}
PLAIN = {"ipv6": False, "icc": True, "ip-masq": True, "mtu": 1500}


def default_bridge(*subnets: str, ipv6: bool = False, without: str = "", **options: str) -> docker_objects.Network:
    names = {"icc": "bridge.enable_icc", "masq": "bridge.enable_ip_masquerade", "mtu": "driver.mtu"}
    given = {f"com.docker.network.{names[name]}": text for name, text in options.items()}
    shown = {name: text for name, text in {**SHOWN, **given}.items() if not without or without not in name}
    ipam = {"Config": [{"Subnet": one} for one in ("172.17.0.0/16", *subnets)]}
    return docker_objects.network({**BRIDGE, "Options": shown, "EnableIPv6": ipv6, "IPAM": ipam})


@pytest.mark.parametrize(
    ("bridge", "expected"),
    [
        (default_bridge(), PLAIN),
        (default_bridge(icc="false"), {**PLAIN, "icc": False}),
        (default_bridge(masq="false", mtu="1400"), {**PLAIN, "ip-masq": False, "mtu": 1400}),
        (default_bridge(without="mtu"), {"ipv6": False, "icc": True, "ip-masq": True}),
        (default_bridge(without="icc"), {"ipv6": False, "ip-masq": True, "mtu": 1500}),
        (default_bridge(icc="perhaps", mtu="large"), {"ipv6": False, "ip-masq": True}),
        (
            default_bridge("fd5c:1ab0:7e57:1::/64", ipv6=True),
            {**PLAIN, "ipv6": True, "fixed-cidr-v6": "fd5c:1ab0:7e57:1::/64"},
        ),
        # It is unknown which of two was wanted; and without IPv6 a subnet that is left over means nothing.
        (default_bridge("fd5c:1ab0:7e57:1::/64", "fd12::/64", ipv6=True), {**PLAIN, "ipv6": True}),
        (default_bridge("fd5c:1ab0:7e57:1::/64"), PLAIN),
        (default_bridge(ipv6=True), {**PLAIN, "ipv6": True}),
    ],
)
def test_bridge_settings(bridge: docker_objects.Network, expected: dict[str, t.Any]) -> None:
    others = [docker_objects.network(NETWORK_28), docker_objects.network(HOST)]
    settings = docker_objects.bridge_settings([*others, bridge])
    assert settings == expected
    assert [type(settings[name]) for name in expected] == [type(one) for one in expected.values()]


@pytest.mark.parametrize(
    "networks",
    [
        [],
        [HOST, NETWORK_28],
        # Without the option it is a bridge that a user has made, and says nothing about the daemon.
        [{**BRIDGE, "Options": {"com.docker.network.driver.mtu": "1400"}}],
        [{**BRIDGE, "Options": None}],
        [{**BRIDGE, "Name": "other"}],
    ],
)
def test_without_a_default_bridge_nothing_is_said(networks: list[dict[str, t.Any]]) -> None:
    assert docker_objects.bridge_settings(map(docker_objects.network, networks)) == {}


ENDPOINT = {
    "IPAMConfig": None,
    "Links": None,
    "Aliases": None,
    "NetworkID": "b" * 64,
    "EndpointID": "e" * 64,
    "Gateway": "172.17.0.1",
    "IPAddress": "172.17.0.2",
    "IPPrefixLen": 16,
    "IPv6Gateway": "",
    "GlobalIPv6Address": "",
    "GlobalIPv6PrefixLen": 0,
}
DUAL = {
    **ENDPOINT,
    "IPv6Gateway": "fd5c:1ab0:7e57:1::1",
    "GlobalIPv6Address": "fd5c:1ab0:7e57:1::2",
    "GlobalIPv6PrefixLen": 64,
}
SUMMARY: dict[str, t.Any] = {
    "Id": ID,
    "Names": ["/mail"],
    "Image": "mail",
    "Ports": [
        {"IP": "0.0.0.0", "PrivatePort": 25, "PublicPort": 2525, "Type": "tcp"},
        {"IP": "::", "PrivatePort": 25, "PublicPort": 2525, "Type": "tcp"},
        {"PrivatePort": 143, "Type": "tcp"},
        {"IP": "::", "PrivatePort": 53, "PublicPort": 53, "Type": "udp"},
    ],
    "Labels": {"com.docker.compose.project": "mail"},
    "State": "running",
    "Status": "Up 2 hours",
    "HostConfig": {"NetworkMode": "default"},
    "NetworkSettings": {"Networks": {"bridge": ENDPOINT}},
}


def test_listed() -> None:
    found = docker_objects.listed(SUMMARY)
    assert (found.id, found.name, found.running, found.network_mode) == (ID, "mail", True, "default")
    assert found.ports == (Port(25, "tcp", "0.0.0.0", 2525), Port(25, "tcp", "::", 2525), Port(53, "udp", "::", 53))
    assert found.endpoints == (Endpoint("bridge", "172.17.0.2", "", "172.17.0.1", ""),)
    assert found.labels == {"com.docker.compose.project": "mail"}
    assert not found.has_ipv6
    assert found.endpoint("bridge") == found.endpoints[0]
    assert found.endpoint("dms-ipv6") is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (None, ID[:12]),
        ([], ID[:12]),
        (["/web/db"], ID[:12]),
        (["/web/db", "/db"], "db"),
        (["/db", "/web/db"], "db"),
    ],
)
def test_name_is_the_own_one(names: list[str] | None, expected: str) -> None:
    """A legacy link gives a container more names; one that is being removed has none."""
    assert docker_objects.listed({"Id": ID, "Names": names, "State": "running"}).name == expected


@pytest.mark.parametrize(
    ("changes", "running", "ipv6"),
    [
        ({"State": "exited", "Ports": None}, False, False),
        ({"State": "restarting", "Labels": None}, True, False),
        ({"State": "paused"}, True, False),
        ({"State": "created"}, False, False),
        ({"State": "removing"}, False, False),
        ({"State": "dead"}, False, False),
        ({"NetworkSettings": None, "HostConfig": None}, True, False),
        ({"NetworkSettings": {"Networks": {"bridge": ENDPOINT, "dms-ipv6": DUAL}}}, True, True),
        ({"NetworkSettings": {"Networks": {"host": {"IPAddress": ""}}}, "Ports": []}, True, False),
    ],
)
def test_listed_in_other_states(changes: dict[str, t.Any], running: bool, ipv6: bool) -> None:
    found = docker_objects.listed({**SUMMARY, **changes})
    assert (found.running, found.has_ipv6) == (running, ipv6)


INSPECTED: dict[str, t.Any] = {
    "Id": ID,
    "Name": "/mail",
    "State": {"Status": "running", "Running": True, "Pid": 4711, "StartedAt": "2026-02-03T04:05:06.7Z"},
    "HostConfig": {"NetworkMode": "mail_default"},
    "Config": {"Labels": {"a": "b"}},
    "NetworkSettings": {
        "Ports": {
            "25/tcp": [{"HostIp": "0.0.0.0", "HostPort": "2525"}, {"HostIp": "::", "HostPort": "2525"}],
            "143/tcp": None,
            "53/udp": [{"HostIp": "", "HostPort": ""}],
        },
        "Networks": {
            "mail_default": {**ENDPOINT, "Aliases": [ID[:12], "mail", "mx"]},
            "dms-ipv6": {**DUAL, "Aliases": ["mail", ID[:12]]},
        },
    },
}


def test_inspected() -> None:
    found = docker_objects.inspected(INSPECTED)
    assert (found.id, found.name, found.running, found.network_mode) == (ID, "mail", True, "mail_default")
    assert (found.pid, found.started_at, found.labels) == (4711, "2026-02-03T04:05:06.7Z", {"a": "b"})
    assert found.ports == (Port(25, "tcp", "0.0.0.0", 2525), Port(25, "tcp", "::", 2525), Port(53, "udp", "", 0))
    assert [one.settings for one in found.endpoints] == ['{"Aliases":["mail","mx"]}', '{"Aliases":["mail"]}']
    assert found.endpoints[1].ipv6 == "fd5c:1ab0:7e57:1::2"
    assert found.endpoints[1].gateway6 == "fd5c:1ab0:7e57:1::1"


@pytest.mark.parametrize(
    ("bindings", "expected"),
    [
        ({"25/tcp": [{"HostIp": "", "HostPort": "2525"}]}, (Port(25, "tcp", "", 2525),)),
        ({"25/tcp": [{"HostIp": "::1", "HostPort": "25"}], "53/udp": None}, (Port(25, "tcp", "::1", 25),)),
        # The engine's own choice, of all ports or of a range.
        ({"25/tcp": [{"HostIp": "0.0.0.0", "HostPort": ""}]}, (Port(25, "tcp", "0.0.0.0", 0),)),
        ({"25/tcp": [{"HostPort": "8000-8010"}]}, (Port(25, "tcp", "", 0),)),
        ({}, ()),
        (None, ()),
    ],
)
def test_ports_asked_for(bindings: t.Any, expected: tuple[Port, ...]) -> None:
    assert docker_objects.inspected({**INSPECTED, "HostConfig": {"PortBindings": bindings}}).bindings == expected


def test_settings_of_an_endpoint() -> None:
    """What its user wanted, in the order given; not what the engine handed out."""
    asked = {"IPAMConfig": {"IPv4Address": "172.17.0.2"}, "Aliases": ["z", "a"], "GwPriority": 7}
    settings = {"Networks": {"web": {**DUAL, **asked}, "bridge": ENDPOINT}}
    found = docker_objects.inspected({**INSPECTED, "NetworkSettings": settings})
    web, bridge = found.endpoint("web"), found.endpoint("bridge")
    assert web and bridge
    assert definitions.load(web.settings) == asked
    assert bridge.settings == "{}"
    assert web.settings == docker_objects.listed({**SUMMARY, "NetworkSettings": settings}).endpoints[0].settings


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"MacAddress": "02:42:c0:a8:00:07"}, "02:42:c0:a8:00:07"),
        ({"MacAddress": ""}, ""),
        ({}, ""),
        (None, ""),
    ],
)
def test_mac_is_what_the_user_gave(config: t.Any, expected: str) -> None:
    """Not what the engine made up for each endpoint."""
    networks = {"Networks": {"bridge": {**ENDPOINT, "MacAddress": "02:42:ac:11:00:02"}}}
    assert docker_objects.inspected({**INSPECTED, "Config": config, "NetworkSettings": networks}).mac == expected


def test_mac_of_each_network() -> None:
    """Where that is known: it belongs to the place, and is given again with it."""
    settings = {"Networks": {name: {**ENDPOINT, "MacAddress": "02:42:ac:11:00:02"} for name in ("bridge", "web")}}
    said = {**INSPECTED, "Config": {"MacAddress": "02:42:c0:a8:00:07"}, "NetworkSettings": settings}
    found = docker_objects.inspected(said, {"web": "02:42:c0:a8:00:08"})
    assert found.mac == ""
    assert {one.network: (one.mac, definitions.load(one.settings)) for one in found.endpoints} == {
        "bridge": ("", {}),
        "web": ("02:42:c0:a8:00:08", {"MacAddress": "02:42:c0:a8:00:08"}),
    }
    assert docker_objects.inspected(said, {}).mac == ""


@pytest.mark.parametrize(
    ("config", "tunnel"),
    [
        ({}, False),
        ({"Devices": None, "DeviceCgroupRules": None}, False),
        ({"Devices": [{"PathOnHost": "/dev/net/tun", "PathInContainer": "/dev/net/tun"}]}, True),
        ({"Devices": [{"PathOnHost": "/dev/x", "PathInContainer": "/dev/net/tun"}]}, True),
        ({"Devices": [{"PathOnHost": "/dev/dri", "PathInContainer": "/dev/dri"}]}, False),
        ({"DeviceCgroupRules": ["c 10:200 rwm"]}, True),
        ({"DeviceCgroupRules": ["c 189:* rwm"]}, False),
    ],
)
def test_device_of_a_tunnel(config: t.Any, tunnel: bool) -> None:
    assert docker_objects.inspected({**INSPECTED, "HostConfig": config}).tunnel is tunnel


@pytest.mark.parametrize(
    ("sysctls", "expected"),
    [
        (None, ""),
        ({"net.ipv6.conf.all.disable_ipv6": "0"}, ""),
        ({"net.ipv6.conf.all.disable_ipv6": "1"}, "net.ipv6.conf.all.disable_ipv6=1"),
        ({"net.ipv6.conf.default.disable_ipv6": "1"}, "net.ipv6.conf.default.disable_ipv6=1"),
        ({"net.core.somaxconn": "1"}, ""),
    ],
)
def test_sysctl_that_switches_ipv6_off(sysctls: t.Any, expected: str) -> None:
    assert docker_objects.inspected({**INSPECTED, "HostConfig": {"Sysctls": sysctls}}).no_ipv6 == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"State": {"Running": False, "Pid": 0, "StartedAt": "0001-01-01T00:00:00Z"}},
        {"State": None},
        {"State": {"Running": False}, "NetworkSettings": {"Ports": None, "Networks": None}, "Config": {"Labels": None}},
        {"State": {}, "NetworkSettings": None, "Config": None, "HostConfig": None},
    ],
)
def test_inspected_when_stopped(changes: dict[str, t.Any]) -> None:
    found = docker_objects.inspected({**INSPECTED, **changes})
    assert (found.running, found.pid, found.name) == (False, 0, "mail")
