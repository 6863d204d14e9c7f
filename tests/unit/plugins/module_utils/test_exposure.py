# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What remote clients get, against what was measured on real engines."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _exposure, _found
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import PORT4, PORT6, container, endpoint

FOUR, SIX = "172.17.0.1", "fd5c:1ab0:7e57:1::1"

# (dual-stack, ip6tables, userland-proxy, verdict, by); None: nobody can tell.
MEASURED = [
    (False, False, True, "masked", FOUR),
    (False, True, True, "masked", FOUR),
    (False, False, False, "refused", ""),
    (False, True, False, "refused", ""),
    (True, False, True, "masked", SIX),
    (True, False, False, "timeout", ""),
    (True, True, True, "real", ""),
    (True, True, False, "real", ""),
]
NOT_KNOWN = [
    (False, None, True, "masked", FOUR),
    (False, None, False, "refused", ""),
    (False, True, None, "unknown", ""),
    (False, None, None, "unknown", ""),
    (True, None, True, "unknown", ""),
    (True, None, None, "unknown", ""),
    (True, False, None, "unknown", ""),
    (True, True, None, "real", ""),
]


def exposure(found: _found.Container, ip6tables: bool | None, proxy: bool | None) -> list[tuple[str, str, str]]:
    return [(one.family, one.verdict, one.by) for one in _exposure.exposures(found, ip6tables, proxy)]


@pytest.mark.parametrize(("dual", "ip6tables", "proxy", "verdict", "by"), [*MEASURED, *NOT_KNOWN])
def test_each_row(dual: bool, ip6tables: bool | None, proxy: bool | None, verdict: str, by: str) -> None:
    found = container("mail", endpoint("bridge", dual))
    assert exposure(found, ip6tables, proxy) == [("ipv4", "real", ""), ("ipv6", verdict, by)]


@pytest.mark.parametrize(
    ("ports", "expected"),
    [
        ((), []),
        ((PORT4,), [("ipv4", "real", "")]),
        ((_found.Port(25, "tcp", "192.0.0.8", 25),), [("ipv4", "real", "")]),
        ((_found.Port(25, "tcp", "fd00::5", 25),), [("ipv6", "masked", FOUR)]),
        ((PORT6, _found.Port(53, "udp", "::", 53)), [("ipv6", "masked", FOUR), ("ipv6", "masked", FOUR)]),
    ],
)
def test_each_port(ports: tuple[_found.Port, ...], expected: list[tuple[str, str, str]]) -> None:
    assert exposure(container("mail", endpoint(), ports=ports), False, True) == expected


def test_one_dual_stack_network_among_several_is_enough() -> None:
    found = container("mail", endpoint("bridge"), endpoint("dms-ipv6", True), ports=(PORT6,))
    assert exposure(found, True, True) == [("ipv6", "real", "")]
    assert exposure(found, False, True) == [("ipv6", "masked", SIX)]
