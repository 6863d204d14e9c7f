# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would make a network, or a container's place on it, again as it is found; from the JSON that engines send."""

from __future__ import annotations

import ipaddress
import json
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.state import definitions
from hypothesis import given, settings
from hypothesis import strategies as st

ULA, OTHER = "fd5c:1ab0:7e57:1::/64", "fd12:3456:789a:1::/64"
FOUR = {"Subnet": "172.18.0.0/16", "Gateway": "172.18.0.1"}
# docker network create --ipv6 --subnet fd5c:1ab0:7e57:1::/64 --label a=b -o com.docker.network.driver.mtu=1400 old
NETWORK_20: dict[str, t.Any] = {
    "Name": "old",
    "Id": "4f1c8c0e9d7a6b5e4f3a2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e",
    "Created": "2026-02-03T04:05:06.7Z",
    "Scope": "local",
    "Driver": "bridge",
    "EnableIPv6": True,
    "IPAM": {
        "Driver": "default",
        "Options": {},
        "Config": [FOUR, {"Subnet": ULA, "Gateway": "fd5c:1ab0:7e57:1::1/64"}],
    },
    "Internal": False,
    "Attachable": False,
    "Ingress": False,
    "ConfigFrom": {"Network": ""},
    "ConfigOnly": False,
    "Containers": {"e" * 64: {"Name": "mail", "IPv4Address": "172.18.0.2/16"}},
    "Options": {"com.docker.network.driver.mtu": "1400"},
    "Labels": {"a": "b"},
}
NETWORK_26 = {**NETWORK_20, "IPAM": {**NETWORK_20["IPAM"], "Config": [FOUR, {"Subnet": ULA}]}}
NETWORK_28 = {
    **NETWORK_20,
    "EnableIPv4": True,
    "IPAM": {
        "Driver": "default",
        "Options": None,
        "Config": [
            {**FOUR, "IPRange": ""},
            {"Subnet": ULA, "IPRange": "", "Gateway": "fd5c:1ab0:7e57:1::1"},
        ],
    },
}
ENGINES = {"20.10.24": NETWORK_20, "26.1.5": NETWORK_26, "28.5.2": NETWORK_28}
BODY: dict[str, t.Any] = {
    "Name": "old",
    "Driver": "bridge",
    "EnableIPv6": True,
    "Internal": False,
    "Attachable": False,
    "ConfigOnly": False,
    "Options": {"com.docker.network.driver.mtu": "1400"},
    "Labels": {"a": "b"},
}


def ipam(*config: dict[str, t.Any], driver: str = "default", **options: str) -> dict[str, t.Any]:
    return {"Driver": driver, "Options": options, "Config": list(config)}


def found(inspected: dict[str, t.Any] | None = None, **more: t.Any) -> dict[str, t.Any]:
    """The definition of a network, read again."""
    return definitions.load(definitions.of_network({**(NETWORK_20 if inspected is None else inspected), **more}))


# --- networks

SIX = {"Subnet": ULA, "Gateway": "fd5c:1ab0:7e57:1::1"}


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("20.10.24", {**BODY, "IPAM": ipam(FOUR, SIX)}),
        ("26.1.5", {**BODY, "IPAM": ipam(FOUR, {"Subnet": ULA})}),
        ("28.5.2", {**BODY, "EnableIPv4": True, "IPAM": ipam(FOUR, SIX)}),
    ],
)
def test_of_network(engine: str, expected: dict[str, t.Any]) -> None:
    """Without what only an engine says: ids, dates, who is on it; and a gateway without a prefix length."""
    assert found(ENGINES[engine]) == expected


