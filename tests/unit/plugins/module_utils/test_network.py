# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network wanted against what is found."""

from __future__ import annotations

import ipaddress
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _engine, _network
from ansible_collections.dms.ipv6.plugins.module_utils._found import Container
from ansible_collections.dms.ipv6.plugins.module_utils._network import (
    ConnectContainer,
    CreateNetwork,
    DisconnectContainer,
    RemoveNetwork,
    WantedNetwork,
)
from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import BRIDGE, ULA, container, endpoint, network

SUBNET = ipaddress.IPv6Network(ULA)
OTHER = "fd12:3456:789a:1::/64"
NAME = "dms-ipv6"
ALIASED = container("mail", endpoint("bridge"), endpoint("web_default", aliases=("mail", "mx")))
STOPPED = container("mail", running=False)
MOVED = container("mail", endpoint(), endpoint(NAME, True))


def wanted(*containers: str, subnet: str = ULA, **more: t.Any) -> WantedNetwork:
    return WantedNetwork(NAME, ipaddress.IPv6Network(subnet), containers=containers, **more)


def plan(want: WantedNetwork, networks: t.Any = (BRIDGE,), **more: t.Any) -> Plan:
    found = more.pop("containers", {})
    version = _engine.parse(more.pop("version", "26.1.5"))
    return _network.plan(want, networks, more.pop("members", {}), found, more.pop("taken", ()), version)


GOING = WantedNetwork(NAME, None, state="absent")
LEFT = WantedNetwork(NAME, None, state="released")
LEAVE = f"disconnect mail from network {NAME}"
CREATE = f"create network {NAME} with {ULA}"
REMOVE = f"remove network {NAME}"
RUNNING = f"connect mail to network {NAME} (while it runs; its established connections are cut)"
SLEEPING = f"connect mail to network {NAME} (which is stopped)"


@pytest.mark.parametrize(
    ("want", "networks", "more", "sentences"),
    [
        (wanted(), [BRIDGE], {}, [CREATE]),
        (wanted("mail"), [BRIDGE], {"containers": {"mail": ALIASED}}, [CREATE, RUNNING]),
        (wanted("mail"), [BRIDGE], {"containers": {"mail": STOPPED}}, [CREATE, SLEEPING]),
        (wanted("mail"), [BRIDGE, network()], {"containers": {"mail": ALIASED}}, [RUNNING]),
        (wanted("mail"), [network()], {"containers": {"mail": MOVED}}, []),
        (wanted(), [network()], {}, []),
        (wanted(), [network(subnets=[ULA])], {}, []),
        (wanted(subnet="fd5c:1ab0:7e57:0001::/64"), [network()], {}, []),
        (wanted(derived=True), [network(subnets=[OTHER])], {}, []),
        (wanted(derived=True), [network(subnets=["2001:db8::/64"])], {}, [REMOVE, CREATE]),
        (wanted(derived=True), [network(subnets=[OTHER, "fd13::/64"])], {}, [REMOVE, CREATE]),
        (wanted(), [network(subnets=[OTHER])], {}, [REMOVE, CREATE]),
        (wanted(), [network(subnets=["172.18.0.0/16"])], {}, [REMOVE, CREATE]),
        (wanted(), [network(ipv6=False)], {}, [REMOVE, CREATE]),
        (wanted(), [network(internal=True)], {}, [REMOVE, CREATE]),
        (wanted("mail"), [network(subnets=[OTHER])], {"containers": {"mail": MOVED}}, [REMOVE, CREATE, RUNNING]),
        (GOING, [network()], {}, [REMOVE]),
        (GOING, [BRIDGE], {}, []),
        (GOING, [], {}, []),
        (GOING, [network()], {"containers": {"1": MOVED}, "members": {NAME: ("mail",)}}, [LEAVE, REMOVE]),
        (GOING, [network()], {"containers": {"1": ALIASED}}, [REMOVE]),
        (GOING, [], {"containers": {"1": MOVED}}, []),
        (LEFT, [network()], {}, []),
        (LEFT, [], {"containers": {"1": MOVED}}, []),
        (LEFT, [network()], {"containers": {"1": MOVED}, "members": {NAME: ("mail", "web")}}, [LEAVE]),
        (LEFT, [network()], {"containers": {"1": ALIASED}}, []),
        (LEFT, [BRIDGE], {}, []),
    ],
)
def test_plan(want: WantedNetwork, networks: t.Any, more: dict[str, t.Any], sentences: list[str]) -> None:
    found = plan(want, networks, **more)
    assert found.sentences() == sentences
    assert found.changed is bool(sentences)
    assert_nothing_left(want, found, networks, more)


def assert_nothing_left(want: WantedNetwork, found: Plan, networks: t.Any, more: dict[str, t.Any]) -> None:
    """Planning again on the result of a plan gives nothing, and the diff says the same."""
    gone = [one.name for one in found.steps if isinstance(one, RemoveNetwork)]
    after = [one for one in networks if one.name not in gone]
    for one in found.steps:
        if isinstance(one, CreateNetwork):
            after.append(network(NAME, [subnet for subnet, _gateway in one.subnets]))
    moved = {name: after_steps(container, found) for name, container in more.get("containers", {}).items()}
    again = plan(want, after, containers=moved)
    assert again.sentences() == []
    assert again.before == found.after == again.after


