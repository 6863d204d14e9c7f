# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is read from a host, as values. What they mean is decided elsewhere."""

from __future__ import annotations

import ipaddress
import types
import typing as t
from dataclasses import dataclass

from ..core import ip
from . import daemon as state_daemon
from . import docker_objects
from . import firewall as state_firewall

if t.TYPE_CHECKING:
    from collections.abc import Mapping


class AtBoot(t.NamedTuple):
    """What a boot does to an interface's accept_ra after our file has been read, as path -> text.

    Attributes:
        sysctl: files of sysctl.d behind ours.
        ifupdown: files of ifupdown. Other managers (systemd-networkd, NetworkManager) take router advertisements
            themselves, and no kernel learns a default route then.
    """

    sysctl: Mapping[str, str] = types.MappingProxyType({})
    ifupdown: Mapping[str, str] = types.MappingProxyType({})


NOTHING = AtBoot()


@dataclass(frozen=True)
class Order:
    """In which order a new process on the host tries the addresses of a name.

    Attributes:
        glibc: whether the host's C library is glibc.
        name: empty if none was given.
        addresses: of the name, in the order in which they are tried.
        source: from which address of its own the host connects to the first IPv6 one, or to any global one where no
            name was given; empty if it has no way there.
    """

    glibc: bool
    name: str = ""
    addresses: tuple[str, ...] = ()
    source: str = ""

    @property
    def six(self) -> str:
        """The first IPv6 address, empty if there is none."""
        return next((address for address in self.addresses if ":" in address), "")

    @property
    def four(self) -> str:
        """The first IPv4 address, empty if there is none."""
        return next((address for address in self.addresses if ":" not in address), "")

    @property
    def six_first(self) -> bool:
        """Whether an IPv6 address comes first."""
        return ":" in next(iter(self.addresses), "")

    @property
    def unequal(self) -> bool:
        """Whether IPv4 comes first because one end of the IPv6 connection is a ULA and the other is not."""
        if not self.glibc or not self.source or not self.six or self.six_first:
            return False
        source, target = (ipaddress.IPv6Address(end) in ip.UNIQUE_LOCAL for end in (self.source, self.six))
        return source is not target


class Uplink(t.NamedTuple):
    """An interface with an IPv6 default route.

    Attributes:
        prefixes: on-link ones in which the host has a global address; True for one that the host's administrator set,
            False for one that was learned and may change.
        routers: where default routes lead.
    """

    interface: str
    prefixes: tuple[tuple[ipaddress.IPv6Network, bool], ...] = ()
    routers: tuple[ipaddress.IPv6Address, ...] = ()


class TableFiles(t.NamedTuple):
    """What there is of our own firewall of containers with public addresses, see routed.nft_table.

    Attributes:
        file: bytes of FILE, None if it is missing; ``unit`` those of UNIT_FILE.
        enabled: whether the unit is started at boot.
        listing: what `nft list table` says of our table, empty if it is not loaded.
    """

    file: bytes | None = None
    unit: bytes | None = None
    enabled: bool = False
    listing: str = ""

    @property
    def any(self) -> bool:
        """Whether there is anything of it."""
        return bool(self.file is not None or self.unit is not None or self.listing)


class Found(t.NamedTuple):
    """Everything that was read from a host.

    Attributes:
        daemon: the daemon that runs.
        path: its configuration file, and ``raw`` its bytes (None: missing).
        borrowed: see daemon_plan.plan().
        members: network name -> names of containers on it, running or stopped.
        containers: what runs, as listed; ``stopped`` what does not.
        taken: routes and addresses of the host that a subnet must not overlap, as (label, network).
        ra_default: interfaces with an IPv6 default route that the kernel learned from router advertisements.
        accept_ra: interface -> net.ipv6.conf.*.accept_ra.
        forwards: whether the host forwards IPv6.
        sysctl_file: what forwarding.SYSCTL_FILE holds, None if it is missing.
        at_boot: what else sets accept_ra at a boot; only read where that may cost the host its default route.
        record: what earlier runs wrote down.
        machine_id: of the host; empty if it has none.
        edited: path -> bytes of the Compose files, and gai.conf, that earlier runs edited.
        environment: what kind of engine it is, see state.engine_kind; empty for a plain one.
        firewall: the host's own.
        no_ip6tables: why IPv6 packets cannot be translated here; empty if they can.
        no_raw: why ip6tables has no table raw, where the engine needs it; empty if it has.
        no_ipv6: why no IPv6 packet comes through the host's firewall at all; empty if some do.
        orders: in which order names that the operator gave are tried, see host.address_order.
        uplinks: interfaces with an IPv6 default route.
        table: our own firewall of containers with public addresses.
        ipv6nat: the container that translates IPv6 in Docker's place, see engine_kind; empty for none.
        paths: interfaces, Docker's left out, that have an IPv6 address other than link-local, or a default route.
    """

    daemon: state_daemon.Running
    path: str
    raw: bytes | None
    borrowed: t.Any
    networks: tuple[docker_objects.Network, ...]
    members: Mapping[str, tuple[str, ...]]
    containers: tuple[docker_objects.Container, ...]
    stopped: tuple[docker_objects.Container, ...]
    taken: tuple[tuple[str, ip.AnyNetwork], ...]
    ra_default: tuple[str, ...]
    accept_ra: Mapping[str, str | None]
    forwards: bool
    sysctl_file: bytes | None
    record: Mapping[str, t.Any]
    machine_id: str
    edited: Mapping[str, bytes | None] = types.MappingProxyType({})
    environment: tuple[str, ...] = ()
    firewall: state_firewall.HostFirewall = state_firewall.HostFirewall()
    no_ip6tables: str = ""
    no_ipv6: str = ""
    at_boot: AtBoot = NOTHING
    orders: tuple[Order, ...] = ()
    uplinks: tuple[Uplink, ...] = ()
    table: TableFiles = TableFiles()
    paths: tuple[str, ...] = ()
    ipv6nat: str = ""
    no_raw: str = ""

    @property
    def all_containers(self) -> tuple[docker_objects.Container, ...]:
        """All containers, running or stopped."""
        return (*self.containers, *self.stopped)
