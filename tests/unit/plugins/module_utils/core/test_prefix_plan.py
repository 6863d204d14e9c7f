# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine's own prefix, a part of a host's, and those of a fleet."""

from __future__ import annotations

import ipaddress
import itertools
import math
import time

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip, prefix_plan
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from hypothesis import given
from hypothesis import strategies as st

net = ipaddress.IPv6Network
FLEET = net("fd5c:1ab0:7e57::/48")

# --- an engine's own prefix


@pytest.mark.parametrize(
    ("engine_id", "expected"),
    [
        # moby, daemon/daemon_test.go, TestDeriveULABaseNetwork
        ("", "fd42:98fc:1c14::/48"),
        ("499d4bc0-b0b3-416f-b1ee-cf6486315593", "fd62:fb69:18af::/48"),
    ],
)
def test_engine_ula(engine_id: str, expected: str) -> None:
    assert str(prefix_plan.engine_ula(engine_id)) == expected


def test_engine_hashes_its_id_as_it_is() -> None:
    assert prefix_plan.engine_ula("x") != prefix_plan.engine_ula("x\n")


@given(st.text(max_size=40))
def test_engine_ula_is_a_ula(engine_id: str) -> None:
    network = prefix_plan.engine_ula(engine_id)
    assert network.prefixlen == 48
    assert ip.classify(network).kind == "ula"


# --- a part of a host's prefix

HOST = net("2001:2:0:1::/64")


def spot(text: str) -> ip.AnyAddress | ip.AnyNetwork:
    return ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text)


@pytest.mark.parametrize(
    ("prefix", "length", "name", "expected"),
    [
        ("2001:2:0:1::/64", 80, "", "2001:2:0:1:1ab0::/80"),
        ("2001:2:0:1::/64", 80, "dms-ipv6", "2001:2:0:1:a6a3::/80"),
        ("2a01:4f8:c0c:1234::/64", 80, "dms-ipv6", "2a01:4f8:c0c:1234:a6a3::/80"),
        ("2001:2:0:ff00::/56", 64, "dms-ipv6", "2001:2:0:ff4a::/64"),
        ("fd12:3456:789a:1::/64", 112, "dms-ipv6", "fd12:3456:789a:1:c6ea:74b8:6b00:0/112"),
    ],
)
def test_carved_stays_the_same_over_releases(prefix: str, length: int, name: str, expected: str) -> None:
    assert str(prefix_plan.carve(net(prefix), length, [], name)) == expected


@pytest.mark.parametrize(
    ("avoid", "expected"),
    [
        ([], "a6a3"),
        (["2001:2:0:1::1", "fe80::1", "10.0.0.1", "10.0.0.0/8", "2001:2:0:2::/64"], "a6a3"),
        (["2001:2:0:1:a6a2:ffff:ffff:ffff", "2001:2:0:1:a6a4::"], "a6a3"),
        (["2001:2:0:1:a6a3::"], "a6a4"),
        (["2001:2:0:1:a6a3:ffff:ffff:ffff"], "a6a4"),
        (["2001:2:0:1:a6a3::/80"], "a6a4"),
        (["2001:2:0:1:a6a3:1::/112"], "a6a4"),
        (["2001:2:0:1:a6a0::/76"], "a6b0"),
        (["2001:2:0:1:a6a4::/80", "2001:2:0:1:a6a3::/80"], "a6a5"),
        (["2001:2:0:1:a6a3::/80", "2001:2:0:1:a6a0::/78"], "a6a4"),
        (["2001:2:0:1:8000::/65"], "1"),
        (["2001:2:0:1:8000::/65", "2001:2:0:1:1::1", "2001:2:0:1:2::/79"], "4"),
    ],
)
def test_carved_gives_way(avoid: list[str], expected: str) -> None:
    assert prefix_plan.carve(HOST, 80, map(spot, avoid), "dms-ipv6") == net(f"2001:2:0:1:{expected}::/80")


@pytest.mark.parametrize(
    ("prefix", "length", "parts"), [("2001:2::/64", 65, 1), ("2001:2::/124", 125, 1), ("2001:2::/124", 126, 3)]
)
def test_each_part_but_the_first_is_given(prefix: str, length: int, parts: int) -> None:
    carved = {prefix_plan.carve(net(prefix), length, [], f"name {number}") for number in range(50)}
    assert len(carved) == parts
    assert net(prefix)[0] not in {network[0] for network in carved}


