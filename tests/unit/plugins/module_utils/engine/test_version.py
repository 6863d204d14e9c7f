# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Engine versions and their capabilities."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.engine.version import Version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("26.1.5+dfsg1", Version(26, 1, 5)),
        ("28.0.0-ce", Version(28, 0, 0)),
        ("29.0.0-rc.1", Version(29, 0, 0)),
        ("20.10.24+dfsg1", Version(20, 10, 24)),
        ("v28.5.2", Version(28, 5, 2)),
        ("28.5.2+dfsg3-1", Version(28, 5, 2)),
        ("19.03.15", Version(19, 3, 15)),
        ("27.0", Version(27, 0, 0)),
        ("27.0-dev", Version(27, 0, 0)),
        (" 23.0.1\n", Version(23, 0, 1)),
        ("20.10.5~3.gbp4c0a2f", Version(20, 10, 5)),
    ],
)
def test_parse(text: str, version: Version) -> None:
    assert engine_version.parse(text) == version


@pytest.mark.parametrize("text", ["", "dev", "library-import", "28", "x28.0.0", ".28.0", "v", "twenty.ten", "-1.2"])
def test_parse_refuses(text: str) -> None:
    with pytest.raises(Refused, match="is not a Docker Engine version") as reason:
        engine_version.parse(text)
    assert repr(text) in str(reason.value)


# capability -> the last release without it, the first with it.
BOUNDARIES = {
    "ip6tables": ("19.03.15", "20.10.0"),
    "ipv6_binding_listed": ("20.10.5", "20.10.6"),
    "docker_user_ipv6": ("20.10.27", "23.0.0"),
    "validate": ("20.10.27", "23.0.0"),
    "empty_file": ("20.10.27", "23.0.0"),
    "userland_proxy_rules_go": ("20.10.27", "23.0.0"),
    "placeholder_of_one_family": ("20.10.4", "20.10.5"),
    "plain_pool_gateway": ("28.0.0", "28.0.1"),
    "default_network_opts": ("23.0.15", "24.0.0"),
    "strict_networks": ("24.0.9", "25.0.0"),
    "mac_of_endpoint": ("24.0.9", "25.0.0"),
    "mac_on_connect": ("29.2.9", "29.3.0"),
    "ip6tables_by_default": ("26.1.5", "27.0.1"),
    "builtin_ula_pool": ("26.1.5", "27.0.1"),
    "gateway_mode_routed": ("26.1.5", "27.0.1"),
    "firewalld_policy": ("26.1.5", "27.0.1"),
    "default_bridge_without_subnet": ("27.5.1", "28.0.0"),
    "ipv6_subnet_beyond_64": ("27.5.1", "28.0.0"),
    "forward_policy_kept": ("27.5.1", "28.0.0"),
    "direct_access_closed": ("27.5.1", "28.0.0"),
    "address_of_other_family_refused": ("29.0.3", "29.0.4"),
    "routed_beside_gateway": ("28.5.2", "29.0.0"),
    "firewall_backend": ("28.5.2", "29.0.0"),
    "info_userland_proxy": ("29.4.9", "29.5.0"),
}


def test_each_capability_has_a_boundary_here() -> None:
    assert set(BOUNDARIES) == set(engine_version.CAPABILITIES)


def test_every_boundary_has_a_source() -> None:
    """A comment over it, or over the one before it that it stands together with."""
    text = Path(engine_version.__file__).read_text(encoding="utf-8").partition("CAPABILITIES: ")[2].partition("}\n")[0]
    groups = re.findall(r'((?:    #.*\n)+)((?:    ".*\n)+)', text)
    assert {name for _why, names in groups for name in re.findall(r'"(\w+)": Version', names)} == set(BOUNDARIES)
    for why, names in groups:
        assert re.search(r"moby#\d+|release notes|reference|history|seen on", why), names


@pytest.mark.parametrize("capability", BOUNDARIES)
def test_capability_begins_at_its_boundary(capability: str) -> None:
    without, with_it = (engine_version.parse(one) for one in BOUNDARIES[capability])
    assert not engine_version.has(without, capability)
    assert engine_version.has(with_it, capability)


@pytest.mark.parametrize(("text", "expected"), [("27.0.0-rc.1", True), ("28.0.0-ce", True), ("26.99.99", False)])
def test_prerelease_has_what_its_release_has(text: str, expected: bool) -> None:
    assert engine_version.has(engine_version.parse(text), "ip6tables_by_default") is expected


def test_unknown_capability_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        engine_version.has(Version(28, 0), "no such thing")


@pytest.mark.parametrize(
    ("version", "first", "last", "expected"),
    [
        (Version(20, 10), None, None, True),
        (Version(23, 0), Version(23, 0), None, True),
        (Version(20, 10, 27), Version(23, 0), None, False),
        (Version(23, 0), None, Version(23, 0), False),
        (Version(20, 10, 27), None, Version(23, 0), True),
        (Version(25, 0), Version(24, 0), Version(26, 0), True),
        (Version(26, 0), Version(24, 0), Version(26, 0), False),
    ],
)
def test_between(version: Version, first: Version | None, last: Version | None, expected: bool) -> None:
    assert engine_version.between(version, first, last) is expected


@pytest.mark.parametrize("text", ["19.03.15", "18.9.1", "1.13.1", "20.9.99"])
def test_old_engines_are_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"ip6tables came with 20\.10\.0"):
        engine_version.refuse_too_old(engine_version.parse(text))


@pytest.mark.parametrize("text", ["20.10.0", "20.10.24+dfsg1", "26.1.5", "29.0.0"])
def test_supported_engines_are_not_refused(text: str) -> None:
    engine_version.refuse_too_old(engine_version.parse(text))


def test_versions_are_printed_with_three_numbers() -> None:
    assert str(engine_version.parse("27.0")) == "27.0.0"
