# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is decided and said in a roll-out, and by the filters that the playbook uses."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.dms.ipv6.plugins.filter.roll_out_batches import FilterModule as Batches
from ansible_collections.dms.ipv6.plugins.filter.roll_out_hosts import FilterModule as Hosts
from ansible_collections.dms.ipv6.plugins.filter.roll_out_stop import FilterModule as Stop

batches = Batches().filters()["roll_out_batches"]
hosts = Hosts().filters()["roll_out_hosts"]
stop = Stop().filters()["roll_out_stop"]


def host(*steps: str, warnings: t.Any = (), failure: str = "") -> dict[str, t.Any]:
    found: dict[str, t.Any] = {"__dms_ipv6_host": {"plan": {"steps": list(steps), "warnings": list(warnings)}}}
    return {**found, **({"__dms_ipv6_failure": failure} if failure else {})}


@pytest.mark.parametrize(
    ("sizes", "expected"), [(1, ["1"]), ("10%", ["10%"]), ([1, "10%", "25%"], ["1", "10%", "25%"]), ([], [])]
)
def test_batches(sizes: t.Any, expected: list[str]) -> None:
    assert batches(sizes) == expected


@pytest.mark.parametrize("sizes", ["some", "-1", "5 %", ["1", "x"], "1\n", "½", {"a": 1}])
def test_bad_batches(sizes: t.Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^dms_ipv6_serial: give numbers of hosts such as 5 or 10%, not "):
        batches(sizes)


def test_hosts_to_change() -> None:
    """Those that are as wanted, were not read, or failed to be read, have no turn."""
    variables = {
        "a": host("create"), "b": host(), "c": {}, "d": {"__dms_ipv6_host": {"failed": True}}, "e": host("restart"),
    }  # fmt: skip
    assert hosts(variables, ["e", "d", "c", "b", "a", "unknown"]) == ["e", "a"]
    assert hosts({}, []) == []


@pytest.mark.parametrize(
    ("there", "batch", "failures", "expected"),
    [
        ("abcd", "ab", {"b": "b: no."}, "b: no. As wanted: a. Not touched: c, d."),
        ("abcd", "a", {"a": "a: no."}, "a: no. As wanted: none. Not touched: b, c, d."),
        ("acd", "a", {}, "Out of reach: b. As wanted: a. Not touched: c, d."),
        ("abc", "c", {"c": "c: no."}, "c: no. Out of reach: d. As wanted: a, b. Not touched: none."),
        ("ab", "b", {}, "Out of reach: c, d. As wanted: a, b. Not touched: none."),
        # What failed in an earlier batch has ended the run by then.
        ("abcd", "cd", {"c": "c: no.", "d": "d: no."}, "c: no. d: no. As wanted: a, b. Not touched: none."),
    ],
)
def test_stop(there: str, batch: str, failures: dict[str, str], expected: str) -> None:
    variables = {name: host("create", failure=failures.get(name, "")) for name in "abcd"}
    assert stop(variables, [*"abcd"], [*there], [*batch]) == f"The roll-out stops. {expected}"
    checked = stop(variables, [*"abcd"], [*there], [*batch], True)
    assert checked == f"The roll-out stops. {expected}".replace("As wanted", "Could be changed")


def test_many_hosts_are_looked_at_once() -> None:
    """No work grows with the square of the number of hosts."""

    class Counting(dict[str, dict[str, t.Any]]):
        reads = 0

        def __getitem__(self, name: str) -> dict[str, t.Any]:
            Counting.reads += 1
            return super().__getitem__(name)

    names = [f"h{number}" for number in range(1000)]
    variables = Counting({name: host("create") for name in names})
    assert len(hosts(variables, names)) == Counting.reads == 1000
