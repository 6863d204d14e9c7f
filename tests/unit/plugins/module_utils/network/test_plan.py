# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network wanted against what is found."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Plan, inverses
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.steps import StartContainers
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.network import plan as network_plan
from ansible_collections.dms.ipv6.plugins.module_utils.network import replacement
from ansible_collections.dms.ipv6.plugins.module_utils.network.plan import Around, WantedNetwork
from ansible_collections.dms.ipv6.plugins.module_utils.network.steps import (
    ConnectContainer,
    CreateNetwork,
    DisconnectContainer,
    KeepId,
    RemoveNetwork,
)
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions, docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state.docker_objects import Container
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import BRIDGE, ULA, container, endpoint, network

SUBNET = ipaddress.IPv6Network(ULA)
OTHER = "fd12:3456:789a:1::/64"
TRANSIT = "fd12:3456:789a:ffff::/64"
NAME = "dms-ipv6"
ALIASED = container("mail", endpoint("bridge"), endpoint("web_default", aliases=("mail", "mx")))
STOPPED = container("mail", running=False)
MOVED = container("mail", endpoint(), endpoint(NAME, True))
ASLEEP = MOVED._replace(running=False)


def wanted(*containers: str, subnet: str = ULA, **more: t.Any) -> WantedNetwork:
    return WantedNetwork(NAME, ipaddress.IPv6Network(subnet), containers=containers, **more)


def around(networks: t.Any = (BRIDGE,), **more: t.Any) -> Around:
    attached = {one.name: one for one in more.pop("attached", ())}
    members = tuple(name for name, one in attached.items() if one.endpoint(NAME))
    fields: dict[str, t.Any] = {"members": {NAME: members} if members else {}, "taken": (), **more}
    version = engine_version.parse(fields.pop("version", "26.1.5"))
    return Around(tuple(networks), version=version, look=attached.get, transit=TRANSIT, **fields)


def plan(want: WantedNetwork, networks: t.Any = (BRIDGE,), **more: t.Any) -> Plan:
    found = more.pop("containers", {})
    return network_plan.plan(want, found, around(networks, **more))


GOING = WantedNetwork(NAME, None, state="absent")
LEFT = WantedNetwork(NAME, None, state="released")
LEAVE = f"disconnect mail from network {NAME}"
CREATE = f"create network {NAME} with {ULA}"
REMOVE = f"remove network {NAME}"
RUNNING = f"connect mail to network {NAME} (while it runs; its established connections are cut)"
SLEEPING = f"connect mail to network {NAME} (which is stopped)"


def replaced(*subnets: str) -> list[str]:
    """The sentences about a network that no container is on."""
    return [
        "no container on it is running",
        REMOVE,
        f"create network {NAME} with {', '.join(subnets)}",
        f"check that all containers kept names, addresses and options on network {NAME}",
    ]


ON_IT = [
    "mail will run on; established connections are cut",
    f"create network 0--dms-ipv6 with {TRANSIT}",
    "connect mail to network 0--dms-ipv6 (while it runs; its established connections are cut)",
    LEAVE,
    REMOVE,
    CREATE,
    RUNNING,
    "disconnect mail from network 0--dms-ipv6",
    "remove network 0--dms-ipv6",
    f"check that mail kept names, addresses and options on network {NAME}",
]
STOPPED_ON_IT = ["no container on it is running", LEAVE, REMOVE, CREATE, SLEEPING, ON_IT[-1]]


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
        (wanted(derived=True), [network(subnets=["2001:db8::/64"])], {}, replaced(ULA)),
        (wanted(derived=True), [network(subnets=[OTHER, "fd13::/64"])], {}, replaced(ULA)),
        (wanted(), [network(subnets=[OTHER])], {}, replaced(ULA)),
        (wanted(), [network(subnets=["172.18.0.0/16"])], {}, replaced("172.18.0.0/16", ULA)),
        (wanted(), [network(ipv6=False)], {}, replaced("172.18.0.0/16", ULA)),
        (wanted("mail"), [network(subnets=[OTHER])], {"containers": {"mail": MOVED}, "attached": [MOVED]}, ON_IT),
        (wanted(), [network(subnets=[OTHER])], {"attached": [MOVED]}, ON_IT),
        (wanted(), [network(subnets=[OTHER])], {"attached": [ASLEEP]}, STOPPED_ON_IT),
        (
            wanted("mail"),
            [network(subnets=[OTHER])],
            {"containers": {"mail": ALIASED}},
            [*replaced(ULA), RUNNING],
        ),
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
    after = {one.name: one for one in networks}
    for one in found.steps:
        if isinstance(one, CreateNetwork):
            after[one.name] = made(one)
        elif isinstance(one, RemoveNetwork):
            del after[one.name]
    moved = {name: after_steps(container, found) for name, container in more.get("containers", {}).items()}
    attached = [after_steps(container, found) for container in more.get("attached", ())]
    again = plan(want, after.values(), containers=moved, attached=attached)
    assert again.sentences() == []
    assert again.before == found.after == again.after


