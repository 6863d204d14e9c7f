# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the host's own firewall, and whether its packet filter can do what Docker needs for IPv6. Changes nothing."""

from __future__ import annotations

import contextlib
import glob
import os
import re

from ...routed import nft_table
from ...state import packet_filter
from ...state.firewall import ACCEPT, DROP, FIREWALLD, IPV4, IPV6, REJECT, UFW, HostFirewall
from ...system.io import files as system_files
from ...system.io import kernel
from ...system.io import programs as system_programs
from .. import firewall_rules, iptables, nft_ruleset

UFW_CONF, UFW_DEFAULTS = "/etc/ufw/ufw.conf", "/etc/default/ufw"
UFW_RULES = {IPV4: "/etc/ufw/user.rules", IPV6: "/etc/ufw/user6.rules"}
POLICIES = {"ACCEPT": ACCEPT, "DROP": DROP, "REJECT": REJECT}
FIREWALLD_CONF = "/etc/firewalld/firewalld.conf"
PROGRAMS = {IPV4: "iptables", IPV6: "ip6tables"}
OLDER_TABLES = "/proc/net/ip6_tables_names"
# Tables that are Docker's, firewalld's and ours.
NOT_THEIRS = {
    ("ip", "docker-bridges"),
    ("ip6", "docker-bridges"),
    ("inet", "firewalld"),
    ("ip", "firewalld"),
    ("ip6", "firewalld"),
    ("ip6", nft_table.NAME),
}
# The administrator's own files come first.
FIREWALLD_FOLDERS = ("/etc/firewalld", "/usr/lib/firewalld")


def read(dockerd: int) -> HostFirewall:
    """The firewall that is active, read from its files where they say it.

    Args:
        dockerd: the daemon's process, 0 if it is not known.
    """
    said = {family: _said(program) for family, program in PROGRAMS.items()}
    forward = _forward_policy(said[IPV6])
    uplinks = {route.interface for route in kernel.routes() if route.network.prefixlen == 0}
    uplinks |= {kernel.ipv4_default_interface() or ""} - {""}
    found = _by_name(dockerd, uplinks, forward)
    return found._replace(chains=_chains(found.kind, said), uplinks=frozenset(uplinks))


def _by_name(dockerd: int, uplinks: set[str], forward: dict[str, str]) -> HostFirewall:
    """UFW or firewalld, if one is active."""
    if _ufw_is_on():
        return _ufw(uplinks, forward)
    # Its unit may give it a mount namespace of its own; a container with a firewalld has another network.
    running = kernel.programs("firewalld") if os.path.isdir(FIREWALLD_FOLDERS[0]) else ()
    pids = [pid for pid in running if _network(pid) == _network("self")]
    if pids:
        started, since = kernel.process_started(pids[0]), kernel.process_started(dockerd)
        before = started is None or since is None or started < since
        through = firewall_rules.policies(_xml("policies").values())
        rest = {"routed_ports": through, "forward": forward, "before_daemon": before}
        return firewall_rules.host_firewall(FIREWALLD, _firewalld(uplinks), REJECT, **rest)
    return HostFirewall(forward=forward)


def _said(program: str) -> list[str]:
    """The rules of iptables or ip6tables, and those of the kernel's older tables where there are both."""
    done = system_programs.run(program, "-S")
    if done is None or done.returncode != 0:
        return []
    texts = [done.stdout.decode(errors="replace")]
    if b"-legacy tables present" in done.stderr:
        texts.append(system_programs.said(f"{program}-legacy", "-S"))
    return texts


def _chains(kind: str, said: dict[str, list[str]]) -> tuple[packet_filter.Chain, ...]:
    """What the administrator filters beside UFW and firewalld, whose own rules are read as theirs."""
    found = [chain for family, texts in said.items() for text in texts for chain in iptables.chains(text, family)]
    found = [chain for chain in found if not (kind and chain.hook == packet_filter.INPUT)]
    done = system_programs.run("nft", "-j", "list", "ruleset")
    if done is not None and done.returncode == 0:
        # Where the older tables are in use, iptables may have spoken of those, and of none of nftables.
        listed = bool(said[IPV6]) and not _text(OLDER_TABLES)
        found += nft_ruleset.chains(done.stdout.decode(errors="replace"), NOT_THEIRS, listed)
    return tuple(found)


