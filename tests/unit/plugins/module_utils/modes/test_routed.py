# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mode routed: what it asks for, what it opens, and what it refuses."""

from __future__ import annotations

import ipaddress
import json
import typing as t
from dataclasses import replace

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import json_text
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.modes import absent, nat, routed
from ansible_collections.dms.ipv6.plugins.module_utils.network import on_host as network_on_host
from ansible_collections.dms.ipv6.plugins.module_utils.network import plan as network_plan
from ansible_collections.dms.ipv6.plugins.module_utils.network import steps as network_steps
from ansible_collections.dms.ipv6.plugins.module_utils.network import undo as network_undo
from ansible_collections.dms.ipv6.plugins.module_utils.routed import firewall as routed_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.routed.nft_table import Open
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions, docker_objects, routed_mode
from ansible_collections.dms.ipv6.plugins.module_utils.state import firewall as state_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.plugins.module_utils.state.host import Uplink
from ansible_collections.dms.ipv6.plugins.module_utils.state.routed_mode import BRIDGE_NAME, GATEWAY_MODE
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import PATH, Daemon
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    ULA,
    ask,
    carried_out,
    container,
    endpoint,
    host,
    members,
    network,
    of_compose,
)

SUBNET, ON_LINK = "2001:2:0:b1::/64", "2001:2:0:11::/64"
DERIVED, NAME = "2001:2:0:b1::c375:aa8f", "dms6-28d9684723"
NEW, OLD = Daemon(version="28.5.2"), Daemon(b'{"experimental": true, "ip6tables": true}', version="26.1.5")
OLD = replace(OLD, settings={"experimental": True, "ip6tables": True})
ANY = docker_objects.Port(80, "tcp", "", 8080)
MAIL = container(bindings=(ANY,))
WANTED = nat.Wanted(subnet=SUBNET, containers=("mail",))
UPLINK = Uplink("eth0", ((ipaddress.IPv6Network(ON_LINK), True),), (ipaddress.IPv6Address("2001:2:0:11::1"),))
TAKEN = (
    ("route on eth0", ipaddress.IPv6Network(ON_LINK)),
    ("router on eth0", ipaddress.IPv6Network("2001:2:0:11::1")),
    ("address on eth0", ipaddress.IPv6Network("2001:2:0:11::11")),
)
CREATE = f"create network dms-ipv6 with {SUBNET}"
CONNECT = "connect mail to network dms-ipv6 (while it runs; its established connections are cut)"
DNS = routed.DNS.format("mail", DERIVED)


def place(name: str = "dms-ipv6", address: str = DERIVED) -> docker_objects.Endpoint:
    settings = definitions.with_address("{}", address)
    return endpoint(name, True)._replace(ipv6=address, settings=settings)


def routed_network(subnet: str = SUBNET, version: str = "28.5.2", **more: t.Any) -> docker_objects.Network:
    options = dict(routed_mode.options("dms-ipv6", engine_version.parse(version)))
    return network(subnets=["172.18.0.0/16", subnet], options=options, bridge=NAME, **more)


def there(daemon: Daemon = NEW, *known: docker_objects.Container, **more: t.Any) -> state_host.Found:
    fields: dict[str, t.Any] = {"uplinks": (UPLINK,), "taken": TAKEN, "containers": known or (MAIL,), **more}
    return host(daemon, **{"members": members(fields["containers"]), **fields})


def plan(found: state_host.Found, wanted: nat.Wanted = WANTED, **more: t.Any) -> routed.RoutedPlan:
    file = more or json_text.read(json_text.decode(found.raw or b"", PATH), PATH)
    return routed.plan(wanted, found, ask(*found.all_containers), file)


def refusal(found: state_host.Found, wanted: nat.Wanted = WANTED, **more: t.Any) -> str:
    with pytest.raises(Refused) as reason:
        plan(found, wanted, **more)
    return str(reason.value)


def after(found: state_host.Found, made: routed.RoutedPlan) -> state_host.Found:
    """The host once a plan was carried out."""
    found = carried_out(found, made.host.network_plan.steps)
    moved = tuple(
        one._replace(endpoints=tuple(place(at.network, made.addresses[one.name]) for at in one.endpoints[-1:]))
        if one.name in made.addresses
        else one
        for one in found.containers
    )
    text = made.table.text.encode()
    table = state_host.TableFiles(text, routed_firewall.UNIT_TEXT.encode(), True, made.table.text)
    return found._replace(containers=moved, table=table)


