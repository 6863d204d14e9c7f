# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says: addresses, routes, listeners, processes. Reads /proc; starts no program but ip6tables."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import os
import re
import socket
import struct
import time
import typing as t

from ...core.refused import Refused
from . import programs as system_programs
from . import sock_diag

if t.TYPE_CHECKING:
    from collections.abc import Iterator

# include/uapi/linux/ipv6_route.h and linux/route.h
RTF_UP, RTF_REJECT, RTF_ADDRCONF = 0x0001, 0x0200, 0x00040000
SIOCGIFADDR = 0x8915
# include/uapi/linux/if_addr.h; an address with a lifetime lacks the second.
TENTATIVE, PERMANENT = 0x40, 0x80
# Temporary (RFC 8981), duplicate, deprecated: not for others to connect to.
PASSING = 0x01 | 0x08 | 0x20
# States of TCP sockets in /proc/net/tcp{,6} (include/net/tcp_states.h of Linux).
ESTABLISHED, LISTENS = "01", "0A"
# A UDP socket that takes datagrams from any sender.
UNCONNECTED = "07"
# What Docker names a container's interfaces, and what the kernel puts into every namespace once a module is loaded.
OWN_LINKS = re.compile(r"lo|eth\d+|tunl0|sit0|ip6tnl0|gre0|gretap0|erspan0|ip6?_vti0|ip6gre0|dummy0|bond0")


class Address(t.NamedTuple):
    """An IPv6 address of the host, with its prefix and interface; one that was learned is not permanent.

    ``passing`` is one that no other host should connect to: temporary (RFC 8981), a duplicate, deprecated.
    """

    value: ipaddress.IPv6Interface
    interface: str
    tentative: bool
    permanent: bool = True
    passing: bool = False


class Route(t.NamedTuple):
    """An IPv6 route; ``by_kernel_ra`` if the kernel learned it from an advertisement, without ``router`` if on-link."""

    network: ipaddress.IPv6Network
    interface: str
    by_kernel_ra: bool
    router: ipaddress.IPv6Address | None = None


def lines_of(path: str) -> Iterator[list[str]]:
    """The fields of each line of a file of /proc, none if it cannot be read."""
    with contextlib.suppress(OSError), open(path, encoding="ascii", errors="replace") as file:
        for line in file:
            yield line.split()


def addresses() -> list[Address]:
    """The host's IPv6 addresses (/proc/net/if_inet6), link-local ones included."""
    found = []
    for fields in lines_of("/proc/net/if_inet6"):
        value = ipaddress.IPv6Interface((int(fields[0], 16), int(fields[2], 16)))
        flags = int(fields[4], 16)
        found.append(Address(value, fields[5], bool(flags & TENTATIVE), bool(flags & PERMANENT), bool(flags & PASSING)))
    return found


def routes() -> list[Route]:
    """The host's IPv6 routes that lead somewhere (/proc/net/ipv6_route, main and local tables)."""
    found = []
    for fields in lines_of("/proc/net/ipv6_route"):
        flags = int(fields[8], 16)
        if flags & RTF_UP and not flags & RTF_REJECT:
            network = ipaddress.IPv6Network((int(fields[0], 16), int(fields[1], 16)))
            router = ipaddress.IPv6Address(int(fields[4], 16))
            by_ra = bool(flags & RTF_ADDRCONF)
            found.append(Route(network, fields[9], by_ra, None if router.is_unspecified else router))
    return found


def ipv4_default_interface() -> str | None:
    """The interface of the IPv4 default route."""
    for fields in lines_of("/proc/net/route"):
        if fields[1:2] == ["00000000"] and fields[7:8] == ["00000000"]:
            return fields[0]
    return None


