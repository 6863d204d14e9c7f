# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a remote client gets who addresses the container itself over IPv6, past the host's own address.

It takes a route to the container's subnet, so this is about addresses that are not a host's private matter. Seen on
Docker Engine 20.10.24, 26.1.5 and 28.5.2; ``nat-unprotected`` and the daemon's and a network's exceptions on 28.5.2.

==============  =========  ===============  =================  ==================
engine          ip6tables  gateway mode     published port     port not published
==============  =========  ===============  =================  ==================
any             off        any              FORWARD's policy   FORWARD's policy
before 28       on         any              real               FORWARD's policy
28 or later     on         nat              timeout            timeout
28 or later     on         routed           real               timeout
28 or later     on         nat-unprotected  real               real
==============  =========  ===============  =================  ==================

What an earlier daemon left behind is not counted: switched from on to off, ip6tables of 28.5.2 leaves its rules of the
networks that were there, and closes them until the next boot.
"""

from __future__ import annotations

import ipaddress
import typing as t

from ..core import ip as core_ip
from ..core import verdict
from ..engine import version as engine_version
from ..state import daemon as state_daemon
from ..state import docker_objects
from ..state import firewall as state_firewall
from ..state.firewall import ACCEPT, DROP, IPV6
from . import published as exposure_published
from .published import Exposure

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from .published import Host, Result

PASS, ASK = "pass", "ask"
TRUSTED = "com.docker.network.bridge.trusted_host_interfaces"


def exposures(container: docker_objects.Container, host: Host) -> tuple[Exposure, ...]:
    """Each published port, and each other one that something listens on, at the container's own IPv6 addresses.

    A ULA of a network in mode ``nat`` is left out: other hosts have no route to it.
    """
    return tuple(
        Exposure(port, IPV6, *_result(port, published, endpoint, container, host))
        for endpoint in (container.endpoints if container.running else ())
        if endpoint.ipv6 and _concerns(endpoint, host)
        for port, published in _ports(container, endpoint, host)
    )


def _concerns(endpoint: docker_objects.Endpoint, host: Host) -> bool:
    """Whether other hosts may have a route to an endpoint."""
    network = host.network(endpoint.network)
    if network is None or network.driver != "bridge" or network.internal:
        return False
    ula = ipaddress.IPv6Address(endpoint.ipv6) in core_ip.ULA
    return not ula or host.mode(network.name, IPV6) != exposure_published.NAT


def _ports(
    container: docker_objects.Container, endpoint: docker_objects.Endpoint, host: Host
) -> Iterator[tuple[docker_objects.Port, bool]]:
    """Container ports, and whether Docker publishes them over IPv6. In mode routed it binds none on the host."""
    bound = [port for port in container.ports if ":" in port.host_ip]
    if host.mode(endpoint.network, IPV6) == exposure_published.ROUTED:
        bound += [port for port in container.bindings if ":" in port.host_ip or not port.host_ip]
    published = {(port.container_port, port.protocol) for port in bound}
    own = {"::", endpoint.ipv6}
    heard = {(at, "tcp") for ip, at in (container.listeners or {}).get(IPV6, ()) if ip in own}
    closed = {(port.container_port, port.protocol) for port in (*container.ports, *container.bindings)}
    for number, protocol in sorted(published | heard | closed):
        yield docker_objects.Port(number, protocol, endpoint.ipv6, 0), (number, protocol) in published


def _result(
    port: docker_objects.Port,
    published: bool,
    endpoint: docker_objects.Endpoint,
    container: docker_objects.Container,
    host: Host,
) -> Result:
    if host.firewall.drops_ipv6:
        return verdict.TIMEOUT, "", "host_firewall"
    if host.forwards is False:
        return verdict.TIMEOUT, "", "forwarding_off"
    if exposure_published.closed_by_us(port.host_ip, port, host):
        return verdict.TIMEOUT, "", "routed_firewall"
    if host.ip6tables is None:
        return exposure_published.UNKNOWN, "", "ip6tables_unknown"
    says = _docker_says(published and _leads_here(endpoint, container, host), endpoint, host)
    if says == ASK:
        return exposure_published.UNKNOWN, "", "trusted_interfaces"
    if says == DROP:
        return verdict.TIMEOUT, "", "direct_access_closed"
    passed = (port.container_port, port.protocol) in host.firewall.routed_ports
    # A table of Docker's own has no last word: see exposure_published.
    open_to_all = passed or (says == ACCEPT and host.backend != state_daemon.NFTABLES)
    if not open_to_all and exposure_published.forward_policy(IPV6, host) == DROP:
        return verdict.TIMEOUT, "", "host_firewall" if host.firewall.kind else "direct_access_closed"
    known = host.firewall.before_daemon and engine_version.has(host.version, "firewalld_policy") and host.ip6tables
    if host.firewall.kind == state_firewall.FIREWALLD and not known and not passed:
        return verdict.REFUSED, "", "host_firewall"
    deaf = exposure_published.unheard(container, port, IPV6, endpoint)
    return (verdict.REFUSED, "", deaf) if deaf else (verdict.REAL, "", "")


def _leads_here(endpoint: docker_objects.Endpoint, container: docker_objects.Container, host: Host) -> bool:
    """Whether published ports lead to this one of the container's places (moby#50140: in mode routed, all of them)."""
    if host.mode(endpoint.network, IPV6) == exposure_published.ROUTED and engine_version.has(
        host.version, "routed_beside_gateway"
    ):
        return True
    return exposure_published.gateway(container, IPV6, host) == endpoint


def _docker_says(published: bool, endpoint: docker_objects.Endpoint, host: Host) -> str:
    """What Docker's rules do: accept, drop, pass (they say nothing), or ask (it depends on where one comes from)."""
    mode = host.mode(endpoint.network, IPV6)
    if not host.ip6tables:
        return PASS
    if not engine_version.has(host.version, "direct_access_closed"):
        return ACCEPT if published else PASS
    if mode == exposure_published.UNPROTECTED:
        return ACCEPT
    if not published:
        return DROP
    if mode == exposure_published.ROUTED or host.direct_routing:
        return ACCEPT
    network = host.network(endpoint.network)
    return ASK if network and network.options.get(TRUSTED) else DROP