def after_steps(found: Container, done: Plan) -> Container:
    """A container once a plan was carried out."""
    endpoints = list(found.endpoints)
    for step in done.steps:
        if isinstance(step, DisconnectContainer):
            endpoints = [one for one in endpoints if one.network != step.network]
        elif isinstance(step, ConnectContainer):
            endpoints = [*(one for one in endpoints if one.network != step.network), endpoint(step.network, True)]
    return replace(found, endpoints=tuple(endpoints))


@pytest.mark.parametrize(
    ("want", "networks", "more", "words"),
    [
        (
            GOING,
            [network()],
            {"members": {NAME: ("web", "mail")}},
            "network dms-ipv6: mail, web still on it. Disconnect them first.",
        ),
        (
            GOING,
            [network()],
            {"members": {NAME: ("mail", "web")}, "containers": {"1": MOVED}},
            "network dms-ipv6: web still on it. Disconnect them first.",
        ),
        *(
            (
                away,
                [network()],
                {"members": {NAME: ("mail",)}, "containers": {"1": container("mail", endpoint(NAME, True))}},
                "network dms-ipv6: mail has no other network. Connect it to one first.",
            )
            for away in (GOING, LEFT)
        ),
        (
            wanted(),
            [network(subnets=[OTHER])],
            {"members": {NAME: ("mail",)}},
            f"subnet is {OTHER}, wanted {ULA}; Docker cannot change that in place, and mail would have to leave it",
        ),
        (
            wanted(),
            [network(ipv6=False)],
            {"members": {NAME: ("a", "b")}},
            "enable_ipv6 is false, wanted true; Docker cannot",
        ),
        (wanted(), [network(internal=True)], {"members": {NAME: ("a",)}}, "internal is true, wanted false"),
        (wanted(), [network(subnets=["172.18.0.0/16"])], {"members": {NAME: ("a",)}}, f"subnet is none, wanted {ULA}"),
        (wanted(), [network(driver="macvlan")], {}, "the network exists with the driver macvlan. Choose another name"),
        (wanted(), [network(driver="overlay")], {}, "driver overlay"),
        (WantedNetwork("bridge", SUBNET), [BRIDGE], {}, "'bridge' is a network of the engine's own"),
        (WantedNetwork("host", SUBNET), [], {}, "'host' is a network of the engine's own"),
        (WantedNetwork("bridge", None, state="absent"), [BRIDGE], {}, "'bridge' is a network of the engine's own"),
        (wanted(), [network("web", [ULA])], {}, f"{ULA} overlaps {ULA} (Docker network web)"),
        (wanted(), [network("web", ["fd5c:1ab0:7e57::/48"])], {}, "(Docker network web)"),
        (wanted(), [], {"taken": [("route on eth0", ipaddress.ip_network("fd5c:1ab0:7e57::/56"))]}, "(route on eth0)"),
        (
            wanted(),
            [],
            {"taken": [("address on eth0", ipaddress.ip_network("fd5c:1ab0:7e57:1::5"))]},
            "(address on eth0)",
        ),
        (
            wanted(subnet="fd5c:1ab0:7e57::/56"),
            [],
            {"version": "27.5.1"},
            "larger than a /64, which Docker Engine 27.5.1 does not handle",
        ),
        (
            wanted("mail"),
            [],
            {"containers": {"mail": container(network_mode="host")}},
            "container mail: it runs with network_mode host",
        ),
        (wanted("mail"), [], {"containers": {"mail": container(network_mode="none")}}, "network_mode none"),
        (
            wanted("mail"),
            [],
            {"containers": {"mail": container(network_mode="container:abc")}},
            "network_mode container:abc",
        ),
    ],
)
def test_plan_is_refused(want: WantedNetwork, networks: t.Any, more: dict[str, t.Any], words: str) -> None:
    with pytest.raises(Refused) as reason:
        plan(want, networks, **more)
    assert words in str(reason.value)


@pytest.mark.parametrize(
    ("want", "networks", "more"),
    [
        (wanted(subnet="fd5c:1ab0:7e57::/56"), [], {"version": "28.0.0"}),
        (wanted(subnet="fd5c:1ab0:7e57:1::/80"), [], {"version": "20.10.24"}),
        (wanted(), [network("web", [OTHER, "10.0.0.0/8"])], {}),
        (wanted(), [], {"taken": [("route on eth0", ipaddress.ip_network("10.0.0.0/8"))]}),
        (wanted(), [network("web", [OTHER])], {"taken": [("route on br-web", ipaddress.ip_network(OTHER))]}),
    ],
)
def test_plan_is_not_refused(want: WantedNetwork, networks: t.Any, more: dict[str, t.Any]) -> None:
    assert plan(want, networks, **more).sentences()[0].startswith("create network")


