# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What dockerd objects to at its start and neither a schema nor ``dockerd --validate`` sees: settings together."""

from __future__ import annotations

import ipaddress
import typing as t

from ..core.refused import Refused
from ..engine import version as engine_version
from . import keys
from .command_line import BOOLEANS

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..engine.version import Version
    from .json_text import Settings

REMEDY = "Nothing was changed"
# More subnets than this from one pool are all made at the start of an engine before 27, which runs out of memory
# (moby#40275); the documentation of that time advised the same number.
MOST_SUBNETS_LOG2 = 16


def refuse_start(settings: Settings, flags: Mapping[str, str], version: Version, where: str) -> None:
    """Raise Refused, naming every reason, if the engine would not start with the settings, or not work."""
    effective = {name: BOOLEANS[value] for name, value in flags.items() if value in BOOLEANS}
    faults = list(_faults({**effective, **settings}, version))
    if faults:
        raise Refused("; ".join(faults), where, REMEDY)


def _faults(settings: Settings, version: Version) -> Iterator[str]:
    old = not engine_version.has(version, "ip6tables_by_default")
    if old and settings.get("ip6tables") is True and settings.get("experimental") is not True:
        yield f"`ip6tables` needs `experimental: true` on Docker Engine {version}"
    if old and settings.get("ip6tables") is True and settings.get("iptables") is False:
        # "cannot create new chains, EnableIPTable is disabled": seen on 20.10.24 and 26.1.5; 28.5.2 starts and works.
        yield f"Docker Engine {version} does not start with `ip6tables` where `iptables` is false"
    if (
        settings.get("ipv6") is True
        and not settings.get("fixed-cidr-v6")
        and not engine_version.has(version, "default_bridge_without_subnet")
    ):
        yield f"`ipv6` needs `fixed-cidr-v6` on Docker Engine {version}"
    if (
        not old
        and settings.get("icc") is False
        and settings.get("ipv6") is True
        and not _on("ip6tables", settings, version)
    ):
        yield "`icc: false` with `ipv6` needs `ip6tables`"
    yield from _pool_faults(settings.get("default-address-pools"), old)


def _on(name: str, settings: Settings, version: Version) -> bool:
    return bool(settings.get(name, keys.default(name, version)))


def _pool_faults(pools: t.Any, old: bool) -> Iterator[str]:
    if not isinstance(pools, list) or not pools:
        return
    read = []
    for pool in pools:
        base, size = pool.get("base"), pool.get("size")
        try:
            network = ipaddress.ip_network(base)
        except ValueError as error:
            yield f"`default-address-pools`: {error}"
            continue
        read.append(network)
        if not network.prefixlen <= size <= network.max_prefixlen:
            yield f"`default-address-pools`: a size of {size} does not fit into {base}"
        elif old and network.version == 6:
            yield from _old_pool_faults(network, size)
    if read and not any(network.version == 4 for network in read):
        yield "`default-address-pools` has no IPv4 pool, so no network would get an IPv4 subnet; list them too"


def _old_pool_faults(network: t.Any, size: int) -> Iterator[str]:
    """Before 27 all subnets of a pool are made at the start, counted in 64 bits (moby#41438)."""
    if size - network.prefixlen > MOST_SUBNETS_LOG2:
        yield f"`default-address-pools`: {network} in parts of /{size} makes this engine run out of memory"
    elif network.prefixlen < 64 and size != network.prefixlen:
        yield f"`default-address-pools`: this engine splits only IPv6 pools of /64 or longer, not {network}"