@pytest.mark.parametrize(
    ("prefix", "length", "avoid", "words"),
    [
        ("2001:2:0:1::/64", 64, [], "prefix_length: a /64 is not a part of 2001:2:0:1::/64. Docker must not get"),
        ("2001:2:0:1::/64", 63, [], "prefix_length: a /63 is not a part of 2001:2:0:1::/64"),
        ("2001:2:0:1::/126", 126, [], "prefix_length: a /126 is not a part of"),
        ("2001:2:0:1::/128", 126, [], "prefix_length: a /126 is not a part of"),
        ("2001:2:0:1::/64", 127, [], "prefix_length: 127 is not between 49 and 126"),
        ("2001:2:0:1::/64", 128, [], "not between 49 and 126"),
        ("2001:2:0:1::/64", 129, [], "not between 49 and 126"),
        ("2001:2:0:1::/64", 0, [], "not between 49 and 126"),
        ("2001:2:0:1::/64", -1, [], "not between 49 and 126"),
        ("2a00::/32", 48, [], "prefix_length: 48 is not between 49 and 126"),
        ("2001:db8::/64", 80, [], "2001:db8::/64 is reserved for documentation (RFC 3849). Give the prefix that"),
        ("fe80::/64", 80, [], "fe80::/64 is link-local"),
        ("2000::/3", 80, [], "2000::/3 is of more than one kind"),
        ("2001:2:0:1::/64", 80, ["::/0"], "no /80 of 2001:2:0:1::/64 is free"),
        ("2001:2:0:1::/64", 80, ["2001:2:0:1::/64"], "no /80 of 2001:2:0:1::/64 is free"),
        ("2001:2:0:1::/64", 65, ["2001:2:0:1:8000::"], "no /65 of 2001:2:0:1::/64 is free"),
        ("2001:2:0:1::/124", 126, ["2001:2:0:1::4", "2001:2:0:1::8/126", "2001:2:0:1::f"], "no /126 of"),
    ],
)
def test_carving_is_refused(prefix: str, length: int, avoid: list[str], words: str) -> None:
    with pytest.raises(Refused) as reason:
        prefix_plan.carve(net(prefix), length, map(spot, avoid), "x")
    assert words in str(reason.value)
    assert reason.value.remedy


@st.composite
def crowds(draw: st.DrawFn) -> tuple[ipaddress.IPv6Network, int, list[ip.AnyAddress | ip.AnyNetwork]]:
    """A host's prefix, a length of at most 64 parts, and neighbours in and around the prefix."""
    prefix = net((int(HOST[0]) + draw(st.integers(0, 3)) * 2**62, draw(st.integers(49, 124))), strict=False)
    length = draw(st.integers(prefix.prefixlen + 1, min(126, prefix.prefixlen + 6)))
    places = st.integers(-5, int(prefix.hostmask) + 5).map(
        lambda offset: ipaddress.IPv6Address(int(prefix[0]) + offset)
    )
    around = st.tuples(places, st.integers(prefix.prefixlen, 128)).map(
        lambda one: net((int(one[0]), one[1]), strict=False)
    )
    return prefix, length, draw(st.lists(places | around | st.ip_addresses(v=4), max_size=30))


def overlap(network: ipaddress.IPv6Network, other: ip.AnyAddress | ip.AnyNetwork) -> bool:
    whole = ipaddress.ip_network(other) if isinstance(other, (ipaddress.IPv4Address, ipaddress.IPv6Address)) else other
    return network.version == whole.version and network.overlaps(whole)


@given(crowd=crowds(), name=st.text(max_size=8))
def test_carved_is_free_and_refused_only_if_nothing_is(
    crowd: tuple[ipaddress.IPv6Network, int, list[ip.AnyAddress | ip.AnyNetwork]], name: str
) -> None:
    prefix, length, avoid = crowd
    parts = list(prefix.subnets(new_prefix=length))[1:]
    free = [part for part in parts if not any(overlap(part, other) for other in avoid)]
    try:
        carved = prefix_plan.carve(prefix, length, avoid, name)
    except Refused:
        assert not free
        return
    assert carved in free
    assert carved == prefix_plan.carve(prefix, length, reversed(avoid), name)
    wish = prefix_plan.carve(prefix, length, [], name)
    later = [part for part in free if part >= wish]
    assert carved == (later or free)[0]