# --- what is done


@pytest.mark.parametrize(
    ("daemon", "options", "sources"),
    [
        (NEW, {BRIDGE_NAME: NAME, GATEWAY_MODE: "routed"}, ()),
        (OLD, {BRIDGE_NAME: NAME}, (DERIVED,)),
        (replace(OLD, version="20.10.24"), {BRIDGE_NAME: NAME}, (DERIVED,)),
    ],
)
def test_plan(daemon: Daemon, options: dict[str, str], sources: tuple[str, ...]) -> None:
    found = there(daemon)
    made = plan(found)
    assert made.sentences() == [*made.table_plan.sentences(), CREATE, CONNECT]
    assert made.table.bridge == NAME and made.table.subnet == SUBNET
    assert made.table.ports == (Open(DERIVED, "tcp", 80),)
    assert made.table.sources == sources
    assert made.addresses == {"mail": DERIVED}
    assert (made.ndp, made.warnings) == ({}, (DNS,))
    create, connect = made.host.network_plan.steps
    assert isinstance(create, network_steps.CreateNetwork)
    assert definitions.load(create.definition)["Options"] == options
    assert isinstance(connect, network_steps.ConnectContainer)
    assert definitions.address6(connect.settings) == DERIVED
    assert not plan(after(found, made)).sentences()


def test_daemon_is_brought_along() -> None:
    made = plan(there(Daemon(version="26.1.5")))
    assert made.host.config == {"experimental": True, "ip6tables": True}
    assert any("restart" in one for one in made.sentences())


def test_flushed_table_is_loaded_again() -> None:
    found = there()
    found = after(found, plan(found))
    found = found._replace(table=found.table._replace(listing=""))
    (sentence,) = plan(found).sentences()
    assert sentence.startswith(f"load the firewall of {SUBNET}")


def test_ports_follow_the_containers() -> None:
    found = there()
    found = after(found, plan(found))
    more = found.containers[0]._replace(bindings=(ANY, docker_objects.Port(25, "tcp", "", 25)))
    made = plan(found._replace(containers=(more,)))
    assert made.table.ports == (Open(DERIVED, "tcp", 25), Open(DERIVED, "tcp", 80))
    assert [type(one).__name__ for one in made.table_plan.steps] == ["WriteFile", "LoadTable"]
    assert not made.host.network_plan.changed


@pytest.mark.parametrize(
    ("asked", "ports", "expected"),
    [
        ((ANY,), (), {("tcp", 80)}),
        (
            (),
            (docker_objects.Port(80, "tcp", "0.0.0.0", 49153), docker_objects.Port(80, "tcp", "::", 49153)),
            {("tcp", 80)},
        ),
        ((), (docker_objects.Port(80, "tcp", "::", 0),), {("tcp", 80)}),
        ((ANY._replace(host_ip="0.0.0.0"),), (), set()),
        ((ANY._replace(host_ip="127.0.0.1"),), (), set()),
        ((ANY._replace(host_ip="::1"),), (), set()),
        ((ANY._replace(host_ip="2001:2:0:11::11"),), (), {("tcp", 80)}),
        ((ANY, ANY._replace(host_port=8081), ANY._replace(protocol="udp")), (), {("tcp", 80), ("udp", 80)}),
        ((), (), set()),
    ],
)
def test_ports(asked: t.Any, ports: t.Any, expected: set[tuple[str, int]]) -> None:
    found = routed.ports(container(bindings=asked, ports=ports), DERIVED)
    assert {(one.protocol, one.port) for one in found} == expected


