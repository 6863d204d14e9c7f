# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Engine versions and the one table that says which engine can do what. Nothing else compares versions."""

from __future__ import annotations

import re
import typing as t

from ..core.refused import Refused


class Version(t.NamedTuple):
    """The numbers of a Docker Engine version; packaging and pre-release suffixes do not count."""

    major: int
    minor: int
    patch: int = 0

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


# capability -> first engine that has it. Sources: Docker Engine release notes and moby at the tags named.
CAPABILITIES: dict[str, Version] = {
    # The daemon option ip6tables; unknown, so fatal, on 19.03 (release notes 20.10.0).
    "ip6tables": Version(20, 10),
    # 20.10.0 to 20.10.5 neither bind nor list [::] for a port that is published without an address (moby#42205).
    "ipv6_binding_listed": Version(20, 10, 6),
    # Without docker-proxy a port is held by a socket of its own family only; before, IPv6 clients hang (moby#28492).
    "placeholder_of_one_family": Version(20, 10, 5),
    # The chain DOCKER-USER is there for IPv6, too (moby history, libnetwork/firewall_linux.go).
    "docker_user_ipv6": Version(23, 0),
    # dockerd --validate (moby#42393). 20.10 exits with "unknown flag".
    "validate": Version(23, 0),
    # An empty or blank daemon.json is accepted; before, dockerd ends with EOF (seen on 20.10.24).
    "empty_file": Version(23, 0),
    # Its rules for connections of the host itself go when userland-proxy is switched on again (moby#44803).
    "userland_proxy_rules_go": Version(23, 0),
    # The daemon option default-network-opts (dockerd reference, release notes 24.0.0).
    "default_network_opts": Version(24, 0),
    # Host bits in a subnet are refused (release notes 25.0.0; seen on 26.1.5), and so is a second network of one name.
    "strict_networks": Version(25, 0),
    # A MAC address belongs to an endpoint (moby#45905), and a connect takes one only from API 1.54 on.
    "mac_of_endpoint": Version(25, 0),
    "mac_on_connect": Version(29, 3),
    # ip6tables on by default and no longer experimental (moby#47747); first release is 27.0.1.
    "ip6tables_by_default": Version(27, 0),
    # A ULA /48 of the engine's own serves networks without a subnet (moby#47853).
    "builtin_ula_pool": Version(27, 0),
    # com.docker.network.bridge.gateway_mode_ipv6=routed (release notes 27.0.1); accepted and ignored before.
    "gateway_mode_routed": Version(27, 0),
    # firewalld gets a policy that lets packets through to Docker's networks (moby#47745).
    "firewalld_policy": Version(27, 0),
    # ipv6: true without fixed-cidr-v6 (moby#48319); IPv6 subnets shorter than /64 (moby#49223).
    "default_bridge_without_subnet": Version(28, 0),
    "ipv6_subnet_beyond_64": Version(28, 0),
    # The IPv6 FORWARD policy becomes DROP only if dockerd itself switched forwarding on (moby#48594).
    "forward_policy_kept": Version(28, 0),
    # The gateway of a network from an IPv6 pool is reported without its prefix length, with which new clients cannot
    # list networks (coolify#8649); seen on 20.10.24 and 26.1.5, where the length goes at the daemon's next start.
    "plain_pool_gateway": Version(28, 0, 1),
    # Other hosts do not reach a container's own address in gateway mode nat (moby#49325).
    "direct_access_closed": Version(28, 0),
    # In gateway mode routed published ports are open even if another network is the container's gateway (moby#50140).
    "routed_beside_gateway": Version(29, 0),
    # An address that a container asks for has to be of a family that the network has; before, it had no effect
    # (moby#51583, moby#51653).
    "address_of_other_family_refused": Version(29, 0, 4),
    # The daemon option firewall-backend (release notes 29.0.0).
    "firewall_backend": Version(29, 0),
    # GET /info says whether userland-proxy is on (API version history).
    "info_userland_proxy": Version(29, 5),
}

OLDEST = CAPABILITIES["ip6tables"]


def parse(text: str) -> Version:
    """Read a ServerVersion such as ``26.1.5+dfsg1``, ``28.0.0-ce`` or ``29.0.0-rc.1``.

    Raises:
        Refused: the text does not begin with two numbers.
    """
    found = re.match(r"\s*v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", text)
    if not found:
        raise Refused(f"'{text}' is not a Docker Engine version", remedy="See what `docker version` says on this host")
    major, minor, patch = (int(part or 0) for part in found.groups())
    return Version(major, minor, patch)


def has(version: Version, capability: str) -> bool:
    """Whether an engine has a capability of the table (KeyError for a name that is not in it)."""
    return version >= CAPABILITIES[capability]


def between(version: Version, first: Version | None, last: Version | None) -> bool:
    """Whether a version lies in [first, last); None is an open end."""
    return (first is None or version >= first) and (last is None or version < last)


def refuse_too_old(version: Version) -> None:
    """Raise Refused for an engine before 20.10, which has no ip6tables support at all."""
    if version < OLDEST:
        raise Refused(
            f"Docker Engine {version} has no IPv6 packet filter support (ip6tables came with {OLDEST})",
            remedy="Upgrade Docker on this host",
        )