def made(step: CreateNetwork) -> docker_objects.Network:
    """The network that an engine makes of a step."""
    return docker_objects.network({"Id": f"{step.name}-id", **definitions.load(step.definition)})


def after_steps(found: Container, done: Plan) -> Container:
    """A container once a plan was carried out."""
    endpoints = {one.network: one for one in found.endpoints}
    for step in done.steps:
        if isinstance(step, DisconnectContainer) and step.id == found.id:
            del endpoints[step.network]
        elif isinstance(step, ConnectContainer) and step.id == found.id:
            assert step.network not in endpoints
            endpoints[step.network] = endpoint(step.network, True)._replace(settings=step.settings)
    return found._replace(endpoints=tuple(endpoints.values()))


def saying(found: docker_objects.Network, **fields: t.Any) -> docker_objects.Network:
    """A network about which the engine says more."""
    return found._replace(definition=definitions.dump({**definitions.load(found.definition), **fields}))


INTERNAL = (
    "network dms-ipv6: internal is true, wanted false: no client outside can reach its containers. Choose another name."
)


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
        *((wanted(), [network(internal=True)], {"attached": some}, INTERNAL) for some in ([], [MOVED], [ASLEEP])),
        (
            wanted(),
            [network(internal=True, subnets=[OTHER])],
            {},
            f"network dms-ipv6: internal is true, wanted false; subnet is {OTHER}, wanted {ULA}: no client outside",
        ),
        *(
            (
                wanted(),
                [saying(network(subnets=["172.18.0.0/16"]), ConfigFrom={"Network": "config"})],
                {"attached": some},
                f"subnet is none, wanted {ULA}, and it takes its configuration from another network. Choose another",
            )
            for some in ([], [MOVED])
        ),
        (
            wanted(),
            [saying(network(subnets=[OTHER]), IPAM={"Driver": "infoblox", "Options": {}, "Config": []})],
            {},
            f"network dms-ipv6: subnet is {OTHER}, wanted {ULA}, and its addresses come from an IPAM plugin. Choose",
        ),
        (wanted(), [network(driver="macvlan")], {}, "the network exists with the driver macvlan. Choose another name"),
        (wanted(), [network(driver="overlay")], {}, "driver overlay"),
        # Such as `docker network create --config-only` makes.
        (wanted(), [saying(network(driver="null", subnets=[]), ConfigOnly=True)], {}, "exists with the driver null"),
        *(
            (WantedNetwork(name, SUBNET), [network(name, [OTHER])], {}, f"'{name}' is a network of the engine's own")
            for name in docker_objects.PREDEFINED
        ),
        (
            wanted(),
            [network(subnets=[OTHER])],
            {"attached": [container("mail", endpoint(), endpoint(NAME), mac="02:42:ac:11:00:07")]},
            "container mail: its MAC address 02:42:ac:11:00:07 would be lost when network dms-ipv6 is replaced",
        ),
        (WantedNetwork("bridge", SUBNET), [BRIDGE], {}, "'bridge' is a network of the engine's own"),
        (WantedNetwork("host", SUBNET), [], {}, "'host' is a network of the engine's own"),
        (WantedNetwork("bridge", None, state="absent"), [BRIDGE], {}, "'bridge' is a network of the engine's own"),
        (
            wanted(),
            [network(), network("web"), network()],
            {},
            f"network {NAME}: there are 2 of that name, and it is unknown which one is meant. Remove one of them",
        ),
        (
            WantedNetwork(NAME, None, state="absent"),
            [network(), network()],
            {},
            "there are 2 of that name",
        ),
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
    """The old network's own route, with the very subnet that is wanted, is not an overlap."""
    old = network(ipv6=False)
    steps = plan(wanted(), [old], taken=[("route on br-dms-ipv6", SUBNET)]).sentences()
    assert steps == replaced("172.18.0.0/16", ULA)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((), {"dms.ipv6.managed": "true"}),
        ((("a", "1"), ("b", "2")), {"dms.ipv6.managed": "true", "a": "1", "b": "2"}),
    ],
)
def test_labels_of_a_network_that_is_created(labels: t.Any, expected: dict[str, str]) -> None:
    """Beside our own; they make no difference to a network that exists."""
    want = wanted(labels=labels)
    (step,) = plan(want).steps
    assert isinstance(step, CreateNetwork)
    assert definitions.load(step.definition)["Labels"] == expected
    assert plan(want, [network()]).steps == ()
    assert network_plan.differences(want, network()) == []


