# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which modules a mode consists of."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.modes import calls as modes_calls
from ansible_collections.dms.ipv6.plugins.module_utils.modules import (
    compose_network,
    compose_ports,
    docker_daemon_config,
    docker_ipv6,
    docker_ipv6_network,
    ndp_proxy,
    routed_firewall,
)
from ansible_collections.dms.ipv6.plugins.module_utils.modules import gai_conf as module_gai_conf

OPTIONS = {
    "subnet": "auto",
    "prefix_length": 64,
    "fleet_prefix": "",
    "gai_conf_name": "example.org",
    "allow_container_restart": False,
    "allow_engine_upgrade": True,
    "allow_forward_drop": False,
}
CONSENTS = {"allow_container_restart": False, "allow_engine_upgrade": True, "allow_forward_drop": False}
SUBNET = {"subnet": "auto", "prefix_length": 64, "fleet_prefix": ""}
DAEMON = ("docker_daemon_config", {"config": {"ip6tables": True}, **CONSENTS})
NDP = {"state": "absent", "prefix": "2001:db8::/64"}
NAT: dict[str, t.Any] = {
    "config": {"ip6tables": True},
    "compose": [],
    "network": "dms-ipv6",
    "containers": ["mail"],
    "firewall": {},
    "ndp": [],
    "gai_conf": {},
}
ROUTED: dict[str, t.Any] = {
    "config": {"ip6tables": True},
    "subnets": ["2001:db8:0:1::/64"],
    "network": "gua",
    "containers": ["mail"],
    "addresses": {"mail": "2001:db8:0:1::2"},
    "firewall": {"state": "present", "subnet": "2001:db8:0:1::/64"},
    "ndp": [],
}
ABSENT: dict[str, t.Any] = {"files": [], "gai_conf": {"paths": []}, "ndp": [], "networks": [], "firewall": {}}
RESTORED = ("docker_daemon_config", {"state": "restored", **CONSENTS})
NETWORK = ("docker_ipv6_network", {"name": "dms-ipv6", "containers": ["mail"], **SUBNET})
OWN = {"name": "gua", "mode": "routed", "subnet": "2001:db8:0:1::/64", "containers": ["mail"]}


def made(mode: str, plan: dict[str, t.Any], **options: t.Any) -> list[tuple[str, t.Any]]:
    return [(one.module, one.options) for one in modes_calls.calls({**OPTIONS, "mode": mode, **options}, plan)]


def test_nat() -> None:
    assert made("nat", NAT) == [DAEMON, NETWORK]


@pytest.mark.parametrize("network", ["", "bridge"])
def test_nat_without_a_network_of_ours(network: str) -> None:
    assert made("nat", {**NAT, "network": network}) == [DAEMON]


def test_networks_that_are_replaced_alone() -> None:
    """Each with the subnet that it is to have, and with the other options of all."""
    networks = [{"name": "shared", "containers": ["edge"], "subnet": "fd12:3456:789a:1::/64"}]
    found = made("nat", {**NAT, "network": "", "networks": networks})
    assert found == [DAEMON, ("docker_ipv6_network", {**SUBNET, **networks[0]})]


def test_nat_with_everything() -> None:
    project = {"path": "/srv/compose.yaml", "shape": "named"}
    gai_conf = {"prefixes": ["fd00::/64"], "precedence": True}
    plan = {**NAT, "compose": [project], "firewall": {"state": "absent"}, "ndp": [NDP], "gai_conf": gai_conf}
    assert made("nat", plan) == [
        DAEMON,
        ("compose_network", {**project, **SUBNET}),
        NETWORK,
        ("routed_firewall", {"state": "absent"}),
        ("ndp_proxy", NDP),
        ("gai_conf", {**gai_conf, "name": "example.org"}),
    ]


def test_routed_is_closed_before_anything_is_there() -> None:
    assert made("routed", {**ROUTED, "ndp": [NDP]}) == [
        DAEMON,
        ("routed_firewall", ROUTED["firewall"]),
        ("docker_ipv6_network", {**OWN, "addresses": {"mail": "2001:db8:0:1::2"}}),
        ("ndp_proxy", NDP),
    ]


@pytest.mark.parametrize("consent", [True, False])
def test_prevent(consent: bool) -> None:
    assert made("prevent", {"config": {"ip6tables": True}, "compose": []}) == [DAEMON]
    project = {"path": "/srv/compose.yaml", "services": ["mail"]}
    narrow = made("prevent", {"config": {}, "compose": [project]}, allow_container_restart=consent)
    assert narrow == [("compose_ports", {**project, "recreate": consent})]


def test_absent_is_the_other_way_round() -> None:
    assert made("absent", ABSENT) == [RESTORED]
    plan = {
        "files": ["/srv/compose.yaml"],
        "gai_conf": {"paths": ["/etc/gai.conf"]},
        "ndp": [{"state": "absent"}],
        "networks": [{"name": "dms-ipv6", "state": "absent"}],
        "firewall": {"state": "absent"},
    }
    assert made("absent", plan) == [
        ("ndp_proxy", {"state": "absent"}),
        ("compose_network", {"path": "/srv/compose.yaml", "state": "absent"}),
        ("gai_conf", {"path": "/etc/gai.conf", "state": "absent"}),
        ("docker_ipv6_network", {"name": "dms-ipv6", "state": "absent"}),
        ("routed_firewall", {"state": "absent"}),
        RESTORED,
    ]


def test_each_module_has_its_code_and_takes_what_it_gets() -> None:
    code = {
        "compose_network": compose_network,
        "compose_ports": compose_ports,
        "docker_daemon_config": docker_daemon_config,
        "docker_ipv6_network": docker_ipv6_network,
        "gai_conf": module_gai_conf,
        "ndp_proxy": ndp_proxy,
        "routed_firewall": routed_firewall,
    }
    for name, module in code.items():
        assert docker_ipv6.code_of(name) is module
        assert {"transaction", "docker_socket"} <= set(module.SPEC)
    for calls in (made("nat", NAT), made("routed", ROUTED), made("absent", ABSENT)):
        for name, options in calls:
            assert set(options) <= set(code[name].SPEC)