@pytest.mark.parametrize(
    ("given", "on_it", "expected", "steps"),
    [
        ({}, None, DERIVED, [CONNECT]),
        ({"mail": "2001:2:0:b1::25"}, None, "2001:2:0:b1::25", [CONNECT]),
        # it is there already: with an address of the engine's choice, of its user's, with the one wanted
        ({}, "", DERIVED, ["disconnect mail from network dms-ipv6", CONNECT]),
        ({}, "2001:2:0:b1::7", "2001:2:0:b1::7", []),
        (
            {"mail": "2001:2:0:b1::25"},
            "2001:2:0:b1::7",
            "2001:2:0:b1::25",
            ["disconnect mail from network dms-ipv6", CONNECT],
        ),
        ({"mail": "2001:2:0:b1:0:0:0:7"}, "2001:2:0:b1::7", "2001:2:0:b1::7", []),
    ],
)
def test_addresses(given: dict[str, str], on_it: str | None, expected: str, steps: list[str]) -> None:
    mail = MAIL if on_it is None else container("mail", endpoint(), place(address=on_it), bindings=(ANY,))
    wanted = WANTED._replace(addresses=tuple(given.items()))
    made = plan(there(NEW, mail, networks=(BRIDGE, routed_network())), wanted)
    assert made.addresses == {"mail": expected}
    assert made.host.network_plan.sentences() == steps


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"web": "2001:2:0:b1::25"}, "addresses, web: there is no such container in `containers`"),
        ({"mail": "mail"}, "addresses, mail: 'mail' is not an IPv6 address"),
        ({"mail": "198.18.0.1"}, "addresses, mail: '198.18.0.1' is not an IPv6 address"),
        ({"mail": "2001:2:0:b2::25"}, f"addresses, mail: 2001:2:0:b2::25 is outside {SUBNET}"),
        ({"mail": "2001:2:0:b1::1"}, "addresses, mail: 2001:2:0:b1::1 is the network's own"),
        ({"mail": "2001:2:0:b1::"}, "addresses, mail: 2001:2:0:b1:: is the network's own"),
    ],
)
def test_addresses_are_refused(given: dict[str, str], words: str) -> None:
    assert words in refusal(there(), WANTED._replace(addresses=tuple(given.items())))


def test_one_address_for_two_containers() -> None:
    wanted = WANTED._replace(
        containers=("mail", "web"), addresses=(("mail", "2001:2:0:b1::25"), ("web", "2001:2:0:b1::25"))
    )
    assert "addresses, web: two containers are to have 2001:2:0:b1::25" in refusal(
        there(NEW, MAIL, container("web")), wanted
    )


# --- from one mode to the other


def test_network_of_mode_nat_is_replaced_with_everyone_on_it() -> None:
    mail = container("mail", endpoint("dms-ipv6", True), bindings=(ANY,))
    web = container("web", endpoint("dms-ipv6", True))
    found = there(NEW, mail, web, networks=(BRIDGE, network(labels={network_steps.LABEL: "true"})))
    made = plan(found)
    (new,) = (one for one in carried_out(found, made.host.network_plan.steps).networks if one.name == "dms-ipv6")
    assert [str(one) for one in new.subnets6] == [SUBNET]
    assert new.options == {BRIDGE_NAME: NAME, GATEWAY_MODE: "routed"}
    places = {
        step.name: definitions.address6(step.settings)
        for step in made.host.network_plan.steps
        if isinstance(step, network_steps.ConnectContainer) and step.network == "dms-ipv6"
    }
    assert places == {"mail": DERIVED, "web": ""}
    # It was ours, so undo takes it away instead of bringing the old one back.
    assert network_undo.remember_replaced({}, made.host.network_plan) == {}


def test_back_to_mode_nat() -> None:
    mail, labels = container("mail", endpoint(), place()), {network_steps.LABEL: "true"}
    found = there(NEW, mail, networks=(BRIDGE, routed_network(labels=labels)))
    table = plan(found).table
    files = state_host.TableFiles(table.text.encode(), routed_firewall.UNIT_TEXT.encode(), True, table.text)
    found = found._replace(table=files)
    made = nat.nat(WANTED._replace(subnet="auto"), found, ask(mail), {})
    (new,) = (one for one in carried_out(found, made.network_plan.steps).networks if one.name == "dms-ipv6")
    assert new.subnets6[0].is_private and new.options == {}
    assert made.table_plan.sentences()[-1].startswith(f"remove {routed_firewall.FILE}")
    assert made.sentences()[-1] == made.table_plan.sentences()[-1]
    # The address was ours, so it goes with the subnet.
    (connect,) = (one for one in made.network_plan.steps if str(one) == CONNECT)
    assert isinstance(connect, network_steps.ConnectContainer) and connect.settings == "{}"


def test_firewall_of_another_network_stays_in_mode_nat() -> None:
    found = there(NEW, networks=(BRIDGE, routed_network()))
    table = plan(found).table
    files = state_host.TableFiles(table.text.encode(), routed_firewall.UNIT_TEXT.encode(), True, table.text)
    made = nat.nat(nat.Wanted("six", "auto"), found._replace(table=files), ask(MAIL), {})
    assert not made.table_plan.changed


