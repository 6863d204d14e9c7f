# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbour proxying: the host answers on its uplink for the addresses that its containers have of the link's prefix.

Three ways lead there. The kernel's own entries (RFC 4861, section 7.2.8; one for each address) are gone with every link
down, so our unit keeps them; systemd-networkd keeps them by itself; ndppd answers for a whole prefix, and only
for addresses that a container inside has.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass

from ..change.plan import Plan, Step, Steps
from ..core import ip
from ..core.refused import Refused
from ..host.forwarding import SetSysctl
from . import ndp_checks, networkd
from .ndp_steps import PROXY_NDP, PlaceDropIn, PlaceUnit

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .neighbours import Facts

AUTO, KERNEL, NETWORKD, NDPPD = "auto", "kernel", "networkd", "ndppd"
PRESENT, ABSENT = "present", "absent"
PER_ADDRESS = (KERNEL, NETWORKD)
UNITS = "/etc/systemd/system"
NETWORKS = "/etc/systemd/network"
UNIT_PREFIX, DROP_IN_PREFIX = "dms-ipv6-ndp-", "90-dms-ipv6-ndp-"
NDPPD_PROGRAM = "/usr/sbin/ndppd"
# What may stand in a unit and in a shell's line as it is.
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}\Z")
# Most that are asked for before a change: containers of today, to see whether another machine has their addresses.
MOST_ASKED = 32

HEAD = "# Written by dms.ipv6.ndp_proxy; what is changed here is lost with the next run.\n"
# `ip monitor` says nothing when it begins to listen, and a link that goes down and up until then would be missed: so
# everything is done once more after a second. Setting what is there already changes nothing.
KERNEL_UNIT = """\
[Unit]
Description=Answer for {addresses} on {interface}
After=systemd-sysctl.service network-pre.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=/bin/sh -c '\\
  {{ echo; (sleep 1; echo) & exec ip -6 monitor link address dev {interface}; }} | \\
  while read -r event; do \\
    echo 1 > /proc/sys/net/ipv6/conf/{interface}/proxy_ndp || exit; \\
    for one in {addresses}; do ip -6 neighbour replace proxy $$one dev {interface}; done; \\
  done'
ExecStopPost=-/bin/sh -c 'for one in {addresses}; do ip -6 neighbour delete proxy $$one dev {interface}; done'
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
"""
# route-ttl: how soon a new bridge is found. ttl: how long an address that no container had is given up. With the
# 30 s that ndppd takes by itself, a container that was asked for a moment too early is out of reach for that long.
# Debian's init script waits 30 s for every ndppd to end when it stops its own: so at a shutdown our ndppd ends first.
NDPPD_UNIT = """\
[Unit]
Description=Answer for containers of {prefix} on {interface}
After=docker.service ndppd.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={program} -c /dev/stdin
StandardInput=data
StandardInputText=route-ttl 5000
StandardInputText=proxy {interface} {{
StandardInputText=  router yes
StandardInputText=  timeout 500
StandardInputText=  ttl 5000
StandardInputText=  rule {prefix} {{
StandardInputText=    auto
StandardInputText=  }}
StandardInputText=}}
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
"""


@dataclass(frozen=True)
class Wanted:
    """What is to be answered for; ``prefix`` empty stands for all prefixes, and only with ``absent``.

    Attributes:
        interface: empty for that of the default route.
        addresses: of containers, for the backends that need each of them.
    """

    prefix: str = ""
    interface: str = ""
    addresses: tuple[str, ...] = ()
    backend: str = AUTO
    state: str = PRESENT


@dataclass(frozen=True)
class NdpPlan(Plan):
    """A plan, with what it chose; ``packages`` must be there before it is carried out."""

    backend: str = ""
    interface: str = ""
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Choice:
    """What was wanted, understood."""

    prefix: ipaddress.IPv6Network
    interface: str
    addresses: tuple[ipaddress.IPv6Address, ...]
    backend: str


