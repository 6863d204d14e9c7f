# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that does not forward IPv6, and will for Docker: what else it would forward between from then on."""

from __future__ import annotations

import typing as t

from ..core.refused import Refused
from ..daemon import json_text
from ..daemon import plan as daemon_plan
from ..state import daemon as state_daemon
from ..state import firewall as state_firewall
from ..state import packet_filter

if t.TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ..state.host import Found

ALL = "all"
OPTION = "allow_forwarding"
# Any port will do: a rule about some ports is its author's own decision.
PORT = 9


def joined(found: Found) -> list[str]:
    """Interfaces beside the uplink whose networks are reached through this host once it forwards IPv6."""
    if (
        found.forwards
        or daemon_plan.no_ip_forward(json_text.load(found.raw, found.path), found.daemon)
        or len(found.paths) < 2
    ):
        return []
    pairs = [(path, other) for path in found.paths for other in found.paths if path != other]
    open_ones = {name for first, other in pairs if not _closed(first, other, found) for name in (first, other)}
    uplinks = [uplink.interface for uplink in found.uplinks]
    return sorted(open_ones - ({*uplinks} if len(uplinks) == 1 else set()))


def _closed(incoming: str, outgoing: str, found: Found) -> bool:
    """Whether a chain drops what is forwarded between two interfaces; one that is unknown does not count."""
    whole = [chain for chain in found.firewall.chains if chain.hook == packet_filter.ROUTER]
    if docker_drops(found):
        whole = [chain._replace(policy=packet_filter.DROP) for chain in whole]
        if not any(state_firewall.IPV6 in chain.families for chain in whole):
            return True
    chains = [chain._replace(hook=packet_filter.FORWARD) for chain in whole]
    chains += [chain for chain in found.firewall.chains if chain.hook == packet_filter.FORWARD]
    packet = packet_filter.Packet(
        packet_filter.FORWARD, state_firewall.IPV6, "tcp", PORT, PORT, frozenset({incoming}), outgoing
    )
    return packet_filter.outcome(chains, packet).verdict in (packet_filter.DROP, packet_filter.REJECT)


def docker_drops(found: Found) -> bool:
    """Whether dockerd sets the IPv6 FORWARD policy to DROP as forwarding comes on: not with its nftables backend."""
    loaded = {**(found.daemon.loaded or {}), **found.daemon.flags, **json_text.load(found.raw, found.path)}
    kept = str(loaded.get("ip-forward-no-drop", "false")).lower() in ("true", "1", "t")
    return daemon_plan.firewall_backend(found.daemon) == state_daemon.IPTABLES and not kept


def refuse(found: Found, entries: Collection[str]) -> None:
    """Raise Refused for what would be joined and is not named in ``entries``."""
    rest = [] if ALL in entries else [interface for interface in joined(found) if interface not in entries]
    if rest:
        raise Refused(
            "with Docker's IPv6 this host forwards IPv6 between all its networks, and nothing drops what others send"
            f" to those of {', '.join(rest)}",
            "net.ipv6.conf.all.forwarding",
            "Add a chain of hook forward that drops it, or name the interfaces in"
            f" {OPTION} ({', '.join(rest)}). Nothing was changed",
        )


def warnings(found: Found) -> Iterator[str]:
    """What was consented to."""
    names = joined(found)
    if names:
        yield f"this host will forward IPv6 to and from the networks of {', '.join(names)}, as {OPTION} allows"
