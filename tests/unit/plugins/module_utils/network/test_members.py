# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else changes for the containers on a network that gets IPv6."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.network import members
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions, docker_objects
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import (
    BRIDGE,
    container,
    endpoint,
    host,
    network,
)

SHOP = network("shop", ["172.18.0.0/16"])
LAN = network("a_lan", ["198.18.40.0/24"], driver="macvlan", bridge="")
SIX = network("six", ["172.19.0.0/16", "fd5c:1ab0:7e57:6::/64"])
INSIDE = network("inside", ["172.20.0.0/16", "fd5c:1ab0:7e57:7::/64"], internal=True)
# A network of the name is missing where Docker has not made it yet.
NETWORKS = (BRIDGE, SHOP, LAN, SIX, INSIDE)


def found(*containers: docker_objects.Container, networks: t.Any = NETWORKS) -> t.Any:
    return host(networks=networks, containers=containers)


def joining(*containers: docker_objects.Container, links: t.Any = (), to: str = "shop", beside: t.Any = ()) -> t.Any:
    there = found(*containers, *beside)
    return [members.joins(one, to, there, lambda pid: links) for one in containers], there


def warnings_of(*containers: docker_objects.Container, **more: t.Any) -> list[str]:
    return [*members.warnings(*joining(*containers, **more))]


def refusal(*containers: docker_objects.Container, asked: t.Any = (), allowed: t.Any = (), **more: t.Any) -> str:
    joins, there = joining(*containers, **more)
    try:
        members.refuse(joins, there, asked, allowed)
    except Refused as reason:
        return str(reason)
    return ""


# --- a way out beside a tunnel

VPN = container("vpn", endpoint("shop"), tunnel=True)
PLAIN = container("plain", endpoint("shop"))
TORRENT = container("torrent", network_mode="container:vpn-id", endpoints=())
NAMED_INTERFACE = endpoint("shop")._replace(settings='{"DriverOpts":{"com.docker.network.endpoint.ifname":"front0"}}')


@pytest.mark.parametrize(
    ("vpn", "more", "why"),
    [
        (VPN, {}, "it has /dev/net/tun"),
        (VPN._replace(running=False, pid=0), {}, "it has /dev/net/tun"),
        (VPN._replace(tunnel=False), {"links": ("wg0",)}, "it has the interface wg0"),
        (VPN._replace(tunnel=False), {"beside": (TORRENT,)}, ""),
        (VPN._replace(tunnel=False), {"beside": (TORRENT._replace(network_mode="container:vpn"),)}, ""),
        (VPN, {"beside": (TORRENT,)}, "it has /dev/net/tun, torrent on its network"),
        # Nothing that an internal network gives is a way out.
        (VPN._replace(endpoints=(endpoint("shop"), endpoint("inside", True))), {}, "it has /dev/net/tun"),
        (container("vpn", NAMED_INTERFACE), {"links": ("front0", "tun0")}, "it has the interface tun0"),
        (VPN._replace(tunnel=False), {}, ""),
        (VPN._replace(endpoints=(endpoint("shop"), endpoint("six", True))), {}, ""),
        (VPN._replace(no_ipv6="net.ipv6.conf.all.disable_ipv6=1"), {}, ""),
        (VPN._replace(tunnel=False), {"beside": (TORRENT._replace(network_mode="container:other"),)}, ""),
        (container("vpn", NAMED_INTERFACE), {"links": ("front0",)}, ""),
    ],
)
def test_a_way_out_beside_a_tunnel(vpn: docker_objects.Container, more: dict[str, t.Any], why: str) -> None:
    said = refusal(vpn, **more)
    assert (why in said and "container vpn: with IPv6 on its network it gets a way out" in said) if why else said == ""
    leaks = [one for one in warnings_of(vpn, **more) if "gets an IPv6 way out" in one]
    assert bool(leaks) is bool(why) and all(why in one for one in leaks)
    # A user who names it has not said that it may leak.
    assert ("it gets a way out" in refusal(vpn, asked=["vpn"], **more)) is bool(why)
    assert refusal(vpn, allowed=["vpn"], **more) == refusal(vpn, allowed=["vpn-id"], **more) == ""


def test_what_to_do_about_it() -> None:
    said = refusal(VPN, PLAIN, container("more", endpoint("shop"), tunnel=True), allowed=["plain"])
    assert said == (
        "container vpn, more: with IPv6 on its network it gets a way out that no tunnel over IPv4 covers: vpn (it has"
        " /dev/net/tun); more (it has /dev/net/tun). Leave it alone and give the containers that you named a"
        " network of their own: dms_ipv6_compose_shape named for a Compose project, else another dms_ipv6_network; or"
        " name it in allow_leak (vpn, more) if it may. Nothing was changed."
    )


# --- sysctls