@pytest.mark.parametrize(
    ("more", "name", "expected"),
    [
        ({"Internal": True}, "Internal", True),
        ({"Attachable": True}, "Attachable", True),
        ({"EnableIPv4": False}, "EnableIPv4", False),
        ({"EnableIPv6": False}, "EnableIPv6", False),
        ({"Options": {}}, "Options", None),
        ({"Options": None}, "Options", None),
        ({"Labels": {}}, "Labels", None),
        ({"ConfigFrom": {"Network": "config"}}, "ConfigFrom", {"Network": "config"}),
        ({"ConfigFrom": {"Network": ""}}, "ConfigFrom", None),
        ({"ConfigFrom": None}, "ConfigFrom", None),
        ({"ConfigOnly": True}, "ConfigOnly", True),
        ({"Driver": "macvlan"}, "Driver", "macvlan"),
        ({"IPAM": None}, "IPAM", ipam()),
        ({"IPAM": {"Driver": "default", "Config": None}}, "IPAM", ipam()),
        ({"IPAM": ipam(driver="infoblox", view="x")}, "IPAM", ipam(driver="infoblox", view="x")),
        *(
            ({"IPAM": ipam(config)}, "IPAM", ipam(config))
            for config in (
                {"Subnet": "172.18.0.0/16"},
                {**FOUR, "IPRange": "172.18.5.0/24"},
                {**FOUR, "AuxiliaryAddresses": {"router": "172.18.0.7"}},
            )
        ),
        # What engines before 25.0 took and later ones refuse: it is the same network without it.
        ({"IPAM": ipam({"Subnet": "172.30.0.1/16"})}, "IPAM", ipam({"Subnet": "172.30.0.0/16"})),
        ({"IPAM": ipam({"Subnet": "fd5c:1ab0::1/64"})}, "IPAM", ipam({"Subnet": "fd5c:1ab0::/64"})),
        ({"IPAM": ipam({**FOUR, "IPRange": "172.18.5.7/24"})}, "IPAM", ipam({**FOUR, "IPRange": "172.18.5.0/24"})),
        ({"IPAM": ipam({**FOUR, "IPRange": "172.16.0.0/12"})}, "IPAM", ipam(FOUR)),
        ({"IPAM": ipam({**FOUR, "IPRange": "172.18.0.0/16"})}, "IPAM", ipam({**FOUR, "IPRange": "172.18.0.0/16"})),
        # What is not an address at all stays as it was sent.
        ({"IPAM": ipam({"Subnet": "x"}, driver="infoblox")}, "IPAM", ipam({"Subnet": "x"}, driver="infoblox")),
        ({"IPAM": ipam({**FOUR, "AuxiliaryAddresses": None, "IPRange": ""})}, "IPAM", ipam(FOUR)),
    ],
)
def test_fields_of_a_network(more: dict[str, t.Any], name: str, expected: t.Any) -> None:
    """What was given is kept, false included; what is empty is left out."""
    definition = found(**more)
    assert definition.get(name) == expected
    assert (name in definition) is (expected is not None)
    assert {key: value for key, value in definition.items() if key != name} == {
        key: value for key, value in found().items() if key != name
    }


@pytest.mark.parametrize(
    ("inspected", "expected"),
    [
        ({"Name": "x", "Id": "d" * 64}, {"Name": "x", "IPAM": ipam()}),
        (
            {"Name": "host", "Driver": "host", "IPAM": {"Driver": "default", "Config": None}, "Labels": None},
            {"Name": "host", "Driver": "host", "IPAM": ipam()},
        ),
    ],
)
def test_of_a_network_that_says_little(inspected: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    assert found({}, **inspected) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_definition_is_one_text(engine: str) -> None:
    """Whatever order an engine says it in."""
    inspected = ENGINES[engine]
    backwards = json.loads(json.dumps(dict(reversed(inspected.items()))))
    assert definitions.of_network(backwards) == definitions.of_network(inspected)
    # What is sent is what is found again, so that it can be sent once more.
    assert definitions.of_network(definitions.load(definitions.of_network(inspected))) == definitions.of_network(
        inspected
    )


def test_new_network() -> None:
    assert definitions.load(definitions.new_network("n", ULA, {"a": "b"})) == {
        "Name": "n",
        "Driver": "bridge",
        "EnableIPv6": True,
        "Labels": {"a": "b"},
        "IPAM": {"Driver": "default", "Config": [{"Subnet": ULA}]},
    }


HASH = definitions.COMPOSE_HASH


@pytest.mark.parametrize(
    ("more", "config", "labels"),
    [
        ({}, [FOUR, {"Subnet": OTHER}], {"a": "b"}),
        ({"IPAM": ipam(FOUR)}, [FOUR, {"Subnet": OTHER}], {"a": "b"}),
        ({"IPAM": ipam(SIX)}, [{"Subnet": OTHER}], {"a": "b"}),
        ({"IPAM": ipam(SIX, {**FOUR, "IPRange": "172.18.5.0/24"}, {"Subnet": "fd13::/64"})}, None, {"a": "b"}),
        ({"EnableIPv6": False, "IPAM": ipam(FOUR)}, [FOUR, {"Subnet": OTHER}], {"a": "b"}),
        # Compose would make the network again if it found another hash than its file's.
        ({"Labels": {"a": "b", HASH: "0123", f"{HASH}s": "c"}}, None, {"a": "b", f"{HASH}s": "c"}),
        ({"Labels": {HASH: "0123"}}, None, {}),
        ({"Labels": {}}, None, {}),
    ],
)
def test_with_ipv6(more: dict[str, t.Any], config: t.Any, labels: dict[str, str]) -> None:
    """Only the IPv6 subnet is another, and Compose's hash goes; all that is not said stays."""
    old = definitions.of_network({**NETWORK_28, **more})
    new = definitions.load(definitions.with_ipv6(old, OTHER))
    before = definitions.load(old)
    four = [one for one in before["IPAM"]["Config"] if ":" not in one["Subnet"]]
    assert new["IPAM"] == {**before["IPAM"], "Config": [*four, {"Subnet": OTHER}] if config is None else config}
    assert (new["EnableIPv6"], new.get("Labels", {})) == (True, labels)
    untouched = ("Name", "Driver", "Internal", "Attachable", "ConfigOnly", "EnableIPv4", "Options")
    assert [new.get(name) for name in untouched] == [before.get(name) for name in untouched]
    assert set(new) - {"Labels"} == set(before) - {"Labels"}
    assert definitions.with_ipv6(definitions.dump(new), OTHER) == definitions.dump(new)


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        (definitions.of_network(NETWORK_28), ["172.18.0.0/16", ULA]),
        (definitions.new_network("n", ULA, {}), [ULA]),
        (definitions.dump({"IPAM": ipam()}), []),
        (definitions.dump({"IPAM": ipam({"Gateway": "172.18.0.1"})}), []),
    ],
)
def test_subnets(definition: str, expected: list[str]) -> None:
    assert definitions.subnets(definition) == expected


