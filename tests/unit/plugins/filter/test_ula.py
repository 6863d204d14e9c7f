# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ula: what the role derives."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.dms.ipv6.plugins.filter import ula
from ansible_collections.dms.ipv6.plugins.module_utils.core import ip
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.modes import nat
from ansible_collections.dms.ipv6.plugins.module_utils.network import on_host as network_on_host
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError

ID = "0123456789abcdef0123456789abcdef"
FLEET = "fd5c:1ab0:7e57::/48"
derive = ula.FilterModule().filters()["ula"]


@pytest.mark.parametrize(
    ("unique", "options", "expected"),
    [
        (ID, {}, "fdad:f0b0:1d69:2bda::/64"),
        (f" {ID}\n", {}, "fdad:f0b0:1d69:2bda::/64"),
        (ID, {"name": "dms-ipv6", "prefix_length": "64", "fleet_prefix": ""}, "fdad:f0b0:1d69:2bda::/64"),
        (ID, {"prefix_length": 112}, "fdad:f0b0:1d69:2bda:545c:a02:6c90:0/112"),
        (ID, {"fleet_prefix": FLEET}, "fd5c:1ab0:7e57:2bda::/64"),
        (ID, {"fleet_prefix": FLEET, "prefix_length": 112}, "fd5c:1ab0:7e57:2bda:545c:a02:6c90:0/112"),
        (ID, {"prefix_length": 48, "name": 7, "fleet_prefix": None}, "fdad:f0b0:1d69::/48"),
    ],
)
def test_ula(unique: str, options: dict[str, t.Any], expected: str) -> None:
    assert derive(unique, **options) == expected


@given(
    machine=st.text("0123456789abcdef", min_size=32, max_size=32),
    name=st.text(min_size=1, max_size=12),
    subnet=st.one_of(
        st.tuples(st.integers(48, 126), st.just("")),
        st.tuples(st.integers(network_on_host.SHORTEST_OF_FLEET, 126), st.just(FLEET)),
    ),
)
def test_it_is_what_the_role_derives(machine: str, name: str, subnet: tuple[int, str]) -> None:
    length, fleet = subnet
    role = network_on_host.wanted_network(network_on_host.NetworkOptions(name, "auto", length, fleet), machine)
    assert derive(machine, name, length, fleet) == str(role.subnet)
    assert ip.subnet(derive(machine, name, length, fleet)) == role.subnet


def test_defaults_are_the_role_s() -> None:
    wanted = nat.Wanted()
    assert derive(ID) == derive(ID, wanted.network, wanted.prefix_length, wanted.fleet_prefix)


@pytest.mark.parametrize(
    ("unique", "options", "words"),
    [
        ("", {}, "ula: '' is not a text to derive a subnet from. Give the host's machine-id."),
        ("  ", {}, "ula: '  ' is not a text to derive a subnet from."),
        (None, {}, "ula: 'None' is not a text"),
        (7, {}, "ula: '7' is not a text"),
        ([ID], {}, "ula: '['0123"),
        (ID, {"prefix_length": 47}, "prefix_length: 47 is not between 48 and 126."),
        (ID, {"prefix_length": "127"}, "prefix_length: 127 is not between 48 and 126."),
        (ID, {"prefix_length": "/64"}, "prefix_length: '/64' is not a whole number."),
        (ID, {"fleet_prefix": "fd12::/64"}, "fleet_prefix: fd12::/64 is not a /48. Give one /48 for the whole fleet."),
        (ID, {"fleet_prefix": "2001:db8::/48"}, "fleet_prefix: 2001:db8::/48 is reserved for documentation (RFC 3849)"),
        (ID, {"fleet_prefix": "2001:2::/48"}, "fleet_prefix: 2001:2::/48 is not a ULA. Give a /48 that begins"),
        (ID, {"fleet_prefix": "x"}, "fleet_prefix: 'x' is not a CIDR"),
        *(
            (
                ID,
                {"fleet_prefix": FLEET, "prefix_length": length},
                f"prefix_length: parts of /{length} of the fleet's /48 are too few for a fleet. Give 64 or more.",
            )
            for length in (48, 63)
        ),
    ],
)
def test_refused(unique: object, options: dict[str, t.Any], words: str) -> None:
    with pytest.raises(AnsibleFilterError) as reason:
        derive(unique, **options)
    assert words in str(reason.value)
    assert "\n" not in str(reason.value)


@given(length=st.integers(48, network_on_host.SHORTEST_OF_FLEET - 1))
def test_what_the_role_refuses_is_refused_in_its_words(length: int) -> None:
    with pytest.raises(Refused) as role:
        network_on_host.wanted_network(
            network_on_host.NetworkOptions("dms-ipv6", prefix_length=length, fleet_prefix=FLEET), ID
        )
    with pytest.raises(AnsibleFilterError) as reason:
        derive(ID, prefix_length=length, fleet_prefix=FLEET)
    assert str(reason.value) == str(role.value)


def test_an_undefined_text_is_said_to_be_undefined() -> None:
    """So that ``default`` works on the result; ansible-core 2.16 calls filters with undefined values."""
    with pytest.raises(UndefinedError, match="'machine_id' is undefined"):
        derive(StrictUndefined(name="machine_id"))


def test_documented_options_are_the_parameters() -> None:
    documentation = yaml.safe_load(ula.DOCUMENTATION)
    options = {name: option.get("default") for name, option in documentation["options"].items() if name != "_input"}
    assert options == dict(zip(ula.ula.__code__.co_varnames[1:], ula.ula.__defaults__ or ()))
    assert documentation["positional"].split(", ") == list(options)


def test_documented_example() -> None:
    example = next(one for one in yaml.safe_load(ula.EXAMPLES) if "vars" in one)
    assert derive(example["vars"]["machine_id"], prefix_length=112, fleet_prefix=FLEET) in ula.EXAMPLES
    assert derive(ID) == yaml.safe_load(ula.RETURN)["_value"]["sample"]