def test_labels_of_a_network_that_is_replaced_are_its_own() -> None:
    old = network(subnets=[OTHER], labels={"x": "y"})
    created = [one for one in plan(wanted(labels=(("a", "1"),)), [old]).steps if isinstance(one, CreateNetwork)]
    assert [definitions.load(one.definition)["Labels"] for one in created] == [{"x": "y"}]


def test_aliases_of_all_networks_are_given_on() -> None:
    step = plan(wanted("mail"), containers={"mail": ALIASED}).steps[-1]
    assert step == ConnectContainer("mail", "mail-id", NAME, '{"Aliases":["mail","mx"]}', True)


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ([endpoint()], "{}"),
        ([endpoint("a", aliases=("z", "b", "a"))], '{"Aliases":["z","b","a"]}'),
        ([endpoint("a", aliases=("z", "b")), endpoint("c", aliases=("a", "b", "y"))], '{"Aliases":["z","b","a","y"]}'),
        ([endpoint()._replace(settings='{"IPAMConfig":{"IPv4Address":"172.17.0.9"},"Links":["a:b"]}')], "{}"),
    ],
)
def test_names(endpoints: list[docker_objects.Endpoint], expected: str) -> None:
    """In their order, each once; what else an endpoint has belongs to its own network."""
    assert network_plan.names(container("mail", *endpoints)) == expected


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
    assert [option for option, _want, _has in network_plan.differences(want, found)] == expected


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
    assert network_plan.describe(found, containers) == expected


# --- the way back


def test_networks_come_back_as_they_were() -> None:
    old = network(
        subnets=["172.18.0.0/16", OTHER],
        gateways=("172.18.0.1", "fd12:3456:789a:1::1"),
        options={"b": "2", "a": "1"},
        labels={"x": "y"},
    )
    expected = {
        "Name": NAME,
        "Driver": "bridge",
        "EnableIPv6": True,
        "Internal": False,
        "Attachable": False,
        "ConfigOnly": False,
        "Options": {"a": "1", "b": "2"},
        "Labels": {"x": "y"},
        "IPAM": {
            "Driver": "default",
            "Options": {},
            "Config": [
                {"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"},
                {"Subnet": OTHER, "Gateway": "fd12:3456:789a:1::1"},
            ],
        },
    }
    assert plan(GOING, [old]).back(1) == (CreateNetwork(NAME, old.definition),)
    assert plan(wanted(), [old]).back(2) == (CreateNetwork(NAME, old.definition),)
    assert definitions.load(old.definition) == expected


