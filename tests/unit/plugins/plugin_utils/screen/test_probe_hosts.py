# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What probe hosts answered, as tables."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.action import show
from ansible_collections.dms.ipv6.plugins.module_utils.modules import show as show_module
from ansible_collections.dms.ipv6.plugins.plugin_utils.screen import probe_hosts

ABLE = {"item": ["vps1", "ipv6"], "verdict": "not verified", "client": "2001:2::7", "msg": "it can"}
UNABLE = {**ABLE, "client": "", "msg": "this client cannot try: Network is unreachable"}
ONLY_IPV4 = {**ABLE, "item": ["vps1", "ipv4"], "client": "198.18.0.7"}
AWAY = {"item": ["vps2", "ipv6"], "unreachable": True, "msg": "no route"}
SKIPPED = {"item": ["vps3", "ipv6"], "skipped": True}
GONE = "probe host vps2 is out of reach, or cannot run a module"
CANNOT = "probe host vps1 over ipv6: this client cannot try: Network is unreachable"
REQUIRED = "dms_ipv6_require_proof is set, and no probe host can try over IPv6: "


@pytest.mark.parametrize(
    ("results", "lines", "why"),
    [
        ([ABLE, SKIPPED], [], ""),
        ([ABLE, AWAY, {**AWAY, "item": ["vps2", "ipv4"]}], [GONE], ""),
        ([UNABLE, ONLY_IPV4], [CANNOT], f"{REQUIRED}{CANNOT}. Nothing was changed."),
        ([UNABLE, AWAY], [GONE, CANNOT], f"{REQUIRED}{GONE}; {CANNOT}. Nothing was changed."),
        ([], [], f"{REQUIRED}{probe_hosts.NO_ADDRESS}. Nothing was changed."),
        ([SKIPPED], [], f"{REQUIRED}{probe_hosts.NO_ADDRESS}. Nothing was changed."),
    ],
)
def test_ready(results: list[dict[str, t.Any]], lines: list[str], why: str) -> None:
    assert probe_hosts.ready(results, required=True) == (lines, why)
    assert probe_hosts.ready(results, required=False) == (lines, "")


DENIED = {"item": ["vps1", "ipv6"], "relay": "denied", "msg": "the server does not relay: 454"}
ACCEPTED = {"item": ["vps1", "ipv4"], "relay": "accepted", "msg": "the server would relay for anybody"}


@pytest.mark.parametrize(
    ("results", "lines", "why"),
    [
        ([DENIED, SKIPPED], ["the server does not relay: 454"], ""),
        ([DENIED, AWAY], ["the server does not relay: 454", GONE], ""),
        (
            [DENIED, ACCEPTED],
            [DENIED["msg"], ACCEPTED["msg"]],
            "an open relay: the server would relay for anybody. Take",
        ),
        ([AWAY], [GONE], f"the relay test was not made: {GONE}."),
        ([SKIPPED], [], "the relay test was not made: this host has no address that is known."),
    ],
)
def test_relay(results: list[dict[str, t.Any]], lines: list[str], why: str) -> None:
    shown, reason = probe_hosts.relay(results)
    assert shown == lines
    assert reason.startswith(why) if why else reason == ""


def test_what_a_probe_host_says_is_text() -> None:
    lines, _why = probe_hosts.ready([{**UNABLE, "msg": "\x1b[31mred"}], required=False)
    assert "\x1b" not in lines[0]


def test_the_module_names_all_that_can_be_shown() -> None:
    assert sorted(show_module.WHAT) == sorted(show.SHOWN)