# --- whether two definitions are about the same network


@pytest.mark.parametrize("one", ENGINES)
@pytest.mark.parametrize("other", ENGINES)
def test_same_network_after_an_upgrade(one: str, other: str) -> None:
    """An engine may begin to say what an older one did not: whether there is IPv4, or the gateway that it chose."""
    left, right = (definitions.of_network(ENGINES[engine]) for engine in (one, other))
    assert definitions.same_network(left, right)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, True),
        ({"Id": "f" * 64, "Created": "2026-05-06T07:08:09Z", "Containers": {}}, True),
        ({"IPAM": ipam(SIX, FOUR)}, True),
        ({"IPAM": ipam(SIX, {"Subnet": "172.18.0.9/16"})}, True),
        ({"IPAM": ipam(FOUR)}, False),
        ({"IPAM": ipam(FOUR, {"Subnet": OTHER})}, False),
        ({"IPAM": ipam({"Subnet": "172.19.0.0/16"}, SIX)}, False),
        ({"IPAM": ipam(FOUR, SIX, {"Subnet": OTHER})}, False),
        ({"EnableIPv6": False}, False),
        ({"Internal": True}, False),
        ({"Driver": "macvlan"}, False),
        ({"Options": {"com.docker.network.driver.mtu": "1500"}}, False),
        ({"Labels": {"a": "c"}}, False),
        ({"Labels": {"a": "b", HASH: "0123"}}, False),
    ],
)
def test_same_network(more: dict[str, t.Any], expected: bool) -> None:
    pair = definitions.of_network(NETWORK_28), definitions.of_network({**NETWORK_28, **more})
    assert definitions.same_network(*pair) is expected
    assert definitions.same_network(*reversed(pair)) is expected


@pytest.mark.parametrize("labels", [{}, None, {HASH: "0123"}])
@pytest.mark.parametrize("engine", ENGINES)
def test_same_network_as_the_one_that_was_made(engine: str, labels: t.Any) -> None:
    """What an engine says of a network without labels is the same as what it was sent."""
    sent = definitions.with_ipv6(definitions.of_network({**ENGINES[engine], "Labels": labels}), OTHER)
    said = definitions.of_network({**definitions.load(sent), "Labels": {}, "Id": "d" * 64})
    assert definitions.same_network(said, sent)
    assert definitions.same_network(sent, said)


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ({"Options": {}}, True),
        ({"Options": None}, True),
        ({"Labels": {}}, True),
        ({"Labels": None}, True),
        ({"Internal": False}, True),
        ({"EnableIPv6": False}, True),
        ({"Driver": ""}, True),
        ({"Options": {"a": ""}}, False),
        ({"Labels": {"a": ""}}, False),
        ({"Internal": True}, False),
        ({"EnableIPv6": True}, False),
        ({"Driver": "bridge"}, False),
    ],
)
def test_what_is_empty_is_the_same_as_what_is_not_said(said: dict[str, t.Any], same: bool) -> None:
    body = {"Name": "n", "IPAM": ipam(FOUR)}
    pair = definitions.dump(body), definitions.dump({**body, **said})
    assert definitions.same_network(*pair) is same
    assert definitions.same_network(*reversed(pair)) is same