def test_way_back_at_every_step() -> None:
    found = plan(wanted("mail"), [network(subnets=[OTHER])], containers={"mail": ALIASED})
    _keep, remove, create, _check, connect = found.steps
    assert isinstance(connect, ConnectContainer)
    leave = DisconnectContainer("mail", "mail-id", NAME, '{"Aliases":["mail","mx"]}', True)
    old = remove.inverse()
    gone = create.inverse()
    assert old == CreateNetwork(NAME, network(subnets=[OTHER]).definition)
    assert isinstance(gone, RemoveNetwork) and gone.name == NAME
    assert found.back(0) == found.back(1) == ()
    assert found.back(2) == (old,)
    assert found.back(3) == found.back(4) == (gone, old)
    assert found.back(5) == (leave, gone, old)
    assert leave.inverse() == connect
    assert RemoveNetwork(NAME).inverse() is None


@pytest.mark.parametrize("running", [True, False])
def test_what_leaves_comes_back_with_its_names(running: bool) -> None:
    """Those that it had on this very network."""
    moved = container("mail", endpoint("web", aliases=("mx", "mail")), endpoint(NAME, True, ("smtp",)), running=running)
    found = plan(GOING, [network()], containers={"1": moved}, members={NAME: ("mail",)})
    back = ConnectContainer("mail", "mail-id", NAME, '{"Aliases":["smtp"]}', running)
    assert found.back(2) == (CreateNetwork(NAME, network().definition), back)


# --- a network that we replaced gives way to what was there before


BEFORE, AFTER = network(subnets=["172.18.0.0/16"], labels={"a": "b"}), network(labels={"a": "b"})
REPLACED = {"before": {NAME: BEFORE.definition}, "after": {NAME: AFTER.definition}}
GIVEN_BACK = [step if step != CREATE else f"create network {NAME} with 172.18.0.0/16" for step in ON_IT]


@pytest.mark.parametrize("want", [GOING, LEFT])
@pytest.mark.parametrize(
    ("more", "sentences"),
    [
        ({}, replaced("172.18.0.0/16")),
        ({"attached": [MOVED]}, GIVEN_BACK),
        # Ours leave, those that were there before us stay.
        ({"attached": [MOVED], "containers": {"1": MOVED}}, [LEAVE, *replaced("172.18.0.0/16")]),
        (
            {"attached": [MOVED, container("web", endpoint(), endpoint(NAME))], "containers": {"1": MOVED}},
            [LEAVE, *(step.replace("mail", "web") for step in GIVEN_BACK)],
        ),
    ],
)
def test_replaced_network_is_given_back(want: WantedNetwork, more: t.Any, sentences: list[str]) -> None:
    found = plan(want, [AFTER], **more, **REPLACED)
    assert found.sentences() == sentences
    assert found.warnings == ()
    created = [step for step in found.steps if isinstance(step, CreateNetwork) and step.name == NAME]
    assert created == [CreateNetwork(NAME, BEFORE.definition)]


@pytest.mark.parametrize("want", [GOING, LEFT])
@pytest.mark.parametrize("moved", [False, True])
def test_network_that_another_program_replaced_since_stays(want: WantedNetwork, moved: bool) -> None:
    """Only our containers leave it."""
    containers = {"1": MOVED} if moved else {}
    theirs = network(subnets=["172.18.0.0/16", OTHER], labels={"a": "b"})
    found = plan(want, [theirs], attached=[MOVED], containers=containers, **REPLACED)
    assert found.sentences() == ([LEAVE] if moved else [])
    assert found.warnings == ("network dms-ipv6 is left as it is, because it was changed since",)


def test_static_address_in_the_subnet_that_goes() -> None:
    """The address lies in our subnet, which the old network does not have."""
    settings = '{"IPAMConfig":{"IPv6Address":"fd5c:1ab0:7e57:1::7"}}'
    fixed = container("web", endpoint(), endpoint(NAME, True)._replace(settings=settings))
    with pytest.raises(Refused, match=r"container web: its static address fd5c:1ab0:7e57:1::7 is outside 172\.18"):
        plan(GOING, [AFTER], attached=[fixed], **REPLACED)