def plan(wanted: Wanted, facts: Facts, ask: ndp_checks.Ask) -> NdpPlan:
    """The plan for one prefix, or for taking back what we set.

    Args:
        wanted: what is to be.
        facts: what is found.
        ask: asks the neighbours; only if there is something to change.

    Raises:
        Refused: anything that must not or cannot be done; nothing was changed.
    """
    if wanted.state == ABSENT:
        return _absent(wanted, facts)
    choice = _choice(wanted, facts)
    prefix, interface = choice.prefix, choice.interface
    ndp_checks.refuse_place(prefix, interface, facts)
    ndp_checks.refuse_taken(prefix, interface, facts)
    ndp_checks.refuse_no_forwarding(interface, facts)
    warnings = _warnings(choice, facts)
    if choice.backend == NETWORKD:
        ndp_checks.refuse_switched_off(interface, facts)
    steps = _steps(choice, facts)
    if steps:
        inside = [container for container in facts.containers if container in prefix]
        ndp_checks.refuse_answered(prefix, interface, (choice.addresses or inside)[:MOST_ASKED], ask)
    missing = choice.backend == NDPPD and not facts.ndppd
    return NdpPlan(
        _shown(prefix, interface, facts),
        _shown_after(steps, prefix, interface, facts),
        steps,
        warnings,
        choice.backend,
        interface,
        ("ndppd",) if steps and missing else (),
    )


def obsolete(memory: Mapping[str, t.Any] | None, subnets: Iterable[ipaddress.IPv6Network], kept: str) -> list[str]:
    """The subnets of a network that we answer for, and that are not to be answered for any more.

    Args:
        memory: what earlier runs wrote down, see routed_undo.remember_ndp().
        subnets: those that the network has now.
        kept: the one to be answered for, empty for none.
    """
    known = (memory or {}).get("prefixes", {})
    return [subnet for subnet in map(str, subnets) if subnet in known and subnet != kept]


def refuse_missing(plan: NdpPlan) -> None:
    """Raise Refused if a plan needs a program that is missing."""
    if plan.packages:
        raise Refused(
            "the program is missing", plan.backend, "Install the package ndppd, or give addresses for another backend"
        )


def _choice(wanted: Wanted, facts: Facts) -> _Choice:
    """What is wanted, understood and complete."""
    if not wanted.prefix:
        raise Refused("it is missing", "prefix", "Give the CIDR of the Docker network's IPv6 subnet")
    prefix = ip.subnet(wanted.prefix, "prefix")
    interface = wanted.interface or _default_interface(facts)
    if interface not in facts.interfaces:
        raise Refused(f"there is no {interface} with IPv6", "interface", f"There are {', '.join(facts.interfaces)}")
    if not _PLAIN.match(interface):
        raise Refused(f"'{interface}' is not a name that a unit can hold", "interface")
    addresses = tuple(dict.fromkeys(_of(prefix, address, facts) for address in wanted.addresses))
    return _Choice(prefix, interface, addresses, _backend(wanted.backend, interface, addresses, facts))


def _default_interface(facts: Facts) -> str:
    routes = sorted(
        (route for route in facts.routes if not route.network.prefixlen and route.gateway), key=lambda r: r.metric
    )
    if not routes:
        raise Refused("this host has no IPv6 default route", "interface", "Name the interface")
    return routes[0].interface


def _of(prefix: ipaddress.IPv6Network, text: str, facts: Facts) -> ipaddress.IPv6Address:
    """An address that a container of a prefix may have."""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise Refused(f"'{text}' is not an IPv6 address", "addresses") from None
    if address not in prefix:
        raise Refused(f"{address} is not in {prefix}", "addresses")
    if address == prefix.network_address or any(own.value.ip == address for own in facts.addresses):
        raise Refused(f"{address} is this host's own", "addresses", "Give addresses of containers")
    return address


def _backend(wanted: str, interface: str, addresses: tuple[ipaddress.IPv6Address, ...], facts: Facts) -> str:
    managed = interface in facts.managed
    if wanted == AUTO:
        return NDPPD if not addresses else NETWORKD if managed else KERNEL
    if wanted in PER_ADDRESS and not addresses:
        raise Refused(
            f"{wanted} needs one entry for each address, and there are none",
            "addresses",
            "Give the containers' fixed addresses, or use ndppd",
        )
    if wanted == NETWORKD and not managed:
        raise Refused(f"systemd-networkd does not manage {interface}", "backend", "Use kernel, or auto")
    return wanted


