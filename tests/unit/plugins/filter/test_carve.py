# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter carve: a part of a host's prefix."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.dms.ipv6.plugins.filter import carve

HOST = "2001:2:0:1::/64"
part_of = carve.FilterModule().filters()["carve"]


@pytest.mark.parametrize(
    ("arguments", "options", "expected"),
    [
        ((80,), {}, "2001:2:0:1:1ab0::/80"),
        ((80, [], "dms-ipv6"), {}, "2001:2:0:1:a6a3::/80"),
        (("80",), {"avoid": (), "name": "dms-ipv6"}, "2001:2:0:1:a6a3::/80"),
        ((80,), {"avoid": ["2001:2:0:1:a6a3::5"], "name": "dms-ipv6"}, "2001:2:0:1:a6a4::/80"),
        ((80,), {"avoid": ["2001:2:0:1:a6a3::5/64", "10.0.0.1/8"], "name": "dms-ipv6"}, "2001:2:0:1:a6a4::/80"),
        ((80,), {"avoid": ["2001:2:0:1:a000::/68", "fe80::1%eth0"], "name": "dms-ipv6"}, "2001:2:0:1:b000::/80"),
        ((80,), {"avoid": map(str, ["2001:2:0:1:a6a3::5"]), "name": "dms-ipv6"}, "2001:2:0:1:a6a4::/80"),
        ((80,), {"name": 7}, part_of(HOST, 80, [], "7")),
        ((112,), {"name": "dms-ipv6"}, "2001:2:0:1:c6ea:74b8:6b00:0/112"),
    ],
)
def test_carve(arguments: tuple[t.Any, ...], options: dict[str, t.Any], expected: str) -> None:
    assert part_of(HOST, *arguments, **options) == expected


@pytest.mark.parametrize(
    ("prefix", "length", "options", "words"),
    [
        (
            "2001:2:0:1::",
            80,
            {},
            "carve: '2001:2:0:1::' is not a CIDR: the prefix length is missing. Give the prefix that",
        ),
        ("2001:2:0:1::5/64", 80, {}, "carve: 2001:2:0:1::5/64 has host bits set. Did you mean 2001:2:0:1::/64."),
        ("10.0.0.0/8", 80, {}, "carve: 10.0.0.0/8 is IPv4."),
        (None, 80, {}, "carve: 'None' is not a CIDR"),
        ("2001:db8::/64", 80, {}, "2001:db8::/64 is reserved for documentation (RFC 3849)."),
        (HOST, 64, {}, "prefix_length: a /64 is not a part of 2001:2:0:1::/64. Docker must not get"),
        (HOST, 127, {}, "prefix_length: 127 is not between 49 and 126."),
        (HOST, "eighty", {}, "prefix_length: 'eighty' is not a whole number."),
        (HOST, 80, {"avoid": "2001:2:0:1::1"}, "avoid: '2001:2:0:1::1' is not a list."),
        (HOST, 80, {"avoid": None}, "avoid: None is not a list."),
        (HOST, 80, {"avoid": {"a": 1}}, "avoid: {'a': 1} is not a list."),
        (HOST, 80, {"avoid": ["eth0"]}, "avoid: 'eth0' is neither an address nor a CIDR."),
        (HOST, 80, {"avoid": [HOST]}, "no /80 of 2001:2:0:1::/64 is free. Look for a network in `avoid`"),
    ],
)
def test_refused(prefix: object, length: object, options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(AnsibleFilterError) as reason:
        part_of(prefix, length, **options)
    assert words in str(reason.value)
    assert "\n" not in str(reason.value)


def test_documented_options_are_the_parameters() -> None:
    documentation = yaml.safe_load(carve.DOCUMENTATION)
    names = [name for name in documentation["options"] if name != "_input"]
    assert names == list(carve.carve.__code__.co_varnames[1:4])
    assert documentation["positional"].split(", ") == names


def test_documented_example() -> None:
    example = yaml.safe_load(carve.EXAMPLES)[0]["vars"]
    carved = part_of(HOST, 80, [example["router"], example["host"]], "dms-ipv6")
    assert carved in carve.EXAMPLES
    assert carved == yaml.safe_load(carve.RETURN)["_value"]["sample"]