def test_a_network_that_is_replaced_does_not_stand_in_its_own_way() -> None:
    """The old network's own route, with the very subnet that is wanted, is no overlap."""
    old = network(internal=True)
    assert plan(wanted(), [old], taken=[("route on br-dms-ipv6", SUBNET)]).sentences() == [REMOVE, CREATE]


def test_aliases_of_all_networks_are_given_on() -> None:
    step = plan(wanted("mail"), containers={"mail": ALIASED}).steps[-1]
    assert step == ConnectContainer("mail", "mail-id", NAME, ("mail", "mx"), True)


def test_a_container_can_be_named_by_its_id() -> None:
    step = plan(wanted("mail-id"), containers={"mail-id": ALIASED}).steps[-1]
    assert isinstance(step, ConnectContainer)
    assert (step.name, step.id) == ("mail", "mail-id")


@pytest.mark.parametrize(
    ("want", "found", "expected"),
    [
        (wanted(), network(), []),
        (wanted(), network(subnets=["172.18.0.0/16"]), ["enable_ipv6", "subnet"]),
        (wanted(), network(subnets=[OTHER]), ["subnet"]),
        (wanted(derived=True), network(subnets=[OTHER]), []),
        (wanted(derived=True), network(subnets=["fc00:1::/64"]), ["subnet"]),
        (
            wanted(),
            network(driver="macvlan", internal=True, ipv6=False, subnets=[]),
            ["driver", "internal", "enable_ipv6", "subnet"],
        ),
    ],
)
def test_differences(want: WantedNetwork, found: t.Any, expected: list[str]) -> None:
    assert [option for option, _want, _has in _network.differences(want, found)] == expected


@pytest.mark.parametrize(
    ("found", "containers", "expected"),
    [
        (None, [], ""),
        (network(), [], f"network: dms-ipv6\nipv6_subnet: {ULA}\n"),
        (network(ipv6=False), [], "network: dms-ipv6\nipv6_subnet: none\n"),
        (network(), [MOVED, ALIASED], f"network: dms-ipv6\nipv6_subnet: {ULA}\ncontainer: mail\n"),
    ],
)
def test_describe(found: t.Any, containers: t.Any, expected: str) -> None:
    assert _network.describe(found, containers) == expected


# --- the way back


def test_networks_come_back_as_they_were() -> None:
    old = network(
        subnets=["172.18.0.0/16", OTHER],
        gateways=("172.18.0.1", "fd12:3456:789a:1::1"),
        internal=True,
        options={"b": "2", "a": "1"},
        labels={"x": "y"},
    )
    expected = CreateNetwork(
        NAME,
        True,
        (("172.18.0.0/16", "172.18.0.1"), (OTHER, "fd12:3456:789a:1::1")),
        True,
        (("a", "1"), ("b", "2")),
        (("x", "y"),),
    )
    assert _network.definition(old) == expected
    for want in (GOING, wanted()):
        assert plan(want, [old]).back(1) == (expected,)


@pytest.mark.parametrize(
    ("subnets", "gateways", "expected"),
    [
        (["172.18.0.0/16", ULA], (), (("172.18.0.0/16", ""), (ULA, ""))),
        ([ULA], ("fd5c:1ab0:7e57:1::1",), ((ULA, "fd5c:1ab0:7e57:1::1"),)),
        ([ULA], ("172.18.0.1",), ((ULA, ""),)),
        ([], (), ()),
    ],
)
def test_gateways_belong_to_their_subnets(subnets: list[str], gateways: tuple[str, ...], expected: t.Any) -> None:
    assert _network.definition(network(subnets=subnets, gateways=gateways)).subnets == expected


def test_way_back_at_every_step() -> None:
    found = plan(wanted("mail"), [network(subnets=[OTHER])], containers={"mail": ALIASED})
    remove, create, connect = found.steps
    assert isinstance(connect, ConnectContainer)
    leave = DisconnectContainer("mail", "mail-id", NAME, ("mail", "mx"), True)
    old = remove.inverse()
    assert old == _network.definition(network(subnets=[OTHER]))
    assert found.back(0) == ()
    assert found.back(1) == (old,)
    assert found.back(2) == (RemoveNetwork(NAME), old)
    assert found.back(3) == (leave, RemoveNetwork(NAME), old)
    assert leave.inverse() == connect
    assert create.inverse() == RemoveNetwork(NAME)
    assert RemoveNetwork(NAME).inverse() is None


@pytest.mark.parametrize("running", [True, False])
def test_what_leaves_comes_back_with_its_names(running: bool) -> None:
    moved = container("mail", endpoint("web", aliases=("mx", "mail")), endpoint(NAME, True, ("smtp",)), running=running)
    found = plan(GOING, [network()], containers={"1": moved}, members={NAME: ("mail",)})
    back = ConnectContainer("mail", "mail-id", NAME, ("mail", "mx", "smtp"), running)
    assert found.back(2) == (_network.definition(network()), back)
