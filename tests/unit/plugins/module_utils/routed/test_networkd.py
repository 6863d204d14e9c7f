# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings files of systemd-networkd, as administrators write them."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.routed import networkd
from ansible_collections.dms.ipv6.plugins.module_utils.routed.networkd import Setting
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("[Network]\nDHCP=yes\n", [Setting("Network", "DHCP", "yes", 2)]),
        ("[Network]\r\n  DHCP = yes \r\n", [Setting("Network", "DHCP", "yes", 2)]),
        ("# [Network]\n; a=b\n\n[A]\nx=#1\n", [Setting("A", "x", "#1", 5)]),
        ("[A]\nx=1 \\\n  2\ny=3", [Setting("A", "x", "1  2", 2), Setting("A", "y", "3", 4)]),
        ("[A]\nx=1\\\n# between\n2\n", [Setting("A", "x", "1 2", 2)]),
        ("[A]\nx=1\\", [Setting("A", "x", "1", 2)]),
        ("[A]\nnothing\nx=a=b\n[B]\nx=\n", [Setting("A", "x", "a=b", 3), Setting("B", "x", "", 5)]),
        ("x=1\n", [Setting("", "x", "1", 1)]),
    ],
)
def test_settings(text: str, expected: list[Setting]) -> None:
    assert list(networkd.settings(text)) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[Network]\nIPv6ProxyNDP=no\n", 2),
        ("[Network]\n\nIPv6ProxyNDP = OFF\n", 3),
        ("[Network]\nIPv6ProxyNDP=0\nIPv6ProxyNDP=no\n", 2),
        ("[Network]\nIPv6ProxyNDP=yes\n", None),
        ("[Network]\nIPv6ProxyNDP=\n", None),
        ("[Link]\nIPv6ProxyNDP=no\n", None),
        ("[Network]\n#IPv6ProxyNDP=no\n", None),
        ("", None),
    ],
)
def test_switched_off(text: str, line: int | None) -> None:
    assert networkd.switched_off(text) == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[Network]\nIPv6ProxyNDPAddress=2001:2::1\nIPv6ProxyNDPAddress=2001:2::2 2001:2::3\n", ("1", "2", "3")),
        ("[Network]\nIPv6ProxyNDPAddress=2001:2::1\nIPv6ProxyNDPAddress=\nIPv6ProxyNDPAddress=2001:2::2\n", ("2",)),
        ("[Match]\nIPv6ProxyNDPAddress=2001:2::1\n", ()),
        ("", ()),
    ],
)
def test_addresses(text: str, expected: tuple[str, ...]) -> None:
    assert networkd.addresses(text) == tuple(f"2001:2::{one}" for one in expected)


@given(st.text(alphabet="[]=#;\\ \n\tNIPv6x1", max_size=60))
def test_any_text_is_read(text: str) -> None:
    count = text.count("\n") + text.count("\r") + 1
    assert all(1 <= one.line <= count and one.name == one.name.strip() for one in networkd.settings(text))