@given(length=st.integers(65, 126), name=st.text(max_size=8), neighbours=st.lists(st.integers(0, 2**64 - 1)))
def test_carved_of_a_64(length: int, name: str, neighbours: list[int]) -> None:
    avoid = [ipaddress.IPv6Address(int(HOST[0]) + one) for one in neighbours]
    try:
        carved = prefix_plan.carve(HOST, length, avoid, name)
    except Refused:
        assert len(avoid) >= 2 ** (length - 64) - 1
        return
    assert carved.prefixlen == length
    assert carved.subnet_of(HOST)
    assert HOST[1] not in carved
    assert not any(address in carved for address in avoid)
    assert ip.subnet(str(carved)) == carved


def test_carving_a_crowded_prefix_does_not_try_them_one_by_one() -> None:
    """There are 2 ** 62 parts, of which the upper half and 10,000 in the lower are taken."""
    avoid: list[ip.AnyAddress | ip.AnyNetwork] = [net("2001:2:0:1:8000::/65")]
    avoid += [ipaddress.IPv6Address(int(HOST[0]) + 4 * number) for number in range(10_000)]
    assert prefix_plan.carve(HOST, 126, avoid, "dms-ipv6").subnet_of(net("2001:2:0:1::/65"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2001:2::1", "2001:2::1"),
        (" 2001:2::1 ", "2001:2::1"),
        ("[2001:2::1]", "2001:2::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%eth0/64", "fe80::1"),
        ("2001:2::1/64", "2001:2::1"),
        ("2001:2::1/128", "2001:2::1/128"),
        ("2001:2::/64", "2001:2::/64"),
        ("::/0", "::/0"),
        ("198.18.1.3", "198.18.1.3"),
        ("198.18.1.0/24", "198.18.1.0/24"),
    ],
)
def test_occupied(text: str, expected: str) -> None:
    assert str(prefix_plan.occupied(text)) == expected


@pytest.mark.parametrize("text", ["", "eth0", "2001:2::/129", "2001:2:::1", "2001:2::1/", "None", "mail.example.org"])
def test_occupied_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"^avoid: '.*' is neither an address nor a CIDR\. Give"):
        prefix_plan.occupied(text)


# --- a whole fleet


def brute_force(claims: list[tuple[str, ipaddress.IPv6Network]]) -> set[frozenset[tuple[str, ipaddress.IPv6Network]]]:
    pairs = itertools.combinations(set(claims), 2)
    return {frozenset(pair) for pair in pairs if pair[0][0] != pair[1][0] and pair[0][1].overlaps(pair[1][1])}


LABELS = st.sampled_from("abcdef")
# Few bits, so that equal and nested networks are common; and any.
CROWDED = st.builds(
    lambda bits, length: net((0xFD << 120 | bits << 60, length), strict=False), st.integers(0, 31), st.integers(62, 70)
)
ANY = st.builds(lambda bits, length: net((bits, length), strict=False), st.integers(0, 2**128 - 1), st.integers(0, 128))


@given(claims=st.lists(st.tuples(LABELS, CROWDED | ANY), max_size=25))
def test_collisions_are_those_that_comparing_all_finds(claims: list[tuple[str, ipaddress.IPv6Network]]) -> None:
    found = prefix_plan.collisions(claims)
    pairs = [frozenset(((one, network), (other, others))) for one, other, network, others in found]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == brute_force(claims)
    assert all(others.subnet_of(network) for _one, _other, network, others in found)
    assert found == prefix_plan.collisions(reversed(claims))
    assert found[:3] == prefix_plan.collisions(claims, 3)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([], []),
        ([("a", "fd12::/64"), ("b", "fd12:0:0:1::/64")], []),
        ([("a", "fd12::/64"), ("a", "fd12::/64"), ("a", "fd12::/80")], []),
        ([("a", "fd12::/127"), ("b", "fd12::1/128")], ["fd12::/127 of a contains fd12::1/128 of b"]),
        ([("b", "fd12::/64"), ("a", "fd12::/64")], ["a and b both have fd12::/64"]),
        ([("a", "fd12:0:0:1::/64"), ("b", "fd12::/48")], ["fd12::/48 of b contains fd12:0:0:1::/64 of a"]),
        (
            [("a", "fd12::/48"), ("b", "fd12::/64"), ("c", "fd12:0:0:1::/64"), ("d", "fd13::/48")],
            ["fd12::/48 of a contains fd12::/64 of b", "fd12::/48 of a contains fd12:0:0:1::/64 of c"],
        ),
    ],
)
def test_collisions_as_sentences(claims: list[tuple[str, str]], expected: list[str]) -> None:
    found = prefix_plan.collisions([(label, net(text)) for label, text in claims])
    assert [prefix_plan.collision_text(one) for one in found] == expected