def _warnings(choice: _Choice, facts: Facts) -> tuple[str, ...]:
    warnings = []
    if facts.forwarding.get("all") == "0":
        warnings.append("this host does not forward IPv6 yet; dockerd switches it on with its first IPv6 network")
    if choice.backend == NDPPD:
        if ndp_checks.refuse_rule(choice.prefix, choice.interface, facts):
            warnings.append(
                f"another ndppd works on {choice.interface} (/etc/ndppd.conf): when it is stopped, restart "
                f"{unit_name(choice.prefix)}, because it takes the interface's IFF_ALLMULTI away"
            )
        if not facts.ndppd:
            warnings.append("ndppd is not installed, and must be before this is carried out")
    return tuple(warnings)


def _slug(prefix: ipaddress.IPv6Network) -> str:
    """A prefix as it may stand in a file's name."""
    return str(prefix).replace("/", "-")


def _of_slug(slug: str) -> ipaddress.IPv6Network:
    address, _dash, length = slug.rpartition("-")
    return ipaddress.IPv6Network(f"{address}/{length}")


def unit_name(prefix: ipaddress.IPv6Network) -> str:
    """Our unit that answers for a prefix."""
    return f"{UNIT_PREFIX}{_slug(prefix)}.service"


def _steps(choice: _Choice, facts: Facts) -> Steps:
    """From what is found to what is wanted: first what must go, then the sysctl, then what answers."""
    steps: list[Step] = list(_gone(choice, facts))
    left = {_recorded(str(choice.prefix), facts)[0]}
    if choice.backend in PER_ADDRESS:
        left -= {choice.interface}
        value = facts.proxy_ndp.get(choice.interface, "0")
        if value != "1":
            steps.append(SetSysctl(_sysctl(choice.interface), "1", value))
    steps += _sysctl_back(left, {str(choice.prefix)}, facts)
    answers = {(choice.interface, address) for address in choice.addresses} <= set(facts.proxied)
    if choice.backend == NETWORKD:
        path, content = _drop_in(choice, facts)
        if facts.drop_ins.get(path) != content or not answers:
            old = facts.drop_ins.get(path)
            steps.append(PlaceDropIn(path, content, old, str(choice.prefix), choice.interface, NETWORKD))
        return tuple(steps)
    unit, content = unit_name(choice.prefix), _unit(choice, facts)
    runs = unit in facts.running and (answers or choice.backend == NDPPD)
    if facts.units.get(unit) != content or not runs:
        old = facts.units.get(unit)
        steps.append(PlaceUnit(unit, content, old, str(choice.prefix), choice.interface, choice.backend))
    return tuple(steps)


def _unit(choice: _Choice, facts: Facts) -> bytes:
    template = KERNEL_UNIT if choice.backend == KERNEL else NDPPD_UNIT
    text = template.format(
        prefix=choice.prefix,
        interface=choice.interface,
        addresses=" ".join(map(str, choice.addresses)),
        program=facts.ndppd or NDPPD_PROGRAM,
    )
    return (HEAD + text).encode()


def _drop_in(choice: _Choice, facts: Facts) -> tuple[str, bytes]:
    name = facts.managed[choice.interface].name
    lines = [f"{networkd.ADDRESS}={address}\n" for address in choice.addresses]
    text = f"{HEAD}[Network]\n{networkd.PROXY}=yes\n{''.join(lines)}"
    return f"{NETWORKS}/{name}.d/{DROP_IN_PREFIX}{_slug(choice.prefix)}.conf", text.encode()


def _gone(choice: _Choice, facts: Facts) -> t.Iterator[Step]:
    """What answers for the same prefix in another way."""
    kept = _drop_in(choice, facts)[0] if choice.backend == NETWORKD else unit_name(choice.prefix)
    for step in _all_ours(facts):
        place = step.path if isinstance(step, PlaceDropIn) else step.unit
        if step.prefix == str(choice.prefix) and place != kept:
            yield step