def test_a_container_that_takes_no_ipv6() -> None:
    shut = PLAIN._replace(no_ipv6="net.ipv6.conf.all.disable_ipv6=1")
    assert refusal(shut, asked=["plain"]) == (
        "container plain: its own sysctl net.ipv6.conf.all.disable_ipv6=1 keeps IPv6 addresses away from it, whatever"
        " network it is on. Re-create it without that sysctl, or take it out of the list."
    )
    assert refusal(shut) == ""
    # No client reaches it over IPv6 either.
    (said,) = warnings_of(shut, container("web", endpoint("shop")))
    assert said.startswith("container plain: its own sysctl net.ipv6.conf.all.disable_ipv6=1 keeps IPv6 addresses away")


# --- the default route


def placed(name: str, **settings: int) -> docker_objects.Endpoint:
    return endpoint(name)._replace(settings=definitions.dump(dict(settings)))


OFFICE = network("office", ["172.21.0.0/16"], options={"com.docker.network.bridge.enable_ip_masquerade": "false"})


@pytest.mark.parametrize(
    ("endpoints", "networks", "before"),
    [
        ((endpoint("shop"), endpoint("a_lan")), NETWORKS, "a_lan"),
        # The engine takes a dual-stack network before any priority is looked at (moby#51999).
        ((endpoint("shop"), placed("z_lan", GwPriority=1000)), (SHOP, LAN._replace(name="z_lan")), "z_lan"),
        ((endpoint("shop"), placed("z_net", GwPriority=1000)), (SHOP, network("z_net", ["172.22.0.0/16"])), "z_net"),
        # One whose packets leave the host with another address, or with none of the host's.
        ((endpoint("shop"), endpoint("office")), (SHOP, OFFICE), "office"),
        (
            (endpoint("shop"), endpoint("office")),
            (SHOP, OFFICE._replace(options={members.OWN_WAY[0]: "198.18.0.9"})),
            "office",
        ),
        ((endpoint("shop"), endpoint("z_lan")), (SHOP, LAN._replace(name="z_lan")), ""),
        # Every bridge of the host is the same way out, whichever name sorts first.
        ((endpoint("shop"), endpoint("a_net")), (SHOP, network("a_net", ["172.22.0.0/16"])), ""),
        ((endpoint("shop"),), NETWORKS, ""),
        ((endpoint("shop"), endpoint("a_lan"), endpoint("a_six", True)), (*NETWORKS, SIX._replace(name="a_six")), ""),
        ((endpoint("shop"), endpoint("a_lan")), (SHOP, LAN._replace(internal=True)), ""),
    ],
)
@pytest.mark.parametrize("running", [True, False])
def test_a_default_route_that_moves(endpoints: t.Any, networks: t.Any, before: str, running: bool) -> None:
    places = endpoints if running else [one._replace(ipv4="", gateway4="", ipv6="") for one in endpoints]
    ha = container("ha", *places, running=running)
    there = found(ha, networks=networks)
    joins = [members.joins(ha, "shop", there, lambda pid: ())]
    warned = [one for one in members.warnings(joins, there) if "default route" in one]
    assert warned == ([f"container ha: its IPv4 default route moves from network {before} to shop"] if before else [])
    members.refuse(joins, there, ["ha"], [])  # it was named
    if before:
        words = (
            rf"container ha: its IPv4 default route would move from network {before} to shop.* dms_ipv6_compose_shape"
        )
        with pytest.raises(Refused, match=words):
            members.refuse(joins, there, [], [])
    else:
        members.refuse(joins, there, [], [])


# --- peers


def test_containers_that_find_each_other_over_ipv6() -> None:
    front, back, six = (
        PLAIN._replace(name="front"),
        PLAIN._replace(name="back", id="2"),
        container("old", endpoint("six", True)),
    )
    (said,) = warnings_of(front, back, beside=(six,))
    assert said.startswith("back, front on network shop reach each other over IPv6 from then on: lists of trusted")
    assert warnings_of(front) == []
    (said,) = warnings_of(front, to="six", beside=(six,))
    assert said.startswith("front, old on network six reach each other")
    # Both had it before.
    assert warnings_of(six, six._replace(name="older", id="3"), to="six") == []


def test_each_network_has_a_line() -> None:
    everyone = [PLAIN._replace(name=name, id=name) for name in "abcd"]
    there = found(*everyone)
    joins = [members.joins(one, "xy"[number % 2], there, lambda pid: ()) for number, one in enumerate(everyone)]
    assert [one.partition(" reach")[0] for one in members.warnings(joins, there)] == [
        "a, c on network x",
        "b, d on network y",
    ]


# --- one that runs on another one's network


@pytest.mark.parametrize("mode", ["container:vpn-id", "container:vpn"])
def test_the_owner_of_a_network_is_named_instead(mode: str) -> None:
    torrent = TORRENT._replace(network_mode=mode)
    with pytest.raises(Refused) as reason:
        members.refuse_sharing({"torrent": torrent, "plain": PLAIN}, found(VPN, torrent))
    assert str(reason.value) == (
        "container torrent: it runs on the network of container vpn, so no network can be added to it. Name vpn in its"
        " place."
    )
    members.refuse_sharing({"plain": PLAIN, "host": container("host", network_mode="host")}, found(VPN))