# --- endpoints

ID = "0123456789ab" + "c" * 52
# docker run --network old --network-alias uno --network-alias eins --name one
ENDPOINT_20: dict[str, t.Any] = {
    "IPAMConfig": {},
    "Links": None,
    "Aliases": ["uno", "eins", ID[:12]],
    "NetworkID": "b" * 64,
    "EndpointID": "e" * 64,
    "Gateway": "172.18.0.1",
    "IPAddress": "172.18.0.2",
    "IPPrefixLen": 16,
    "IPv6Gateway": "fd5c:1ab0:7e57:1::1",
    "GlobalIPv6Address": "fd5c:1ab0:7e57:1::2",
    "GlobalIPv6PrefixLen": 64,
    "MacAddress": "02:42:ac:12:00:02",
    "DriverOpts": None,
}
ENDPOINT_26 = {**ENDPOINT_20, "IPAMConfig": None, "Aliases": ["uno", "eins"], "DNSNames": ["one", "uno", "eins", "x"]}
ENDPOINT_28 = {**ENDPOINT_26, "IPAMConfig": {}, "GwPriority": 0, "DriverOpts": {}}


def place(found: dict[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    """The definition of an endpoint, read again."""
    return definitions.load(definitions.of_endpoint({**found, **more}, ID))


@pytest.mark.parametrize("found", [ENDPOINT_20, ENDPOINT_26, ENDPOINT_28])
def test_endpoint_is_the_same_from_every_engine(found: dict[str, t.Any]) -> None:
    """What the engine handed out is not requested again."""
    assert place(found) == {"Aliases": ["uno", "eins"]}


STATIC = {"IPv4Address": "172.18.0.99", "IPv6Address": "fd5c:1ab0:7e57:1::99"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"Aliases": None}, {}),
        ({"Aliases": []}, {}),
        ({"Aliases": [ID[:12]]}, {}),
        # Order is kept, and a name that only looks like it is not a short id of its own.
        ({"Aliases": ["z", ID[:12], "a", "z2"]}, {"Aliases": ["z", "a", "z2"]}),
        ({"Aliases": ["d" * 12, ID[:11], ID]}, {"Aliases": ["d" * 12, ID[:11], ID]}),
        ({"Aliases": None, "IPAMConfig": {}}, {}),
        ({"Aliases": None, "IPAMConfig": {"IPv4Address": "", "LinkLocalIPs": None}}, {}),
        ({"Aliases": None, "IPAMConfig": STATIC}, {"IPAMConfig": STATIC}),
        (
            {"Aliases": None, "IPAMConfig": {"IPv4Address": "172.18.0.99", "IPv6Address": ""}},
            {"IPAMConfig": {"IPv4Address": "172.18.0.99"}},
        ),
        (
            {"Aliases": None, "IPAMConfig": {"LinkLocalIPs": ["169.254.1.1"]}},
            {"IPAMConfig": {"LinkLocalIPs": ["169.254.1.1"]}},
        ),
        ({"Aliases": None, "Links": ["one:linked"]}, {"Links": ["one:linked"]}),
        ({"Aliases": None, "Links": []}, {}),
        ({"Aliases": None, "DriverOpts": {"a": "b"}}, {"DriverOpts": {"a": "b"}}),
        ({"Aliases": None, "GwPriority": 0}, {}),
        ({"Aliases": None, "GwPriority": 7}, {"GwPriority": 7}),
        ({"Aliases": None, "GwPriority": -7}, {"GwPriority": -7}),
    ],
)
@pytest.mark.parametrize("found", [ENDPOINT_20, ENDPOINT_26, ENDPOINT_28])
def test_fields_of_an_endpoint(found: dict[str, t.Any], more: dict[str, t.Any], expected: dict[str, t.Any]) -> None:
    assert place(found, **more) == expected
    assert place(expected) == expected