def test_only_members_of_a_replaced_network_are_looked_up() -> None:
    asked: list[str] = []

    def look(name: str) -> Container:
        asked.append(name)
        return MOVED._replace(name=name)

    beside = around([network()], members={NAME: ("mail", "web"), "bridge": ("db",)})._replace(look=look)
    network_plan.plan(wanted(), {}, beside)
    assert asked == []
    network_plan.plan(wanted(), {}, beside._replace(networks=(network(subnets=[OTHER]),)))
    assert asked == ["mail", "web"]


MAC = "02:42:ac:11:00:07"


def with_mac(name: str, mac: str = MAC) -> docker_objects.Endpoint:
    settings = definitions.of_endpoint({}, "", mac)
    return endpoint(name)._replace(mac=mac, settings=settings)


@pytest.mark.parametrize(
    ("places", "version", "refused"),
    [
        ((endpoint(), with_mac(NAME)), "28.5.2", True),
        ((endpoint(), with_mac(NAME)), "29.2.1", True),
        ((with_mac("bridge"), endpoint(NAME)), "28.5.2", False),
        ((endpoint(), with_mac(NAME)), "29.3.0", False),
        ((endpoint(), with_mac(NAME)), "24.0.9", False),
    ],
)
def test_mac_on_a_network_that_is_replaced(places: t.Any, version: str, refused: bool) -> None:
    """On whichever of its networks; on another one it does not count."""
    more = {"attached": [container("mail", *places)], "version": version}
    if refused:
        with pytest.raises(Refused, match=f"container mail: its MAC address {MAC} would be lost"):
            plan(wanted(), [network(subnets=[OTHER])], **more)
        return
    steps = plan(wanted(), [network(subnets=[OTHER])], **more).steps
    (again,) = (one for one in steps if isinstance(one, ConnectContainer) and one.network == NAME)
    assert definitions.load(again.settings).get("MacAddress", "") == (MAC if places[1].mac else "")


@pytest.mark.parametrize("status", ["removing", "dead"])
def test_one_that_is_being_removed_is_left_out(status: str) -> None:
    going = container("going", endpoint(NAME), status=status)
    done = plan(wanted(), [network(subnets=[OTHER])], attached=[going, MOVED])
    assert done.sentences() == ON_IT


def test_one_that_is_gone_is_left_out() -> None:
    """It was on the network when containers were listed, and is no business of this run."""
    members = {NAME: ("mail", "short-lived")}
    done = plan(wanted(), [network(subnets=[OTHER])], attached=[MOVED], members=members)
    assert done.sentences() == ON_IT


def test_one_that_is_paused_is_moved_like_any_other() -> None:
    paused = MOVED._replace(status="paused")
    assert plan(wanted(), [network(subnets=[OTHER])], attached=[paused]).sentences() == ON_IT


def test_containers_leave_in_the_order_in_which_they_are_given_their_addresses_again() -> None:
    """The way back is the other way round, and the engine gives the lowest address first."""
    ours = {
        name: container(name, endpoint(), endpoint(NAME, True)._replace(ipv4=address))
        for name, address in (("a", "172.18.0.10"), ("b", "172.18.0.2"), ("c", ""))
    }
    left = plan(LEFT, [network()], containers=ours).steps
    assert [one.name for one in left if isinstance(one, DisconnectContainer)] == ["a", "b", "c"]


@pytest.mark.parametrize(("version", "kept"), [("29.0.3", True), ("29.0.4", False)])
def test_static_ipv6_address_on_a_network_without_ipv6(version: str, kept: bool) -> None:
    """It has no effect there, and from 29.0.4 on none can be requested: not on the way back, and not by undo."""
    static = definitions.dump({"IPAMConfig": {"IPv6Address": "fd5c:1ab0:7e57:1::99"}})
    off = network(ipv6=False)
    before = container("mail", endpoint(), endpoint(NAME)._replace(settings=static))
    there = plan(wanted(), [off], attached=[before], version=version)
    (gone,) = (one for one in there.steps if isinstance(one, DisconnectContainer) and one.network == NAME)
    assert gone.settings == (static if kept else "{}")
    (again,) = (one for one in there.steps if isinstance(one, ConnectContainer) and one.network == NAME)
    assert again.settings == static
    on = made(next(one for one in there.steps if isinstance(one, CreateNetwork) and one.name == NAME))
    after = container("mail", endpoint(), endpoint(NAME, True)._replace(settings=static))
    history = {"before": {NAME: off.definition}, "after": {NAME: on.definition}}
    back = plan(GOING, [on], attached=[after], version=version, **history)
    (again,) = (one for one in back.steps if isinstance(one, ConnectContainer) and one.network == NAME)
    assert again.settings == (static if kept else "{}")