def ipv4_addresses() -> dict[str, str]:
    """interface -> its first IPv4 address."""
    found = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for _index, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # an interface without an IPv4 address
                answer = fcntl.ioctl(handle, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                found[name] = socket.inet_ntoa(answer[20:24])
    return found


def local_ipv4() -> list[str]:
    """Every IPv4 address of the host (/proc/net/fib_trie), secondary ones included."""
    found: list[str] = []
    last = ""
    for fields in lines_of("/proc/net/fib_trie"):
        if fields[:1] == ["|--"]:
            last = fields[1]
        elif fields[:3] == ["/32", "host", "LOCAL"] and last not in found:
            found.append(last)
    return found


def sysctl(name: str) -> str | None:
    """A value below /proc/sys, None where there is none. The name has slashes: an interface may have dots."""
    try:
        with open(f"/proc/sys/{name}", encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return None


def set_sysctl(name: str, value: str) -> None:
    """Set a value below /proc/sys; Refused if it cannot be set."""
    try:
        with open(f"/proc/sys/{name}", "w", encoding="ascii") as file:
            file.write(value)
    except OSError as error:
        raise Refused(f"cannot be set to {value}: {error.strerror}", name) from None


def machine_id() -> str:
    """The host's machine-id (machine-id(5)), empty if it has none."""
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        with contextlib.suppress(OSError), open(path, encoding="ascii", errors="replace") as file:
            found = file.read().strip()
            # What the file says until the first boot of an image is over (machine-id(5)).
            return "" if found == "uninitialized" else found
    return ""


def listeners(pid: int, own: bool = False) -> dict[str, list[tuple[str, int]]]:
    """What listens on TCP in a process's network namespace: family -> (address, port), family ipv4 or ipv6.

    Args:
        pid: the process.
        own: only what processes of its PID namespace hold, for a container that shares a network with others.
    """
    found: dict[str, list[tuple[str, int]]] = {"ipv4": [], "ipv6": []}
    inodes = _sockets_beside(pid) if own else None
    try:
        sockets = sock_diag.listening(pid)
    except OSError:
        sockets = [*_listening(pid)]
    for listener in sockets:
        if inodes is None or str(listener.inode) in inodes:
            found[listener.family].append((listener.address, listener.port))
    return found


def _listening(pid: int) -> t.Iterator[sock_diag.Listener]:
    """The same as sock_diag.listening(), where the kernel has nothing but /proc."""
    for family, name in (("ipv4", "tcp"), ("ipv6", "tcp6")):
        for fields in lines_of(f"/proc/{pid}/net/{name}"):
            if fields[3:4] == [LISTENS]:
                address, port = fields[1].split(":")
                yield sock_diag.Listener(family, _from_proc(address), int(port, 16), int(fields[9]))


def udp_listeners(pid: int) -> dict[str, list[tuple[str, int]]]:
    """What takes UDP from any sender in a process's network namespace, as listeners()."""
    found: dict[str, list[tuple[str, int]]] = {"ipv4": [], "ipv6": []}
    for family, name in (("ipv4", "udp"), ("ipv6", "udp6")):
        for fields in lines_of(f"/proc/{pid}/net/{name}"):
            if fields[3:4] == [UNCONNECTED]:
                address, port = fields[1].split(":")
                found[family].append((_from_proc(address), int(port, 16)))
    return found


def links_beside(pid: int) -> tuple[str, ...]:
    """The interfaces in a process's network namespace that are neither loopback, Docker's, nor the kernel's own."""
    names = [fields[0].partition(":")[0] for fields in lines_of(f"/proc/{pid}/net/dev") if ":" in fields[0]]
    return tuple(sorted(name for name in names if not OWN_LINKS.fullmatch(name)))


def _sockets_beside(pid: int) -> set[str]:
    """The inodes of all sockets that processes in a process's PID namespace have open."""
    found = set()
    with contextlib.suppress(OSError):
        own = os.readlink(f"/proc/{pid}/ns/pid")
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{entry}/ns/pid") == own:
                    found |= {*_open_files(entry)}
    return {link[len("socket:[") : -1] for link in found if link.startswith("socket:[")}


def _open_files(process: str) -> t.Iterator[str]:
    """What a process has open, without what it closes at this moment."""
    for descriptor in os.listdir(f"/proc/{process}/fd"):
        with contextlib.suppress(OSError):
            yield os.readlink(f"/proc/{process}/fd/{descriptor}")


def sessions(pid: int) -> list[int]:
    """The local ports of the TCP connections that are established in a process's network namespace, one for each."""
    return [local for state, local, _peer in _connections(pid) if state == ESTABLISHED]


def peers(pid: int, port: int) -> list[tuple[str, int]]:
    """(address, port) of all who are connected to a TCP port in a process's network namespace, or were right now."""
    return [peer for state, local, peer in _connections(pid) if local == port and state != LISTENS]


def _connections(pid: int) -> t.Iterator[tuple[str, int, tuple[str, int]]]:
    """State, local port and peer of every TCP socket in a process's network namespace."""
    for name in ("tcp", "tcp6"):
        for fields in lines_of(f"/proc/{pid}/net/{name}"):
            if len(fields) > 3 and ":" in fields[2]:  # not the heading
                address, port = fields[2].split(":")
                yield fields[3], int(fields[1].split(":")[1], 16), (_from_proc(address), int(port, 16))


def _from_proc(text: str) -> str:
    """An address of /proc/net/tcp{,6}: 32-bit words in host byte order."""
    raw = b"".join(struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8))
    return str(ipaddress.ip_address(raw))


def start_ticks(pid: int) -> int | None:
    """When a process began, in the kernel's ticks since its boot; None if it is gone."""
    return _stat(pid, 22)


def _stat(pid: int, field: int) -> int | None:
    """A field of /proc/PID/stat, counted as in proc(5); None if the process is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[field - 3])
    except (OSError, ValueError, IndexError):
        return None


def ticks_now() -> int:
    """The kernel's ticks since its boot."""
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK"))


def process_started(pid: int) -> float | None:
    """When a process began by the clock as it goes now (seconds since 1970, to a tick).

    None if it is gone, or seems to start in the future: then start times and the clock are not of one boot (LXC).
    """
    ticks = start_ticks(pid)
    if ticks is None or ticks > ticks_now():
        return None
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def boot_id() -> str:
    """Another one for every boot."""
    return sysctl("kernel/random/boot_id") or ""


def command_line(pid: int) -> list[str]:
    """The arguments of a process, program first; empty if it is gone."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().rstrip("\0").split("\0")
    except OSError:
        return []


def processes(name: str, group: int | None = None) -> list[int]:
    """Root's processes of a program name in our own PID namespace: containers have others, services do not.

    Args:
        name: of the program, which any user may give to a process.
        group: whose members count as root.
    """
    own = os.readlink("/proc/self/ns/pid")
    found = []
    for pid in _called(name):
        with contextlib.suppress(OSError):
            if is_roots(pid, group) and os.readlink(f"/proc/{pid}/ns/pid") == own:
                found.append(pid)
    return found


def programs(name: str) -> dict[int, str]:
    """process -> its program file, of root's processes of a program name in any mount namespace."""
    return {pid: program(pid) for pid in _called(name) if is_roots(pid)}


def parent(pid: int) -> int | None:
    """The parent of a process, None if it is gone."""
    return _stat(pid, 4)


def has_child(pid: int, name: str) -> bool:
    """Whether a process has a child of a name."""
    return any(_stat(process, 4) == pid for process in _called(name))


def _called(name: str) -> t.Iterator[int]:
    return (int(entry) for entry in filter(str.isdigit, os.listdir("/proc")) if name_of(int(entry)) == name)


def name_of(pid: int) -> str:
    """The name of a process, empty if it is gone. It may give itself any."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
        return file.read().strip()
    return ""


def program(pid: int) -> str:
    """The program file of a process, empty if it is gone."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/exe")
    return ""


