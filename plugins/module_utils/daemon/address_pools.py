# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IPv6 in the daemon's address pools, so that networks that are created later get it by themselves."""

from __future__ import annotations

import ipaddress
import typing as t

from ..core import ip
from ..core.refused import Refused
from ..engine import version as engine_version

if t.TYPE_CHECKING:
    from ..engine.version import Version
    from .json_text import Settings

POOLS = "default-address-pools"
NETWORK_OPTS = "default-network-opts"
# What the engine has without the key (moby daemon/libnetwork/ipamutils); a list that is given replaces all of it.
BUILT_IN: tuple[tuple[str, int], ...] = (
    ("172.17.0.0/16", 16),
    ("172.18.0.0/16", 16),
    ("172.19.0.0/16", 16),
    ("172.20.0.0/14", 16),
    ("172.24.0.0/14", 16),
    ("172.28.0.0/14", 16),
    ("192.168.0.0/16", 20),
)
# Each way makes 256 subnets: before 27 an engine splits no pool shorter than /64 (moby#41438).
NEW_SHAPE, OLD_SHAPE = (56, 64), (64, 72)


UNREADABLE = "with which Compose 5 and other new clients cannot list networks, and fail in every project"
REMEDY = (
    "Restart Docker, which then reports it without the length, and give new networks a subnet by name; or upgrade to"
    " Docker Engine 28.0.1 or later"
)


def warning(version: Version) -> str:
    """What comes of an IPv6 pool on an engine; empty if nothing does."""
    if engine_version.has(version, "plain_pool_gateway"):
        return ""
    return (
        f"Docker Engine {version} reports the gateway of each network that is created from the IPv6 pool with a prefix"
        f" length until its next start, {UNREADABLE}; 28.0.1 does not"
    )


def settings(text: str, machine_id: str, file_settings: Settings, version: Version) -> Settings:
    """The daemon settings that give every network created from now on an IPv6 subnet.

    Args:
        text: CIDR of the pool, or ``auto`` for a ULA of the host's own; an existing IPv6 pool then stays.
        machine_id: of the host.
        file_settings: what the file says now; IPv4 pools in it are kept, the built-in ones are written out otherwise.
        version: of the engine. Before 27.0 networks get IPv6 only if their creator asks for it.

    Raises:
        Refused: the pool is not a usable prefix.
    """
    file_pools = file_settings.get(POOLS) or []
    found = file_pools or [{"base": base, "size": size} for base, size in BUILT_IN]
    if not (text == "auto" and any(_is_ipv6(pool) for pool in file_pools)):
        pool = _pool(text, machine_id, version)
        found = found if any(_same(known, pool) for known in found) else [*found, pool]
    wanted: Settings = {POOLS: found}
    if engine_version.has(version, "builtin_ula_pool"):
        wanted[NETWORK_OPTS] = {"bridge": {"com.docker.network.enable_ipv6": "true"}}
    return wanted


def _pool(text: str, machine_id: str, version: Version) -> Settings:
    length, size = NEW_SHAPE if engine_version.has(version, "builtin_ula_pool") else OLD_SHAPE
    if text == "auto":
        # Of another Global ID than the networks that we derive, so that none of them lies in the pool.
        return {"base": str(ip.derive(f"{machine_id} pools", POOLS, length)), "size": size}
    base = ip.subnet(text, "address_pool")
    size = max(size, base.prefixlen + 8)
    unsplittable = base.prefixlen < length and not engine_version.has(version, "builtin_ula_pool")
    if size > ip.LONGEST or unsplittable:
        raise Refused(
            f"{base} cannot be split into 256 subnets on Docker Engine {version}", "address_pool", f"Give a /{length}"
        )
    return {"base": str(base), "size": size}


def taken(info: Settings, loaded: Settings | None = None) -> list[tuple[str, ipaddress.IPv6Network]]:
    """The engine's own IPv6 pools: a network inside one collides with those that come from it.

    Args:
        info: GET /info.
        loaded: the settings that the daemon has loaded, if known. After a reload 28.5.2 no longer reports its pools:
            each has the base ``invalid Prefix`` then.
    """
    bases = [str(pool.get("Base", "")) for pool in info.get("DefaultAddressPools") or ()]
    if not all("/" in base for base in bases):
        bases = [str(pool.get("base", "")) for pool in (loaded or {}).get(POOLS) or () if isinstance(pool, dict)]
    found = [(f"address pool {base}", ipaddress.IPv6Network(base, strict=False)) for base in bases if ":" in base]
    engine_id = info.get("ID", "")
    if (
        not found
        and engine_id
        and engine_version.has(engine_version.parse(info.get("ServerVersion", "")), "builtin_ula_pool")
    ):
        from ..core import prefix_plan

        # The engine gives up its built-in pool where IPv6 pools are configured.
        found = [("the engine's built-in address pool", prefix_plan.engine_ula(engine_id))]
    return found


def _is_ipv6(pool: t.Any) -> bool:
    return ":" in str(pool.get("base", "")) if isinstance(pool, dict) else False


def _same(pool: t.Any, other: Settings) -> bool:
    try:
        return bool(ipaddress.ip_network(pool["base"]) == ipaddress.ip_network(other["base"]))
    except (KeyError, TypeError, ValueError):
        return False