def test_users_own_network_is_given_back_without_our_addresses() -> None:
    mail = container("mail", place(), bindings=(ANY,))
    before = network(options={BRIDGE_NAME: "br-mail"})
    now = routed_network()
    record = {"replaced": {"dms-ipv6": {"before": before.definition, "after": now.definition}}}
    found = there(NEW, mail, networks=(BRIDGE, now), record=record)
    made = absent.absent(found, {}, ask(mail), False)
    ((_wanted, steps),) = made.networks
    (new,) = (one for one in carried_out(found, steps.steps).networks if one.name == "dms-ipv6")
    assert new.options == {BRIDGE_NAME: "br-mail"} and str(new.subnets6[0]) == ULA


def test_users_own_static_address_is_not_ours_to_change() -> None:
    mail = container("mail", place(address="fd5c:1ab0:7e57:1::25"))
    found = there(NEW, mail, networks=(BRIDGE, network()))
    assert "its static address fd5c:1ab0:7e57:1::25 is outside" in refusal(found)


# --- a part of the host's own prefix


def test_part_of_the_hosts_prefix() -> None:
    wanted = WANTED._replace(subnet="auto")
    made = plan(there(), wanted)
    subnet = ipaddress.IPv6Network(made.table.subnet)
    assert subnet.prefixlen == 80 and subnet.subnet_of(ipaddress.IPv6Network(ON_LINK))
    assert not any(subnet.overlaps(one) for label, one in TAKEN[1:] if isinstance(one, ipaddress.IPv6Network))
    assert made.ndp == {
        "prefix": str(subnet),
        "interface": "eth0",
        "addresses": [made.addresses["mail"], made.responder],
        "backend": "auto",
    }
    # The network's own route and addresses are not a reason to look elsewhere.
    found = after(there(), made)
    own = (("route on dms6-28d9684723", subnet), ("address on dms6-28d9684723", ipaddress.IPv6Network(subnet[1])))
    again = plan(found._replace(taken=(*TAKEN, *own)), wanted)
    assert again.table == made.table and not again.sentences()
    # Another host that shares the prefix takes another part.
    assert plan(there(machine_id="f" * 32), wanted).table.subnet != made.table.subnet


def test_prefix_that_has_changed() -> None:
    """The network follows the host's prefix."""
    found = there(
        NEW,
        container("mail", place(address="2001:2:0:99:1::7")),
        networks=(BRIDGE, routed_network("2001:2:0:99:1::/80")),
    )
    made = plan(found, WANTED._replace(subnet="auto"))
    assert ipaddress.IPv6Network(made.table.subnet).subnet_of(ipaddress.IPv6Network(ON_LINK))
    assert ipaddress.IPv6Address(made.addresses["mail"]) in ipaddress.IPv6Network(made.table.subnet)


@pytest.mark.parametrize(("length", "expected"), [(64, 80), (48, 80), (65, 65), (96, 96), (112, 112)])
def test_prefix_length(length: int, expected: int) -> None:
    made = plan(there(), WANTED._replace(subnet="auto", prefix_length=length))
    assert ipaddress.IPv6Network(made.table.subnet).prefixlen == expected


WIDE = Uplink("eth0", ((ipaddress.IPv6Network("2001:2:0:5600::/56"), True),))


def on_wide(*addresses: str) -> t.Any:
    own = [("address on eth0", ipaddress.IPv6Network(address)) for address in addresses]
    other = ("address on wg0", ipaddress.IPv6Network("2001:2:0:56bb::1"))
    return there(uplinks=(WIDE,), taken=(*own, other))


def test_only_its_own_64_of_a_wider_prefix() -> None:
    """The other ones of the segment are other customers'."""
    made = plan(on_wide("2001:2:0:56a7::1", "2001:2:0:56a7::25"), WANTED._replace(subnet="auto"))
    subnet = ipaddress.IPv6Network(made.table.subnet)
    assert subnet.prefixlen == 80 and subnet.subnet_of(ipaddress.IPv6Network("2001:2:0:56a7::/64"))


@pytest.mark.parametrize("addresses", [(), ("2001:2:0:56a7::1", "2001:2:0:56a8::1")])
def test_it_is_unknown_which_64_is_its_own(addresses: tuple[str, ...]) -> None:
    words = "subnet: on eth0 the whole 2001:2:0:5600::/56 is on-link, and nothing says which /64 of it is this host's"
    assert words in refusal(on_wide(*addresses), WANTED._replace(subnet="auto"))