def test_ten_thousand_hosts(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints how long it takes; a busy machine is not a bug."""
    hosts = {f"host{number:05}": f"{number:032x}" for number in range(10_000)}
    hosts["clone"] = hosts["host00042"]
    own = [(host, ip.derive(machine, "dms-ipv6")) for host, machine in hosts.items()]
    fleet = [(host, ip.derive(machine, "dms-ipv6", 64, FLEET)) for host, machine in hosts.items()]
    start = time.perf_counter()
    found = prefix_plan.collisions([*own, ("wide", net("fd00::/9"))])
    middle = time.perf_counter()
    crowded = prefix_plan.collisions(fleet)
    end = time.perf_counter()
    assert [one[:2] for one in found if one[0] != "wide"] == [("clone", "host00042")]
    assert len(found) - 1 == sum(1 for _host, network in own if network.subnet_of(net("fd00::/9")))
    sizes = [len(list(same)) for _network, same in itertools.groupby(sorted(network for _host, network in fleet))]
    assert len(crowded) == sum(math.comb(size, 2) for size in sizes)
    with capsys.disabled():
        print(
            f"\n10,000 hosts: {len(found)} collisions in {middle - start:.3f} s, {len(crowded)} in {end - middle:.3f} s"
        )


def test_ten_thousand_copies_are_cut_short() -> None:
    claims = [(f"host{number}", net("fd12::/64")) for number in range(10_000)]
    assert len(prefix_plan.collisions(claims, 100)) == 100


IDS = {f"host{number}": f"{number:032x}" for number in range(200)}


def test_fleet_plan_is_what_each_host_derives() -> None:
    expected = {host: ip.derive(machine, "dms-ipv6", 112, FLEET) for host, machine in IDS.items()}
    assert prefix_plan.fleet_plan(IDS, "dms-ipv6", 112, FLEET) == expected
    assert prefix_plan.fleet_plan({"host7": IDS["host7"]}, "dms-ipv6") == {"host7": ip.derive(IDS["host7"], "dms-ipv6")}


@given(st.sets(st.sampled_from(sorted(IDS)), min_size=1))
def test_a_host_keeps_its_network_when_others_join_or_leave(hosts: set[str]) -> None:
    whole = prefix_plan.fleet_plan(IDS, "dms-ipv6", 80, FLEET)
    some = prefix_plan.fleet_plan({host: IDS[host] for host in hosts}, "dms-ipv6", 80, FLEET)
    assert some == {host: whole[host] for host in hosts}


def test_fleet_plan_refuses_and_names_both() -> None:
    with pytest.raises(Refused, match=r"^copy and host7 both have fd.*\. Give one of them .*machine-id each\.$"):
        prefix_plan.fleet_plan({**IDS, "copy": IDS["host7"]}, "dms-ipv6", 112, FLEET)


def test_fleet_plan_refuses_a_thousand_64s_of_a_48() -> None:
    many = {f"host{number}": f"{number:032x}" for number in range(1000)}
    with pytest.raises(Refused, match=r"host\d+ and host\d+ both have fd5c:1ab0:7e57:"):
        prefix_plan.fleet_plan(many, "dms-ipv6", 64, FLEET)
    assert len(set(prefix_plan.fleet_plan(many, "dms-ipv6", 112, FLEET).values())) == 1000


def test_derived_networks_collide_as_often_as_the_birthday_rule_says() -> None:
    """200 fleets of 302 hosts: half of them, 100, with a standard deviation of 7."""
    collided = sum(
        len({ip.derive(f"{fleet}-{host}", "x", 64, FLEET) for host in range(302)}) < 302 for fleet in range(200)
    )
    assert 75 <= collided <= 125


# --- numbers of an inventory


@pytest.mark.parametrize(("value", "expected"), [(64, 64), ("64", 64), (" 80 ", 80), (0, 0), (-1, -1)])
def test_whole_number(value: object, expected: int) -> None:
    assert prefix_plan.whole_number(value, "x") == expected


@pytest.mark.parametrize("value", [None, "", "/64", "64.0", 64.0, True, [64], "sixty", "-1"])
def test_no_whole_number(value: object) -> None:
    with pytest.raises(Refused, match=r"^x: .* is not a whole number\.$"):
        prefix_plan.whole_number(value, "x")
