# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""accept_ra in the files of ifupdown."""

from __future__ import annotations

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.host import ifupdown
from ansible_collections.dms.ipv6.plugins.module_utils.host.ifupdown import KeepInIfupdown, TakeOutOfIfupdown
from hypothesis import given
from hypothesis import strategies as st

OURS = f"    {ifupdown.ADDED}\n    accept_ra 2\n"
REPLACED = f"{ifupdown.INSTEAD}accept_ra 1\n    accept_ra 2\n"
LO = "auto lo\niface lo inet loopback\n\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (LO, LO),
        # What dhcp sets by itself is 1, auto 2, and the others nothing.
        ("iface eth0 inet6 dhcp\n", f"iface eth0 inet6 dhcp\n{OURS}"),
        ("iface eth0 inet6 dhcp", f"iface eth0 inet6 dhcp\n{OURS[:-1]}"),
        ("iface eth0 inet6 auto\n", "iface eth0 inet6 auto\n"),
        ("iface eth0 inet6 manual\n", "iface eth0 inet6 manual\n"),
        ("iface eth0 inet6 static\n  address 2001:2::5/64\n", "iface eth0 inet6 static\n  address 2001:2::5/64\n"),
        (
            "iface eth0 inet6 static\n\taccept_ra 1 \n\taddress 2001:2::5/64\n",
            f"iface eth0 inet6 static\n\t{ifupdown.INSTEAD}accept_ra 1 \n\taccept_ra 2\n\taddress 2001:2::5/64\n",
        ),
        (
            "iface eth0 inet6 auto\n accept_ra 0",
            f"iface eth0 inet6 auto\n {ifupdown.INSTEAD}accept_ra 0\n accept_ra 2",
        ),
        ("iface eth0 inet6 dhcp\n    accept_ra 2\n", "iface eth0 inet6 dhcp\n    accept_ra 2\n"),
        # A comment sets nothing.
        (
            "iface eth0 inet6 dhcp\n  # accept_ra 2\n",
            f"iface eth0 inet6 dhcp\n{OURS.replace('    ', '  ')}  # accept_ra 2\n",
        ),
        # Other interfaces and families do not matter.
        ("iface eth0 inet dhcp\niface eth1 inet6 dhcp\n", "iface eth0 inet dhcp\niface eth1 inet6 dhcp\n"),
        (
            f"{LO}iface eth0 inet6 \\\n dhcp\n    up true\nauto eth0\n",
            f"{LO}iface eth0 inet6 \\\n dhcp\n{OURS}    up true\nauto eth0\n",
        ),
        (
            "iface eth0 inet6 dhcp\niface eth0 inet6 static\n    accept_ra 1\n",
            f"iface eth0 inet6 dhcp\n{OURS}iface eth0 inet6 static\n    {REPLACED}",
        ),
    ],
)
def test_kept(text: str, expected: str) -> None:
    assert ifupdown.kept(text, "eth0") == expected
    assert ifupdown.overrules(text, "eth0") is (text != expected)
    assert ifupdown.kept(expected, "eth0") == expected
    assert ifupdown.taken_out(expected, "eth0") == text


def test_lines_of_others_stay() -> None:
    """What was added in between, and an accept_ra that is not ours."""
    edited = f"iface eth0 inet6 dhcp\n{OURS}    up true\niface eth1 inet6 dhcp\n    accept_ra 2\n"
    without = "iface eth0 inet6 dhcp\n    up true\niface eth1 inet6 dhcp\n    accept_ra 2\n"
    assert ifupdown.taken_out(edited, "eth0") == without
    assert ifupdown.taken_out(without, "eth1") == without


LINES = st.sampled_from(
    [
        "auto eth0\n", "iface eth0 inet6 dhcp\n", "iface eth0 inet6 static\n", "iface eth0 inet6 auto\n",
        "iface eth1 inet6 dhcp\n", "    accept_ra 1\n", "\taccept_ra 0\n", "  accept_ra 2\n", "# accept_ra 1\n",
        "\n", "    up ip route \\\n  add\n", "source /etc/network/interfaces.d/*\n",
    ]
)  # fmt: skip


@given(lines=st.lists(LINES, max_size=12), cut=st.booleans())
def test_there_and_back(lines: list[str], cut: bool) -> None:
    text = "".join(lines)
    text = text[:-1] if cut and text else text
    there = ifupdown.kept(text, "eth0")
    assert not ifupdown.overrules(there, "eth0")
    assert ifupdown.taken_out(there, "eth0") == text


def test_steps() -> None:
    step = KeepInIfupdown("/etc/network/interfaces", "eth0")
    assert str(step) == "write /etc/network/interfaces: accept_ra 2 for eth0, each time ifupdown brings it up"
    assert step.inverse() == TakeOutOfIfupdown("/etc/network/interfaces", "eth0")
    assert str(step.inverse()) == "write /etc/network/interfaces: accept_ra for eth0 as it was"
    assert step.inverse().inverse() == step