def _all_ours(facts: Facts) -> t.Iterator[PlaceUnit | PlaceDropIn]:
    """The removal of each of our files."""
    for unit, content in sorted(facts.units.items()):
        prefix = str(_of_slug(unit[len(UNIT_PREFIX) : -len(".service")]))
        interface, backend = _recorded(prefix, facts)
        yield PlaceUnit(unit, None, content, prefix, interface, backend)
    for path, content in sorted(facts.drop_ins.items()):
        prefix = str(_of_slug(path.rpartition("/")[2][len(DROP_IN_PREFIX) : -len(".conf")]))
        interface, _backend_then = _recorded(prefix, facts)
        yield PlaceDropIn(path, None, content, prefix, interface, NETWORKD)


def _recorded(prefix: str, facts: Facts) -> tuple[str, str]:
    """On which interface we answer for a prefix, and how."""
    entry = facts.record.get("prefixes", {}).get(prefix, {})
    return entry.get("interface", "its interface"), entry.get("backend", "")


def _absent(wanted: Wanted, facts: Facts) -> NdpPlan:
    """Take back what we set, for one prefix or all."""
    named = str(ip.cidr(wanted.prefix, "prefix", "Give the CIDR of the subnet")) if wanted.prefix else ""
    going = [step for step in _all_ours(facts) if named in ("", step.prefix)]
    entries = {prefix: entry for prefix, entry in facts.record.get("prefixes", {}).items() if named in ("", prefix)}
    prefixes = {*entries, *(step.prefix for step in going)}
    interfaces = {entry["interface"] for entry in entries.values()}
    steps = (*going, *_sysctl_back(interfaces, prefixes, facts))
    before = "".join(_file(step) for step in going)
    backends = sorted({step.backend for step in going})
    return NdpPlan(before, "", steps, (), ", ".join(backends), ", ".join(sorted({entry.interface for entry in going})))


def _sysctl_back(interfaces: set[str], going: set[str], facts: Facts) -> t.Iterator[Step]:
    """proxy_ndp as it was before us, on interfaces where we do not need it any more."""
    entries = facts.record.get("prefixes", {}).items()
    stays = {entry["interface"] for prefix, entry in entries if prefix not in going and entry["backend"] in PER_ADDRESS}
    for interface, old in sorted(facts.record.get(PROXY_NDP, {}).items()):
        now = facts.proxy_ndp.get(interface)
        if interface in interfaces - stays and now not in (None, old):
            yield SetSysctl(_sysctl(interface), old, str(now))


def _sysctl(interface: str) -> str:
    return f"net/ipv6/conf/{interface}/{PROXY_NDP}"


def _file(step: PlaceUnit | PlaceDropIn, content: bytes | None = None) -> str:
    """A file with its path, as a diff shows it."""
    path = step.path if isinstance(step, PlaceDropIn) else f"{UNITS}/{step.unit}"
    return f"# {path}\n{(content or step.old or b'').decode(errors='replace')}"


def _shown(prefix: ipaddress.IPv6Network, interface: str, facts: Facts) -> str:
    """What is there for a prefix, as a diff shows it."""
    files = "".join(_file(step) for step in _all_ours(facts) if step.prefix == str(prefix))
    return f"{_sysctl(interface)} = {facts.proxy_ndp.get(interface, '0')}\n{files}"


def _shown_after(steps: Steps, prefix: ipaddress.IPv6Network, interface: str, facts: Facts) -> str:
    """The same once the steps were carried out."""
    if not steps:
        return _shown(prefix, interface, facts)
    values = [step.value for step in steps if isinstance(step, SetSysctl)]
    value = values[-1] if values else facts.proxy_ndp.get(interface, "0")
    placed = [step for step in steps if isinstance(step, (PlaceUnit, PlaceDropIn)) and step.content is not None]
    kept = "" if placed else "".join(_file(step) for step in _all_ours(facts) if step.prefix == str(prefix))
    return f"{_sysctl(interface)} = {value}\n{kept}{''.join(_file(step, step.content) for step in placed)}"
