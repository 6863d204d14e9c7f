# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that an engine does not start with, or does not work with, together."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import combinations
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version

PATH = "/etc/docker/daemon.json"
ENGINES = ["20.10.24", "23.0.15", "26.1.5", "27.5.1", "28.5.2", "29.0.0"]
BEFORE_27, BEFORE_28, FROM_27, ALL = ENGINES[:3], ENGINES[:4], ENGINES[3:], ENGINES
NONE: list[str] = []


def pools(*found: tuple[str, int]) -> dict[str, t.Any]:
    return {"default-address-pools": [{"base": base, "size": size} for base, size in found]}


FOUR = ("10.0.0.0/8", 24)
EXPERIMENTAL = "`ip6tables` needs `experimental: true` on Docker Engine "
SUBNET = "`ipv6` needs `fixed-cidr-v6` on Docker Engine "
ICC = "`icc: false` with `ipv6` needs `ip6tables`"
MEMORY = "makes this engine run out of memory"
LONG = "this engine splits only IPv6 pools of /64 or longer, not "
BRIDGE = {"ipv6": True, "fixed-cidr-v6": "fd12::/64"}

# (settings, flags, engines that refuse, words of the refusal)
RULES: list[tuple[dict[str, t.Any], dict[str, str], list[str], str]] = [
    ({"ip6tables": True}, {}, BEFORE_27, EXPERIMENTAL),
    ({"ip6tables": True, "experimental": False}, {}, BEFORE_27, EXPERIMENTAL),
    ({"ip6tables": True, "experimental": True}, {}, NONE, ""),
    ({"ip6tables": False}, {}, NONE, ""),
    ({"experimental": False}, {}, NONE, ""),
    ({"ip6tables": True}, {"experimental": "true"}, NONE, ""),
    ({"ip6tables": True}, {"experimental": "false"}, BEFORE_27, EXPERIMENTAL),
    ({}, {"ip6tables": "true"}, BEFORE_27, EXPERIMENTAL),
    ({"experimental": True}, {"ip6tables": "true"}, NONE, ""),
    ({"ipv6": True}, {}, BEFORE_28, SUBNET),
    ({"ipv6": True, "fixed-cidr-v6": ""}, {}, BEFORE_28, SUBNET),
    (BRIDGE, {}, NONE, ""),
    ({"ipv6": False}, {}, NONE, ""),
    ({"fixed-cidr-v6": "fd12::/64"}, {"ipv6": "true"}, NONE, ""),
    ({}, {"ipv6": "true"}, BEFORE_28, SUBNET),
    ({**BRIDGE, "icc": False, "ip6tables": False}, {}, FROM_27, ICC),
    ({**BRIDGE, "icc": False}, {"ip6tables": "false"}, FROM_27, ICC),
    ({**BRIDGE, "icc": False}, {}, NONE, ""),
    ({**BRIDGE, "icc": True, "ip6tables": False}, {}, NONE, ""),
    ({"icc": False, "ip6tables": False}, {}, NONE, ""),
    (pools(FOUR), {}, NONE, ""),
    (pools(FOUR, ("fd12::/64", 80)), {}, NONE, ""),
    (pools(("fd12::/64", 80)), {}, ALL, "has no IPv4 pool"),
    (pools(FOUR, ("x", 64)), {}, ALL, "'x' does not appear to be an IPv4 or IPv6 network"),
    (pools(FOUR, ("10.0.0.1/8", 24)), {}, ALL, "10.0.0.1/8 has host bits set"),
    (pools(("10.0.0.0/8", 7)), {}, ALL, "a size of 7 does not fit into 10.0.0.0/8"),
    (pools(("10.0.0.0/8", 33)), {}, ALL, "a size of 33 does not fit into 10.0.0.0/8"),
    (pools(("10.0.0.0/8", 8)), {}, NONE, ""),
    (pools(("10.0.0.0/8", 32)), {}, NONE, ""),
    (pools(FOUR, ("fd12::/64", 63)), {}, ALL, "a size of 63 does not fit into fd12::/64"),
    (pools(FOUR, ("fd12::/64", 129)), {}, ALL, "a size of 129 does not fit into fd12::/64"),
    (pools(FOUR, ("fd12::/48", 64)), {}, BEFORE_27, f"{LONG}fd12::/48"),
    (pools(FOUR, ("fd12::/63", 64)), {}, BEFORE_27, f"{LONG}fd12::/63"),
    (pools(FOUR, ("fd12::/48", 48)), {}, NONE, ""),
    (pools(FOUR, ("fd12::/48", 65)), {}, BEFORE_27, f"fd12::/48 in parts of /65 {MEMORY}"),
    (pools(FOUR, ("fd12::/64", 80)), {}, NONE, ""),
    (pools(FOUR, ("fd12::/64", 81)), {}, BEFORE_27, f"fd12::/64 in parts of /81 {MEMORY}"),
    ({"default-address-pools": []}, {}, NONE, ""),
    ({"default-address-pools": "no list, which the schema refuses"}, {}, NONE, ""),
    ({}, {"hosts": "fd://", "debug": "true"}, NONE, ""),
]


@pytest.mark.parametrize("version", ENGINES)
@pytest.mark.parametrize(("settings", "flags", "refusing", "words"), RULES)
def test_rules(
    settings: dict[str, t.Any], flags: dict[str, str], refusing: list[str], words: str, version: str
) -> None:
    if version not in refusing:
        combinations.refuse_start(settings, flags, engine_version.parse(version), PATH)
        return
    with pytest.raises(Refused) as reason:
        combinations.refuse_start(settings, flags, engine_version.parse(version), PATH)
    assert str(reason.value).startswith(f"{PATH}: `")
    assert words in str(reason.value)
    assert str(reason.value).endswith(". Nothing was changed.")


def test_every_reason_is_named() -> None:
    settings = {"ip6tables": True, "ipv6": True, **pools(("fd12::/64", 80), ("y", 1))}
    with pytest.raises(Refused) as reason:
        combinations.refuse_start(settings, {}, engine_version.parse("26.1.5"), PATH)
    assert all(word in str(reason.value) for word in (EXPERIMENTAL, SUBNET, "no IPv4 pool", "'y' does not appear"))