def test_part_given_by_hand() -> None:
    made = plan(there(), WANTED._replace(subnet="2001:2:0:11:d::/80", ndp_backend="kernel", interface="eth0"))
    assert made.ndp["prefix"] == "2001:2:0:11:d::/80"
    assert made.ndp["backend"] == "kernel"


LEARNED = Uplink("eth0", ((ipaddress.IPv6Network(ON_LINK), False),))


@pytest.mark.parametrize(
    ("more", "options", "words"),
    [
        ({"uplinks": ()}, {}, "subnet: this host has no global IPv6 prefix on its uplink"),
        ({"uplinks": (Uplink("eth0"),)}, {}, "subnet: this host has no global IPv6 prefix"),
        (
            {"uplinks": (Uplink("eth0", ((ipaddress.IPv6Network("2001:2:0:11::10/124"), True),)),)},
            {},
            "subnet: the provider gave eth0 less than a /64 (2001:2:0:11::10/124)",
        ),
        ({"uplinks": (LEARNED,)}, {}, f"subnet: {ON_LINK} on eth0 was learned from a router and may change"),
        (
            {},
            {"interface": "eth7"},
            "interface: eth7 is not an interface of this host with an IPv6 default route (eth0)",
        ),
        ({}, {"interface": "eth7", "subnet": SUBNET}, "interface: eth7 is not an interface of this host"),
        # the host's or the router's own
        ({}, {"subnet": ON_LINK}, f"{ON_LINK} overlaps 2001:2:0:11::1/128 (router on eth0)"),
        ({}, {"subnet": "2001:2:0:11::10/124"}, "overlaps 2001:2:0:11::11/128 (address on eth0)"),
        ({}, {"subnet": "2001:2:0:10::/60"}, "overlaps"),
        # prefixes of other kinds
        ({}, {"subnet": ULA}, f"subnet: {ULA} is a ULA, which no client outside can reach; mode routed is for global"),
        ({}, {"subnet": "2001:db8:1::/64"}, "subnet: 2001:db8:1::/64 is reserved for documentation"),
        ({}, {"subnet": "x"}, "subnet: 'x' is not a CIDR"),
        # variables of another mode
        ({}, {"attach": "default_bridge"}, "attach: mode routed connects containers to a network of its own"),
        ({}, {"attach": "compose"}, "attach: mode routed connects containers to a network of its own"),
        ({}, {"fleet_prefix": "fd12:3456:789a::/48"}, "fleet_prefix: it is for ULAs"),
    ],
)
def test_refused(more: dict[str, t.Any], options: dict[str, t.Any], words: str) -> None:
    assert words in refusal(there(**more), WANTED._replace(**{"subnet": "auto", **options}))


def test_learned_prefix_by_hand() -> None:
    assert plan(there(uplinks=(LEARNED,)), WANTED._replace(subnet="2001:2:0:11:d::/80")).ndp["interface"] == "eth0"


@pytest.mark.parametrize(
    ("daemon", "file", "forwards", "refused"),
    [
        (NEW, {"ip-forward": False}, False, True),
        (Daemon(version="28.5.2", settings={"ip-forward": False}), {}, False, True),
        (Daemon(version="28.5.2", flags={"ip-forward": "false"}), {}, False, True),
        (NEW, {"ip-forward": False}, True, False),
        (NEW, {"ip-forward": True}, False, False),
    ],
)
def test_forwarding_switched_off_by_policy(
    daemon: Daemon, file: dict[str, t.Any], forwards: bool, refused: bool
) -> None:
    found = there(daemon, forwards=forwards)._replace(raw=json.dumps(file).encode())
    if refused:
        assert "ip-forward is false and the host does not forward IPv6" in refusal(found, **file)
    else:
        plan(found, **file)


def test_mode_nat_takes_no_addresses() -> None:
    wanted = WANTED._replace(subnet=ULA, addresses=(("mail", "2001:2:0:b1::25"),))
    with pytest.raises(Refused, match="addresses: containers get addresses of your choice in mode routed only"):
        nat.nat(wanted, there(), ask(MAIL), {})


# --- what others close


def ufw(forward: str) -> state_firewall.HostFirewall:
    return state_firewall.HostFirewall("ufw", forward={"ipv6": forward})