def is_roots(pid: int, group: int | None = None) -> bool:
    """Whether a process is root's, or in a group that counts as root: its real, effective and saved user."""
    rows = {fields[0]: fields[1:] for fields in lines_of(f"/proc/{pid}/status") if fields}
    groups = {*rows.get("Gid:", ()), *rows.get("Groups:", ())}
    return (group is not None and str(group) in groups) or set(rows.get("Uid:", ("?",))) == {"0"}


def mounted_namespaces(pid: int) -> set[str]:
    """Where namespaces are mounted for a process, as dockerd does with those of its containers (proc_pid_mountinfo(5)).

    A daemon with a mount namespace of its own takes these mounts with it when it ends.
    """
    found = set()
    for fields in lines_of(f"/proc/{pid}/mountinfo"):
        if "-" in fields[6:] and fields[fields.index("-", 6) + 1] == "nsfs":
            found.add(fields[4])
    return found


def shares_root_and_network(pid: int) -> bool:
    """Whether a process has our root directory and our network; its mounts below may be its own (ProtectHome)."""
    with contextlib.suppress(OSError):
        if os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            return os.path.samestat(os.stat(f"/proc/{pid}/root/"), os.stat("/"))
    return False


def unit_of(pid: int) -> str | None:
    """The systemd service of a process (/proc/PID/cgroup), None if it is in none."""
    for fields in lines_of(f"/proc/{pid}/cgroup"):
        last = " ".join(fields).rpartition("/")[2]
        if last.endswith(".service"):
            return last
    return None


def docker_translates_ipv6() -> bool | None:
    """Whether the IPv6 nat table has rules of Docker's for published ports; None where that tells nothing.

    Its chains alone do not: they are still there when dockerd was started again with ip6tables off.
    """
    rules = system_programs.said("ip6tables", "-t", "nat", "-S").splitlines()
    if any(rule.startswith("-A DOCKER ") and " -j DNAT " in rule for rule in rules):
        return True
    return False if rules and "-N DOCKER" not in rules else None
