# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own firewall as values, and what it does with a connection to the host itself."""

from __future__ import annotations

import types
import typing as t

from . import packet_filter

if t.TYPE_CHECKING:
    from collections.abc import Mapping


IPV4, IPV6 = FAMILIES = ("ipv4", "ipv6")
UFW, FIREWALLD = "ufw", "firewalld"
ACCEPT, DROP, REJECT = "accept", "drop", "reject"


class HostFirewall(t.NamedTuple):
    """The host's own firewall, beside Docker's rules.

    Attributes:
        kind: ``ufw`` or ``firewalld`` while it is active, empty for none.
        allowed_ports: what it lets in from anywhere, as (family, port, protocol).
        incoming: accept, drop or reject what no rule is about; empty for what its kind does by default.
        routed_ports: what it lets through to containers, as (port, protocol): `ufw route allow`, a firewalld policy.
        forward: family -> accept or drop, the policy of the FORWARD chain; a family that was not read is missing.
        before_daemon: whether firewalld ran when dockerd started, which tells it then about Docker's networks.
        drops_ipv6: no IPv6 packet at all comes through (UFW with IPV6=no).
        chains: what the administrator filters by other rules: nftables, iptables, DOCKER-USER.
        uplinks: interfaces that clients come in by.
    """

    kind: str = ""
    allowed_ports: frozenset[tuple[str, int, str]] = frozenset()
    incoming: str = ""
    routed_ports: frozenset[tuple[int, str]] = frozenset()
    forward: Mapping[str, str] = types.MappingProxyType({})
    before_daemon: bool = True
    drops_ipv6: bool = False
    chains: tuple[packet_filter.Chain, ...] = ()
    uplinks: frozenset[str] = frozenset()

    def at_the_door(self, family: str, port: int, protocol: str) -> str:
        """What becomes of a connection to the host itself: accept, drop, reject, or unknown."""
        return self.incoming_outcome(family, port, protocol).verdict

    def incoming_outcome(self, family: str, port: int, protocol: str) -> packet_filter.Outcome:
        """The same, and by which chain where it is one of the administrator's own."""
        if family == IPV6 and self.drops_ipv6:
            return packet_filter.Outcome(DROP)
        rest = self.incoming or {UFW: DROP, FIREWALLD: REJECT}.get(self.kind, ACCEPT)
        if rest != ACCEPT and (family, port, protocol) not in self.allowed_ports:
            return packet_filter.Outcome(rest)
        packet = packet_filter.Packet(packet_filter.INPUT, family, protocol, port, port, self.uplinks)
        return packet_filter.outcome(self.chains, packet)