def test_replacement_waits_for_one_that_restarts() -> None:
    """Found before the first step: Docker takes it off no network at this moment."""
    with pytest.raises(Refused, match="container mail: it restarts by itself"):
        plan(GOING, [AFTER], attached=[MOVED._replace(status="restarting")], **REPLACED)


def test_way_back_of_a_replacement_keeps_the_order_of_addresses() -> None:
    """Docker hands addresses out one after another, to who connects, or starts, first."""
    places = {name: f"172.18.0.{number}" for number, name in enumerate(("c", "a", "b"), 2)}
    everyone = [
        container(name, docker_objects.Endpoint("old", address, "", "", "")) for name, address in sorted(places.items())
    ]
    found = network("old", ["172.18.0.0/16"])
    steps = replacement.steps(
        found, definitions.with_ipv6(found.definition, ULA), everyone, OTHER, engine_version.parse("28.5.2")
    )
    for way in (steps, inverses(steps)):
        connected = [one.name for one in way if isinstance(one, ConnectContainer) and one.network == "old"]
        assert connected == ["c", "a", "b"]
    start = inverses(steps)[-1]
    assert isinstance(start, StartContainers)
    assert [one.name for one in reversed(start.containers)] == ["c", "a", "b"]


@pytest.mark.parametrize("count", [5, 200, 500])
def test_replacement_closes_ports_no_longer_for_being_one_of_many(count: int) -> None:
    """Four steps for each container, and at each moment it is on a network that carries its ports."""
    several = [container(f"c{number}", endpoint(NAME, True), id=f"c{number}") for number in range(count)]
    steps = plan(wanted(), [network(subnets=[OTHER])], attached=several).steps
    moves = [step for step in steps if isinstance(step, (ConnectContainer, DisconnectContainer))]
    assert len(moves) == 4 * count
    assert len(steps) - len(moves) == 6
    on = {one.id: {NAME} for one in several}
    moved = dict.fromkeys(on, 0)
    for step in moves:
        # Its ports move with it where the network that sorts first is another one afterwards.
        carried = min(on[step.id])
        on[step.id] ^= {step.network}
        assert on[step.id], f"{step} leaves it on no network"
        moved[step.id] += min(on[step.id]) != carried
    assert set(moved.values()) == {2}


NETWORK_ID = "3a10c9c23a488e3fdd05884612fa56ed8cf5536a95c1403469fd709e69e47471"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (NETWORK_ID, NETWORK_ID),
        (NETWORK_ID[:12], NETWORK_ID[:12]),
        (NAME, ""),
        ("bridge", ""),
        (NETWORK_ID[:3], ""),  # a name that looks like the beginning of it
    ],
)
def test_containers_that_were_made_with_a_networks_id(mode: str, expected: str) -> None:
    """From Engine 25 on such a container is neither connected nor started once nothing has that id or name."""
    mail = MOVED._replace(network_mode=mode)
    found = plan(wanted(), [network(subnets=[OTHER], id=NETWORK_ID)], attached=[mail])
    keeps = [step for step in found.steps if isinstance(step, KeepId)]
    assert [(one.id, one.containers, one.inverse()) for one in keeps] == (
        [(expected, ("mail",), None)] if expected else []
    )
    if keeps:
        # It is there when the first container needs it, in both directions.
        at = found.sentences().index(f"keep the id of network {NAME} known, which mail cannot be started without")
        assert found.sentences()[at + 1] == REMOVE
        body = definitions.load(keeps[0].definition)
        assert body == {"Name": expected, "ConfigOnly": True, "Labels": {"dms.ipv6.managed": "true"}}
