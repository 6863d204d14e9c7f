# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a remote client gets at a published port, predicted from what is found.

The table was measured on Docker Engine 20.10.24, 26.1.5 and 28.5.2 (published port, remote client over IPv6):

================  =========  ==============  ==========================================
container         ip6tables  userland-proxy  result
================  =========  ==============  ==========================================
IPv4 only         any        on              masked, by the network's IPv4 gateway
IPv4 only         any        off             refused
dual-stack        off        on              masked, by the network's IPv6 gateway
dual-stack        off        off             timeout
dual-stack        on         any             real
================  =========  ==============  ==========================================
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.dms.ipv6.plugins.module_utils import _verdict

if t.TYPE_CHECKING:
    from ansible_collections.dms.ipv6.plugins.module_utils._found import Container, Port

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Exposure:
    """What a remote client of one family gets at one published port.

    Attributes:
        verdict: real, masked, refused, timeout, or unknown.
        by: the address the container sees when masked, where it is known.
    """

    port: Port
    family: str
    verdict: str
    by: str = ""


def exposures(container: Container, ip6tables: bool | None, userland_proxy: bool | None) -> tuple[Exposure, ...]:
    """The exposure of each published port of a running container."""
    return tuple(_exposure(container, port, ip6tables, userland_proxy) for port in container.ports)


def _exposure(container: Container, port: Port, ip6tables: bool | None, userland_proxy: bool | None) -> Exposure:
    if ":" not in port.host_ip:
        return Exposure(port, "ipv4", _verdict.REAL)
    if container.has_ipv6:
        gateway = next((one.gateway6 for one in container.endpoints if one.gateway6), "")
        decided, verdict = ip6tables, _verdict.REAL
    else:
        gateway = next((one.gateway4 for one in container.endpoints if one.gateway4), "")
        decided, verdict = False, UNKNOWN
    if decided is None:
        verdict = UNKNOWN
    elif not decided:
        silent = _verdict.TIMEOUT if container.has_ipv6 else _verdict.REFUSED
        verdict = UNKNOWN if userland_proxy is None else _verdict.MASKED if userland_proxy else silent
    return Exposure(port, "ipv6", verdict, gateway if verdict == _verdict.MASKED else "")