def _network(process: int | str) -> str:
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{process}/ns/net")
    return ""


def fault() -> str:
    """Why IPv6 packets cannot be translated on this host, as a clause; empty if they can, or if only root can know."""
    if os.geteuid() != 0:
        return ""
    if not os.path.exists("/proc/net/if_inet6"):
        return "the kernel was started without IPv6"
    return _without_table("nat")


def no_raw() -> str:
    """Why ip6tables has no table raw here, as a clause; empty if it has one, or if only root can know."""
    return _without_table("raw") if os.geteuid() == 0 else ""


def _without_table(name: str) -> str:
    done = system_programs.run("ip6tables", "-t", name, "-S")
    if done is None:
        return "there is no program ip6tables"
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    return "" if done.returncode == 0 else f"`ip6tables -t {name} -S` says: {lines[0] if lines else done.returncode}"


def no_ipv6() -> str:
    """Why no IPv6 packet comes through, as a clause; empty if some do."""
    # It then drops neighbour discovery as well, and what Docker lets through finds no way back.
    return "UFW drops every IPv6 packet (IPV6=no in /etc/default/ufw)" if _ufw_is_on() and not _ufw_has_ipv6() else ""


def _ufw_is_on() -> bool:
    return firewall_rules.settings(_text(UFW_CONF)).get("ENABLED", "").lower() == "yes"


def _ufw_has_ipv6() -> bool:
    return firewall_rules.settings(_text(UFW_DEFAULTS)).get("IPV6", "yes").lower() == "yes"


def _ufw(uplinks: set[str], forward: dict[str, str]) -> HostFirewall:
    defaults = firewall_rules.settings(_text(UFW_DEFAULTS))
    texts = {family: _text(path) for family, path in UFW_RULES.items()}
    policy = POLICIES.get(defaults.get("DEFAULT_INPUT_POLICY", ""), DROP)
    rules = firewall_rules.ufw(texts[IPV4], IPV4, uplinks)
    if _ufw_has_ipv6():
        rules += firewall_rules.ufw(texts[IPV6], IPV6, uplinks)
    else:
        rules.append(firewall_rules.Rule(DROP, IPV6))
    through = firewall_rules.ufw(texts[IPV6], IPV6, uplinks, "user-forward")
    routed = frozenset(
        (port, rule.protocol)
        for rule in through
        if rule.verdict == ACCEPT and rule.ports != (firewall_rules.EVERY,)
        for first, last in rule.ports
        for port in range(first, last + 1)
    )
    return firewall_rules.host_firewall(UFW, rules, policy, routed_ports=routed, forward=forward)


def _firewalld(uplinks: set[str]) -> list[firewall_rules.Rule]:
    """What it has given the kernel; where that cannot be read, what its files say of the uplink's zone."""
    done = system_programs.run("nft", "list", "table", "inet", "firewalld")
    if done is not None and done.returncode == 0:
        return firewall_rules.firewalld(done.stdout.decode(errors="replace"), uplinks)
    zones = _xml("zones")
    interfaces = {name: re.findall(r'<interface name="([^"]+)"', text) for name, text in zones.items()}
    # A name in full comes before one with a wildcard.
    found = [name for name, of in interfaces.items() if {*of} & uplinks]
    found += [
        name for name, of in interfaces.items() if any(packet_filter.interface(x, [u]) for x in of for u in uplinks)
    ]
    named = [zones[name] for name in found]
    default = firewall_rules.settings(_text(FIREWALLD_CONF)).get("DefaultZone", "public")
    return firewall_rules.zone(named[0] if named else zones.get(default, ""), _xml("services"))


def _xml(kind: str) -> dict[str, str]:
    """name -> text of the files of a kind."""
    paths = [path for folder in reversed(FIREWALLD_FOLDERS) for path in sorted(glob.glob(f"{folder}/{kind}/*.xml"))]
    return {os.path.basename(path)[: -len(".xml")]: _text(path) for path in paths}


def _forward_policy(said: list[str]) -> dict[str, str]:
    """The policy of the chain FORWARD for IPv6, where it can be read."""
    found = re.search(r"^-P FORWARD (ACCEPT|DROP)$", said[0], re.MULTILINE) if said else None
    return {IPV6: POLICIES[found[1]]} if found else {}


def _text(path: str) -> str:
    return (system_files.peek(path) or b"").decode(errors="replace")
