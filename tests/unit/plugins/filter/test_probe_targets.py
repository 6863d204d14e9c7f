# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter probe_targets."""

from __future__ import annotations

from ansible_collections.dms.ipv6.plugins.filter.probe_targets import FilterModule

probe_targets = FilterModule().filters()["probe_targets"]
PLACES = {"ipv6": "2001:2::25"}


def test_targets() -> None:
    responder = {"family": "ipv6", "host": "2001:2::25", "port": 24871, "service": False}
    assert probe_targets({"ipv6": 24871}, PLACES, ["ipv6"]) == [responder]
    assert probe_targets({"ipv6": 8080}, PLACES, ["ipv6"]) == []
    assert probe_targets({"ipv6": 8080}, PLACES, ["ipv6"], port="8080") == [{**responder, "port": 8080}]
    service = {**responder, "port": 25, "service": True}
    assert probe_targets({}, PLACES, ["ipv6"], services=[["ipv6", 25], ["ipv4", 25]]) == [service]
    own = {**responder, "host": "2001:2:0:b::7", "port": 80}
    assert probe_targets({"ipv6": 80}, PLACES, ["ipv6"], own_address="2001:2:0:b::7", subnet="auto") == [own]