LATE = state_firewall.HostFirewall("firewalld", before_daemon=False)
EARLY = state_firewall.HostFirewall("firewalld")
NFTABLES = Daemon(version="29.0.0", settings={"firewall-backend": "nftables"})
PROVER = "2001:2:0:b1::bc07:e621"
UFW_WAY = (
    f"Run `ufw route allow in on eth0 out on {NAME} to {DERIVED} port 80 proto tcp"
    f" && ufw route allow in on eth0 out on {NAME} to {PROVER} port 80 proto tcp`, then run this again"
)
POLICY_WAY = (
    "Run `firewall-cmd --permanent --new-policy dms-ipv6"
    "; firewall-cmd --permanent --policy dms-ipv6 --add-ingress-zone ANY"
    " && firewall-cmd --permanent --policy dms-ipv6 --add-egress-zone docker"
    " && firewall-cmd --permanent --policy dms-ipv6 --add-rich-rule"
    f" 'rule family=ipv6 destination address={DERIVED} port port=80 protocol=tcp accept'"
    " && firewall-cmd --permanent --policy dms-ipv6 --add-rich-rule"
    f" 'rule family=ipv6 destination address={PROVER} port port=80 protocol=tcp accept'"
    " && firewall-cmd --reload`, then run this again"
)
PASSED = frozenset({(80, "tcp")})


@pytest.mark.parametrize(
    ("daemon", "firewall", "way"),
    [
        # Docker's own rules come before UFW's.
        (OLD, ufw("drop"), ""),
        (NEW, ufw("drop"), ""),
        (NFTABLES, ufw("drop"), UFW_WAY),
        (NFTABLES, ufw("drop")._replace(routed_ports=PASSED), ""),
        (
            NFTABLES,
            state_firewall.HostFirewall(forward={"ipv6": "drop"}),
            f"Run `ip6tables -I FORWARD -o {NAME} -j ACCEPT`",
        ),
        (NFTABLES, state_firewall.HostFirewall(forward={"ipv6": "accept"}), ""),
        (OLD, EARLY, POLICY_WAY),
        (OLD, EARLY._replace(routed_ports=PASSED), ""),
        (NEW, LATE, "Run `systemctl restart docker`, then run this again"),
        (NEW, EARLY, ""),
    ],
)
def test_the_command_for_a_firewall_that_drops(daemon: Daemon, firewall: state_firewall.HostFirewall, way: str) -> None:
    found = there(daemon, firewall=firewall)
    if way:
        said = refusal(found)
        assert f"host firewall: clients would not get to [{DERIVED}]:80/tcp" in said and way in said
        assert said.endswith("Nothing was changed.")
    else:
        plan(found)


def test_only_what_is_published_has_to_be_open() -> None:
    plan(there(NFTABLES, container(ports=(), bindings=()), firewall=ufw("drop")))


@pytest.mark.parametrize(("version", "refused"), [("26.1.5", True), ("28.5.2", True), ("29.0.0", False)])
def test_another_network_that_takes_the_ports(version: str, refused: bool) -> None:
    other = network("a-six", ["172.19.0.0/16", "fd5c:1ab0:7e57:2::/64"])
    mail = container("mail", endpoint("a-six", True), bindings=(ANY,))
    daemon = replace(OLD, version=version)
    found = there(daemon, mail, networks=(BRIDGE, other))
    if refused:
        assert "container mail: its published ports lead to network a-six" in refusal(found)
    else:
        plan(found)


def test_compose_would_undo_it() -> None:
    found = there(NEW, of_compose("mail", bindings=(ANY,)))
    warnings = plan(found, WANTED._replace(containers=("shop-mail-1",))).warnings
    assert warnings[0] == (
        "container shop-mail-1 of Compose project shop loses its address once an `up` re-creates it: name network"
        " dms-ipv6 in its Compose file as external"
    )


def test_network_of_the_module() -> None:
    """The module plans the same for what the role tells it."""
    found = there()
    made = plan(found, WANTED._replace(subnet="auto"))
    given = WANTED._replace(subnet=made.table.subnet, addresses=tuple(made.addresses.items()))
    wanted = routed.network(given, found, {"mail": MAIL})
    expected = network_plan.plan(made.host.network, {"mail": MAIL}, network_on_host.around(found, ask(MAIL)))
    assert network_plan.plan(wanted, {"mail": MAIL}, network_on_host.around(found, ask(MAIL))) == expected
