# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and values of variables, held against the role's own argument spec."""

from __future__ import annotations

import typing as t
from pathlib import Path

import ansible_collections.dms.ipv6 as checkout
import pytest
import yaml
from ansible_collections.dms.ipv6.plugins.action.preflight import convert
from ansible_collections.dms.ipv6.plugins.plugin_utils.preflight import variables

ROLE = Path(checkout.__path__[0]) / "roles" / "dms_ipv6"
OPTIONS = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dms_ipv6_container", "Did you mean dms_ipv6_containers?"),
        ("dms_ipv6_probe_host", "Did you mean dms_ipv6_probe_hosts?"),
        ("dms_ipv6_contaners", "Did you mean dms_ipv6_containers?"),
        ("dms_ipv6_zebra", "See ansible-doc -t role dms.ipv6.dms_ipv6."),
        ("DMS_IPV6_CONTAINERS", "Did you mean dms_ipv6_containers?"),
        ("dms-ipv6-network", "Did you mean dms_ipv6_network?"),
    ],
)
def test_unknown(name: str, words: str) -> None:
    assert variables.unknown([name, "dms_ipv6_mode"], OPTIONS) == [f"{name} is unknown. {words}"]


def test_defaults_are_well() -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text())
    assert variables.wrong(defaults, OPTIONS, convert) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("containers", "masked"),
        ("containers", "all"),
        ("containers", ["masked", 7]),
        ("confirm_within", "0"),
        ("probe_port", 65535),
        ("relay_test", "false"),
        ("relay_test", True),
        ("serial", "5"),
        ("serial", 0),
        ("serial", ["1", "10%"]),
        ("userland_proxy", None),
        ("packages", {"docker": "python3-docker"}),
        ("hosts", ["a", "b"]),
        ("unknown", "is not looked at here"),
    ],
)
def test_values_that_can_be(name: str, value: t.Any) -> None:
    assert variables.wrong({f"dms_ipv6_{name}": value}, OPTIONS, convert) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("probe_hosts", "a, b", """ must be a list, not 'a, b'. With -e: '{"dms_ipv6_probe_hosts": ["a", "b"]}'."""),
        ("containers", "mail", """ must be a list, or one of the words masked, all, not 'mail'. With -e: '{"dms_i"""),
        ("containers", "ALL", "not 'ALL'"),
        ("fqdns", 5, "must be a list, not 5"),
        ("probe_families", ["ipv5"], "each of dms_ipv6_probe_families must be one of ipv4, ipv6, not 'ipv5'."),
        ("allow_exposure", [{"a": 1}], "each of dms_ipv6_allow_exposure must be a text, not {'a': 1}."),
        ("confirm_within", "abc", " must be a whole number, not 'abc'."),
        ("confirm_within", -1, " must be 0 or more, not -1."),
        ("probe_port", 65536, " must be between 0 and 65535, not 65536."),
        ("prefix_length", "47", " must be between 48 and 126, not 47."),
        ("probe_timeout", [5], " must be a whole number, not [5]."),
        ("relay_test", "maybe", " must be true or false, not 'maybe'."),
        ("mode", "nta", " must be one of audit, nat, routed, prevent, absent, not 'nta'. Did you mean nat?"),
        ("packages", "docker=x", " must be a dictionary, not 'docker=x'."),
        ("subnet", ["fd00::/64"], " must be a text, not ['fd00::/64']."),
        ("serial", "10 %", "dms_ipv6_serial: give numbers of hosts such as 5 or 10%, not 10 %."),
        ("probe_hosts", None, " has no value. Give it one, or leave it out."),
        ("network", "n" * 500, ""),
    ],
)
def test_values_that_cannot(name: str, value: t.Any, words: str) -> None:
    faults = variables.wrong({f"dms_ipv6_{name}": value}, OPTIONS, convert)
    assert len(faults) == (1 if words else 0)
    assert all(words in one and f"dms_ipv6_{name}" in one and len(one) < 250 for one in faults), faults