def test_endpoint_that_says_nothing() -> None:
    assert definitions.of_endpoint({}, ID) == "{}"


FULL = definitions.dump({"Aliases": ["b", "a"], "IPAMConfig": STATIC, "Links": ["x:y"], "GwPriority": 7})


@pytest.mark.parametrize(
    ("definition", "names", "addresses"),
    [
        ("{}", "{}", []),
        (FULL, '{"Aliases":["b","a"]}', [ipaddress.ip_address(one) for one in STATIC.values()]),
        ('{"GwPriority":7,"Links":["x:y"]}', "{}", []),
        ('{"IPAMConfig":{"IPv6Address":"fd00::7"}}', "{}", [ipaddress.ip_address("fd00::7")]),
        ('{"IPAMConfig":{"LinkLocalIPs":["169.254.1.1"]}}', "{}", []),
    ],
)
def test_parts_of_an_endpoint(definition: str, names: str, addresses: list[t.Any]) -> None:
    assert definitions.with_aliases(definition) == names
    assert definitions.static_addresses(definition) == addresses


# --- whatever an engine may say

words = st.text(st.characters(codec="utf-8"), max_size=6)
maps = st.one_of(st.none(), st.dictionaries(words, words, max_size=3))
octets = st.integers(0, 255)
configs = st.builds(
    lambda second, third, gateway: {
        "Subnet": f"10.{second}.{third}.0/24",
        **({"Gateway": f"10.{second}.{third}.1"} if gateway else {}),
    },
    octets,
    octets,
    st.booleans(),
)
configs6 = st.builds(
    lambda number, suffix: {"Subnet": f"fd{number:02x}::/64", "Gateway": f"fd{number:02x}::1{suffix}"},
    octets,
    st.sampled_from(["", "/64"]),
)
networks = st.fixed_dictionaries(
    {"Name": words, "Driver": st.just("bridge")},
    optional={
        "Id": words,
        "EnableIPv4": st.booleans(),
        "EnableIPv6": st.booleans(),
        "Internal": st.booleans(),
        "Attachable": st.booleans(),
        "ConfigFrom": st.sampled_from([None, {"Network": ""}, {"Network": "x"}]),
        "Options": maps,
        "Labels": st.one_of(maps, st.just({HASH: "0"})),
        "IPAM": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {"Config": st.lists(st.one_of(configs, configs6), max_size=3, unique_by=lambda one: one["Subnet"])},
                optional={"Driver": st.sampled_from(["default", "x"]), "Options": maps},
            ),
        ),
    },
)


@settings(max_examples=60)
@given(networks)
def test_what_is_sent_is_found_again(inspected: dict[str, t.Any]) -> None:
    definition = definitions.of_network(inspected)
    assert definitions.of_network(definitions.load(definition)) == definition
    assert definitions.same_network(definition, definition)
    changed = definitions.with_ipv6(definition, OTHER)
    assert definitions.with_ipv6(changed, OTHER) == changed
    six = [one for one in definitions.subnets(changed) if ":" in one]
    assert six == [OTHER]
    four = [[one for one in definitions.subnets(some) if ":" not in one] for some in (definition, changed)]
    assert four[0] == four[1]
    assert HASH not in definitions.load(changed).get("Labels", {})


endpoints = st.fixed_dictionaries(
    {},
    optional={
        "IPAMConfig": st.one_of(
            st.none(), st.dictionaries(st.sampled_from(["IPv4Address", "IPv6Address"]), st.sampled_from(["", "x"]))
        ),
        "Aliases": st.one_of(st.none(), st.lists(st.one_of(words, st.just(ID[:12])), max_size=4)),
        "Links": st.one_of(st.none(), st.lists(words, max_size=2)),
        "DriverOpts": maps,
        "GwPriority": st.integers(-2, 2),
        "IPAddress": words,
        "DNSNames": st.lists(words, max_size=2),
    },
)


@settings(max_examples=60)
@given(endpoints)
def test_what_connects_is_found_again(found: dict[str, t.Any]) -> None:
    definition = definitions.of_endpoint(found, ID)
    assert definitions.of_endpoint(definitions.load(definition), ID) == definition
    assert set(definitions.load(definition)) <= {"IPAMConfig", "Aliases", "Links", "DriverOpts", "GwPriority"}
    assert all(definitions.load(definition).values())
    names = [one for one in found.get("Aliases") or [] if one != ID[:12]]
    assert definitions.load(definition).get("Aliases", []) == names
