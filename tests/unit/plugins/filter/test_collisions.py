# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter collisions: which hosts of an inventory overlap."""

from __future__ import annotations

import time
import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.dms.ipv6.plugins.filter import collisions, ula

find = collisions.FilterModule().filters()["collisions"]


@pytest.mark.parametrize(
    ("subnets", "expected"),
    [
        ({}, []),
        ({"a": "fd12::/64", "b": "fd12:0:0:1::/64"}, []),
        ({"a": ["fd12::/64", "fd12::/80"], "b": []}, []),
        (
            {"b": "FD12:0::/64", "a": "fd12::/64", "c": "fd13::/64"},
            [{"hosts": ["a", "b"], "subnets": ["fd12::/64"] * 2, "message": "a and b both have fd12::/64"}],
        ),
        (
            {"a": ["fd11::/64", "fd12::/64"], "b": ("fd12::/48",)},
            [
                {
                    "hosts": ["b", "a"],
                    "subnets": ["fd12::/48", "fd12::/64"],
                    "message": "fd12::/48 of b contains fd12::/64 of a",
                }
            ],
        ),
        (
            {1: "2001:db8::/32", "b": "2001:db8::/64"},
            [
                {
                    "hosts": ["1", "b"],
                    "subnets": ["2001:db8::/32", "2001:db8::/64"],
                    "message": "2001:db8::/32 of 1 contains 2001:db8::/64 of b",
                }
            ],
        ),
    ],
)
def test_collisions(subnets: t.Any, expected: list[dict[str, t.Any]]) -> None:
    assert find(subnets) == expected


def test_generators_are_lists_as_well() -> None:
    assert len(find({"a": (text for text in ["fd12::/64"]), "b": map(str, ["fd12::/64"])})) == 1


@pytest.mark.parametrize(
    ("options", "expected"), [({}, 100), ({"limit": 3}, 3), ({"limit": "1"}, 1), ({"limit": 500}, 190)]
)
def test_limit(options: dict[str, t.Any], expected: int) -> None:
    assert len(find({f"host{number}": "fd12::/64" for number in range(20)}, **options)) == expected


@pytest.mark.parametrize(
    ("subnets", "options", "words"),
    [
        (["fd12::/64"], {}, "collisions: ['fd12::/64'] is not a dictionary of subnets by host."),
        ("fd12::/64", {}, "collisions: 'fd12::/64' is not a dictionary"),
        (None, {}, "collisions: None is not a dictionary"),
        (
            {"mail1": "auto"},
            {},
            "mail1: 'auto' is not a CIDR: the prefix length is missing. Give CIDRs; what `auto` means",
        ),
        ({"mail1": "fd12::/64", "mail2": ["fd12::1/64"]}, {}, "mail2: fd12::1/64 has host bits set. Did you mean"),
        ({"mail1": ""}, {}, "mail1: '' is not a CIDR"),
        ({"mail1": None}, {}, "mail1: 'None' is not a CIDR"),
        ({"mail1": {"subnet": "fd12::/64"}}, {}, "mail1: '{'subnet': 'fd12::/64'}' is not a CIDR"),
        ({"mail1": "10.0.0.0/8"}, {}, "mail1: 10.0.0.0/8 is IPv4."),
        ({}, {"limit": 0}, "limit: 0 is less than 1."),
        ({}, {"limit": None}, "limit: None is not a whole number."),
    ],
)
def test_refused(subnets: t.Any, options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(AnsibleFilterError) as reason:
        find(subnets, **options)
    assert words in str(reason.value)
    assert "\n" not in str(reason.value)


def test_an_inventory_of_ten_thousand(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints how long it takes; a busy machine is not a bug."""
    derive = ula.FilterModule().filters()["ula"]
    inventory = {f"host{number:05}": derive(f"{number:032x}") for number in range(10_000)}
    start = time.perf_counter()
    assert find(inventory) == []
    end = time.perf_counter()
    inventory["copy"] = inventory["host04711"]
    (found,) = find(inventory)
    assert found["hosts"] == ["copy", "host04711"]
    copies = dict.fromkeys(inventory, inventory["copy"])
    before = time.perf_counter()
    assert len(find(copies)) == 100
    after = time.perf_counter()
    with capsys.disabled():
        print(f"\ninventory of 10,000: {end - start:.3f} s; all of them copies: {after - before:.3f} s")


def test_documented_options_are_the_parameters() -> None:
    documentation = yaml.safe_load(collisions.DOCUMENTATION)
    assert list(documentation["options"]) == ["_input", documentation["positional"]]
    assert collisions.collisions.__defaults__ == (documentation["options"]["limit"]["default"],)


def test_documented_fields_are_those_returned() -> None:
    returned = yaml.safe_load(collisions.RETURN)["_value"]["contains"]
    sample = {name: field["sample"] for name, field in returned.items()}
    assert find(dict(zip(sample["hosts"], sample["subnets"]))) == [sample]
