# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 in the address pools of a daemon."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import address_pools, combinations
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version

MACHINE = "0123456789abcdef0123456789abcdef"
OLD, NEW = (engine_version.parse(text) for text in ("26.1.5", "28.5.2"))
OWN = {"base": "10.128.0.0/12", "size": 24}
SIX = {"base": "fd5c:1ab0:7::/56", "size": 64}
NETWORKS_ASK = {"bridge": {"com.docker.network.enable_ipv6": "true"}}


def pools(text: str, there: list[t.Any] | None, version: engine_version.Version) -> list[t.Any]:
    file_settings = {} if there is None else {address_pools.POOLS: there}
    wanted = address_pools.settings(text, MACHINE, file_settings, version)
    assert wanted.get(address_pools.NETWORK_OPTS) == (NETWORKS_ASK if version == NEW else None)
    # What it gives is accepted by the rules for that engine, and asking again gives the same.
    combinations.refuse_start(wanted, {}, version, "daemon.json")
    assert address_pools.settings(text, MACHINE, {**file_settings, **wanted}, version) == wanted
    return t.cast("list[t.Any]", wanted[address_pools.POOLS])


@pytest.mark.parametrize("version", [OLD, NEW])
def test_the_built_in_pools_are_written_out(version: engine_version.Version) -> None:
    *four, six = pools("auto", None, version)
    assert [(one["base"], one["size"]) for one in four] == list(address_pools.BUILT_IN)
    assert ipaddress.IPv6Network(six["base"]).subnet_of(ipaddress.IPv6Network("fd00::/8"))
    assert (ipaddress.IPv6Network(six["base"]).prefixlen, six["size"]) == ((64, 72) if version == OLD else (56, 64))


def test_the_users_own_pools_stay() -> None:
    assert pools("auto", [OWN], NEW)[0] == OWN
    assert len(pools("auto", [OWN], NEW)) == 2
    assert pools("auto", [OWN, SIX], NEW) == [OWN, SIX]
    assert pools("fd5c:1ab0:8::/56", [OWN, SIX], NEW) == [OWN, SIX, {"base": "fd5c:1ab0:8::/56", "size": 64}]
    assert pools("fd5c:1ab0:7::/56", [OWN, SIX], NEW) == [OWN, SIX]


@pytest.mark.parametrize(
    ("text", "version", "size"),
    [("fd5c:1ab0:7::/48", NEW, 64), ("fd5c:1ab0:7::/64", NEW, 72), ("fd5c:1ab0:7::/80", OLD, 88)],
)
def test_size_of_the_parts(text: str, version: engine_version.Version, size: int) -> None:
    assert pools(text, [OWN], version)[1] == {"base": text, "size": size}


@pytest.mark.parametrize(
    ("text", "version", "words"),
    [
        ("fd5c:1ab0:7::/56", OLD, "cannot be split into 256 subnets on Docker Engine 26.1.5. Give a /64."),
        ("fd5c:1ab0:7::/124", NEW, "cannot be split into 256 subnets"),
        ("2001:db8::/56", NEW, "address_pool: 2001:db8::/56 is reserved for documentation"),
        ("10.0.0.0/8", NEW, "address_pool: 10.0.0.0/8 is IPv4"),
    ],
)
def test_refused(text: str, version: engine_version.Version, words: str) -> None:
    with pytest.raises(Refused) as reason:
        address_pools.settings(text, MACHINE, {}, version)
    assert words in str(reason.value)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ({}, []),
        ({"ID": "x", "ServerVersion": "26.1.5"}, []),
        ({"DefaultAddressPools": [{"Base": "10.0.0.0/8", "Size": 24}], "ServerVersion": "26.1.5"}, []),
        (
            {"DefaultAddressPools": [{"Base": "fd12::/56", "Size": 64}], "ID": "x", "ServerVersion": "28.5.2"},
            [("address pool fd12::/56", ipaddress.IPv6Network("fd12::/56"))],
        ),
    ],
)
def test_taken(info: dict[str, t.Any], expected: list[t.Any]) -> None:
    assert address_pools.taken(info) == expected


def test_the_built_in_pool_is_taken() -> None:
    ((label, network),) = address_pools.taken({"ID": "x", "ServerVersion": "28.5.2"})
    assert label == "the engine's built-in address pool"
    assert network.prefixlen == 48


RELOADED = {"DefaultAddressPools": [{"Base": "invalid Prefix", "Size": 0}], "ID": "x", "ServerVersion": "28.5.2"}


def test_pools_that_the_engine_no_longer_tells() -> None:
    """Seen on 28.5.2 after any reload."""
    loaded = {address_pools.POOLS: [{"base": "10.0.0.0/8", "size": 24}, {"base": "fd12::/56", "size": 64}]}
    assert address_pools.taken(RELOADED, loaded) == [("address pool fd12::/56", ipaddress.IPv6Network("fd12::/56"))]
    for unknown in ({}, None, {address_pools.POOLS: ["odd"]}):
        ((label, _network),) = address_pools.taken(RELOADED, unknown)
        assert label == "the engine's built-in address pool"
