# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else a host would forward between once it forwards IPv6 for Docker."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import iptables, newly_routed
from ansible_collections.dms.ipv6.plugins.module_utils.state import firewall as state_firewall
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils import hosts
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.daemon_model import Daemon

NO_DROP = b'{"ip-forward-no-drop": true}'
NFTABLES = Daemon(version="29.1.0", flags={"firewall-backend": "nftables"}).running()
POLICY = "-P FORWARD {0}\n"


def host(
    version: str = "28.5.2", rules: str = POLICY.format("ACCEPT"), raw: bytes | None = None, **more: t.Any
) -> state_host.Found:
    fields: dict[str, t.Any] = {
        "forwards": False,
        "paths": ("eth0", "wg0"),
        "uplinks": (state_host.Uplink("eth0"),),
        "firewall": state_firewall.HostFirewall(chains=iptables.chains(rules, "ipv6")),
        **more,
    }
    return hosts.host(Daemon(content=raw, version=version))._replace(**fields)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        # dockerd sets the policy DROP
        (host("20.10.24"), []),
        (host(), []),
        (host(rules=""), []),
        # it is set not to, or has no say with its nftables backend
        (host(raw=NO_DROP), ["wg0"]),
        (host("29.1.0", daemon=NFTABLES), ["wg0"]),
        (host(raw=NO_DROP, rules=POLICY.format("DROP")), []),
        (host(raw=NO_DROP, rules=POLICY.format("ACCEPT") + "-A FORWARD -j REJECT\n"), []),
        (host(raw=NO_DROP, rules=POLICY.format("DROP") + "-A FORWARD -m mark --mark 1 -j ACCEPT\n"), ["wg0"]),
        # a rule that accepts comes before any policy
        (host(rules=POLICY.format("ACCEPT") + "-A FORWARD -i wg0 -j ACCEPT\n"), ["wg0"]),
        (host(rules=POLICY.format("ACCEPT") + "-A FORWARD -i wg1 -j ACCEPT\n"), []),
        # nothing changes, or there is nothing to join
        (host(raw=NO_DROP, forwards=True), []),
        (host(raw=b'{"ip-forward-no-drop": true, "ip-forward": false}'), []),
        (host(raw=NO_DROP, paths=("eth0",)), []),
        (host(raw=NO_DROP, uplinks=()), ["eth0", "wg0"]),
    ],
)
def test_joined(there: state_host.Found, expected: list[str]) -> None:
    assert newly_routed.joined(there) == expected


@pytest.mark.parametrize(("entries", "refused"), [((), True), (("eth0",), True), (("wg0",), False), (("all",), False)])
def test_refused_unless_named(entries: tuple[str, ...], refused: bool) -> None:
    there = host(raw=NO_DROP)
    if refused:
        with pytest.raises(Refused, match=r"between all its networks.* of wg0") as reason:
            newly_routed.refuse(there, entries)
        assert "allow_forwarding (wg0)" in str(reason.value)
    else:
        newly_routed.refuse(there, entries)
        assert [*newly_routed.warnings(there)] != []
    assert [*newly_routed.warnings(host())] == []
