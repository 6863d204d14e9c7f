# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says, from recorded texts of /proc."""

from __future__ import annotations

import builtins
import errno
import io
import os
import signal
import subprocess
import time
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel, sock_diag

IF_INET6 = """\
00000000000000000000000000000001 01 80 10 80       lo
fd5c1ab0000700000000000000000002 02 40 00 80     eth0
fe80000000000000004200fffe000002 02 40 20 80     eth0
fd5c1ab07e5700010000000000000001 05 40 00 c0 br-0123456789ab
"""
NONE = "0" * 32
IPV6_ROUTE = f"""\
fd5c1ab0000700000000000000000000 40 {NONE} 00 {NONE} 00000100 00000001 00000000 00000001     eth0
fe800000000000000000000000000000 40 {NONE} 00 {NONE} 00000100 00000001 00000000 00000001     eth0
{NONE} 00 {NONE} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00450003     eth0
{NONE} 00 {NONE} 00 fd5c1ab0000700000000000000000001 00000400 00000001 00000000 00000003     eth1
{NONE} 00 {NONE} 00 {NONE} ffffffff 00000001 00000000 00200200     lo
fd5c1ab0000700000000000000000002 80 {NONE} 00 {NONE} 00000000 00000003 00000000 80200001     eth0
ff000000000000000000000000000000 08 {NONE} 00 {NONE} 00000100 00000003 00000000 00000000     eth0
"""
ROUTE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t00000000\t010712C6\t0003\t0\t0\t0\t00000000\t0\t0\t0
"""
FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 198.18.7.0
        /24 link UNICAST
Local:
  +-- 0.0.0.0/0 2 0 2
     |-- 127.0.0.1
        /32 host LOCAL
     |-- 198.18.7.2
        /32 host LOCAL
     |-- 198.18.7.255
        /32 link BROADCAST
     |-- 198.18.7.2
        /32 host LOCAL
"""
HEAD = "  sl  local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode\n"
TCP = f"""{HEAD}\
   0: 0100007F:0CEA 00000000:0000 0A 0:0 00:0 0 0 0 1 1 0 100 0 0 10 0
   1: 00000000:0019 00000000:0000 0A 0:0 00:0 0 0 0 2 1 0 100 0 0 10 0
   2: 020011AC:0019 630712C6:A122 01 0:0 00:0 0 0 0 3 1 0 20 4 30 10 -1
"""
TCP6 = f"""{HEAD}\
   0: {NONE}:008F {NONE}:0000 0A 0:0 00:0 0 0 0 4 1 0 100 0 0 10 0
   1: 00000000000000000000000001000000:0050 {NONE}:0000 0A 0:0 00:0 0 0 0 5 1 0 100 0 0 10 0
   2: B01A5CFD0100577E0000000002000000:0019 B01A5CFD000007000000000099000000:A122 01 0:0 00:0 0 0 0 6 1 0 20 4 30 10 -1
"""
# Fields 3 to 22 of /proc/PID/stat; the program's name may hold blanks and brackets.
STAT = "4711 (dock) er) d) S 1 2 3 0 -1 4 5 6 7 8 9 10 11 12 20 0 30 0 {ticks} 100 200"
CGROUP1 = "".join(f"{one}:/system.slice/docker.service\n" for one in ("12:pids", "1:name=systemd", "0:"))
Files = t.Callable[[dict[str, str]], None]


def no_diagnostics(_pid: int) -> t.NoReturn:
    """A kernel that has nothing but /proc."""
    raise OSError(errno.ENOENT, "no such module")


@pytest.fixture
def proc(monkeypatch: pytest.MonkeyPatch) -> Files:
    """Lets the kernel's files have recorded texts; others are missing."""

    def give(files: dict[str, str]) -> None:
        def opened(path: str, *_arguments: object, **_options: object) -> io.StringIO:
            if path not in files:
                raise FileNotFoundError(2, "No such file or directory", path)
            return io.StringIO(files[path])

        monkeypatch.setattr(builtins, "open", opened)
        monkeypatch.setattr(sock_diag, "listening", no_diagnostics)

    return give


def test_addresses(proc: Files) -> None:
    proc({"/proc/net/if_inet6": IF_INET6})
    assert [(str(one.value), one.interface, one.tentative) for one in kernel.addresses()] == [
        ("::1/128", "lo", False),
        ("fd5c:1ab0:7::2/64", "eth0", False),
        ("fe80::42:ff:fe00:2/64", "eth0", False),
        ("fd5c:1ab0:7e57:1::1/64", "br-0123456789ab", True),
    ]
    learned = IF_INET6.replace(" 40 00 80     eth0", " 40 00 00     eth0")
    proc({"/proc/net/if_inet6": learned})
    assert [one.permanent for one in kernel.addresses()] == [True, False, True, True]


def test_routes(proc: Files) -> None:
    proc({"/proc/net/ipv6_route": IPV6_ROUTE})
    assert [(str(one.network), one.interface, one.by_kernel_ra) for one in kernel.routes()] == [
        ("fd5c:1ab0:7::/64", "eth0", False),
        ("fe80::/64", "eth0", False),
        ("::/0", "eth0", True),
        ("::/0", "eth1", False),
        ("fd5c:1ab0:7::2/128", "eth0", False),
    ]
    assert [str(one.router or "") for one in kernel.routes()] == ["", "", "fe80::1", "fd5c:1ab0:7::1", ""]


def test_ipv4(proc: Files) -> None:
    proc({"/proc/net/route": ROUTE, "/proc/net/fib_trie": FIB_TRIE})
    assert kernel.ipv4_default_interface() == "eth0"
    assert kernel.local_ipv4() == ["127.0.0.1", "198.18.7.2"]


@pytest.mark.skipif(os.sys.byteorder != "little", reason="recorded on a little-endian machine")  # type: ignore[attr-defined]
def test_listeners(proc: Files) -> None:
    proc({"/proc/4711/net/tcp": TCP, "/proc/4711/net/tcp6": TCP6})
    assert kernel.listeners(4711) == {
        "ipv4": [("127.0.0.1", 3306), ("0.0.0.0", 25)],
        "ipv6": [("::", 143), ("::1", 80)],
    }


@pytest.mark.skipif(os.sys.byteorder != "little", reason="recorded on a little-endian machine")  # type: ignore[attr-defined]
def test_udp_listeners(proc: Files) -> None:
    """Not those that are connected to a client."""
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    four = head + " 1: 00000000:0035 00000000:0000 07 0 0 0 0 0 1\n 2: 020011AC:A000 01001107:0035 01 0 0 0 0 0 2\n"
    six = head + f" 1: {'0' * 32}:CA6C {'0' * 32}:0000 07 0 0 0 0 0 3\n"
    proc({"/proc/4711/net/udp": four, "/proc/4711/net/udp6": six})
    assert kernel.udp_listeners(4711) == {"ipv4": [("0.0.0.0", 53)], "ipv6": [("::", 51820)]}
    assert kernel.udp_listeners(4712) == {"ipv4": [], "ipv6": []}


def test_interfaces_of_a_container(proc: Files) -> None:
    head = "Inter-|   Receive\n face |bytes\n"
    names = ("lo", "eth0", "eth11", "tunl0", "ip6_vti0", "wg0", "tun0", "nordlynx")
    proc({"/proc/7/net/dev": head + "".join(f"{name:>6}: 0 0\n" for name in names) + "long-name0:1 2\n"})
    assert kernel.links_beside(7) == ("long-name0", "nordlynx", "tun0", "wg0")
    assert kernel.links_beside(8) == ()


def test_listeners_of_a_containers_own(proc: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those in its network, what it or another process of its PID namespace holds: 4711 and 4712, not 1."""
    proc({"/proc/4711/net/tcp": TCP, "/proc/4711/net/tcp6": TCP6})
    links = {
        **{f"/proc/{pid}/ns/pid": "pid:[1]" if pid == 1 else "pid:[2]" for pid in (1, 4711, 4712)},
        "/proc/1/fd/3": "socket:[1]",
        "/proc/1/fd/4": "socket:[4]",
        "/proc/4711/fd/0": "/dev/null",
        "/proc/4711/fd/3": "socket:[2]",
        "/proc/4712/fd/9": "socket:[5]",
    }

    def readlink(path: str) -> str:
        if path not in links:
            raise FileNotFoundError(path)
        return links[path]

    def listdir(path: str) -> list[str]:
        if path == "/proc":
            return ["1", "4711", "4712", "4713", "self"]
        return [one.rpartition("/")[2] for one in links if one.startswith(f"{path}/")]

    monkeypatch.setattr(os, "readlink", readlink)
    monkeypatch.setattr(os, "listdir", listdir)
    assert kernel.listeners(4711, own=True) == {"ipv4": [("0.0.0.0", 25)], "ipv6": [("::1", 80)]}
    del links["/proc/4711/ns/pid"]
    assert kernel.listeners(4711, own=True) == {"ipv4": [], "ipv6": []}


def rows(*states: str) -> str:
    """A table of connections to the ports 1, 2 and so on, in these states."""
    ends = "020011AC:{0:04X} 630712C6:A122 {1} 0:0 00:0 0 0 0 {0} 1 0 20 4 30 10 -1"
    return HEAD + "".join(f"   {port}: {ends.format(port, state)}\n" for port, state in enumerate(states, 1))


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"tcp": TCP, "tcp6": TCP6}, [25, 25]),
        ({"tcp6": TCP6}, [25]),
        # Those that are being opened or closed, and listeners, are not connections.
        ({"tcp": rows("01", "02", "06", "08", "0A", "01")}, [1, 6]),
        ({"tcp": rows("01") + rows("01")}, [1, 1]),
        ({"tcp": HEAD, "tcp6": ""}, []),
        ({}, []),
    ],
)
def test_sessions(proc: Files, files: dict[str, str], expected: list[int]) -> None:
    proc({f"/proc/4711/net/{name}": text for name, text in files.items()})
    assert kernel.sessions(4711) == expected


@pytest.mark.parametrize(
    ("files", "port", "expected"),
    [
        (
            {"tcp": TCP, "tcp6": TCP6},
            25,
            [("198.18.7.99", 0xA122), ("fd5c:1ab0:7::99", 0xA122)],
        ),
        ({"tcp": TCP, "tcp6": TCP6}, 143, []),
        ({"tcp": TCP, "tcp6": TCP6}, 26, []),
        # A server that has closed its end, or has done so right now, has seen a client all the same.
        *(({"tcp": rows(state)}, 1, [("198.18.7.99", 0xA122)]) for state in ("01", "05", "06", "08")),
        ({"tcp": rows("0A")}, 1, []),
        ({}, 25, []),
    ],
)
def test_peers(proc: Files, files: dict[str, str], port: int, expected: list[tuple[str, int]]) -> None:
    proc({f"/proc/4711/net/{name}": text for name, text in files.items()})
    assert kernel.peers(4711, port) == expected


def test_host_without_ipv6(proc: Files) -> None:
    proc({"/proc/4711/net/tcp": HEAD})
    assert kernel.addresses() == []
    assert kernel.routes() == []
    assert kernel.ipv4_default_interface() is None
    assert kernel.local_ipv4() == []
    assert kernel.listeners(4711) == {"ipv4": [], "ipv6": []}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/proc/sys/net/ipv6/conf/eth0.7/accept_ra": "1\n"}, "1"),
        ({}, None),
    ],
)
def test_sysctl(proc: Files, files: dict[str, str], expected: str | None) -> None:
    proc(files)
    assert kernel.sysctl("net/ipv6/conf/eth0.7/accept_ra") == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/etc/machine-id": "0123\n"}, "0123"),
        ({"/var/lib/dbus/machine-id": "4567\n"}, "4567"),
        ({"/etc/machine-id": "0123\n", "/var/lib/dbus/machine-id": "4567\n"}, "0123"),
        ({"/etc/machine-id": "uninitialized\n", "/var/lib/dbus/machine-id": "4567\n"}, ""),
        ({}, ""),
    ],
)
def test_machine_id(proc: Files, files: dict[str, str], expected: str) -> None:
    proc(files)
    assert kernel.machine_id() == expected


def test_process_started(proc: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 2_000_000.0)
    monkeypatch.setattr(time, "clock_gettime", lambda clock: 1000.0)
    monkeypatch.setattr(os, "sysconf", lambda name: 100)
    proc({"/proc/4711/stat": STAT.format(ticks=5000)})
    assert kernel.process_started(4711) == 1_999_050.0
    assert (kernel.start_ticks(4711), kernel.ticks_now()) == (5000, 100_000)


def test_a_start_in_the_future_is_none(proc: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    """In LXC start times may be the machine's, and the clock since boot the container's."""
    monkeypatch.setattr(time, "clock_gettime", lambda clock: 1000.0)
    monkeypatch.setattr(os, "sysconf", lambda name: 100)
    proc({"/proc/4711/stat": STAT.format(ticks=10_000_000)})
    assert kernel.process_started(4711) is None


@pytest.mark.parametrize(
    "files",
    [{}, {"/proc/4711/stat": ""}, {"/proc/4711/stat": "4711 (x) S 1"}, {"/proc/4711/stat": STAT.format(ticks="x")}],
)
def test_process_that_is_gone_has_no_start(proc: Files, files: dict[str, str]) -> None:
    proc(files)
    assert kernel.process_started(4711) is None
    assert kernel.start_ticks(4711) is None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"/proc/7/cmdline": "/usr/sbin/dockerd\0-H\0fd://\0"}, ["/usr/sbin/dockerd", "-H", "fd://"]),
        ({}, []),
    ],
)
def test_command_line(proc: Files, files: dict[str, str], expected: list[str]) -> None:
    proc(files)
    assert kernel.command_line(7) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CGROUP1, "docker.service"),
        ("0::/system.slice/docker.service\n", "docker.service"),
        ("0::/system.slice/snap.docker.dockerd.service\n", "snap.docker.dockerd.service"),
        ("0::/user.slice/user-0.slice/session-1.scope\n", None),
        ("0::/\n", None),
        ("", None),
    ],
)
def test_unit_of(proc: Files, text: str, expected: str | None) -> None:
    proc({"/proc/7/cgroup": text})
    assert kernel.unit_of(7) == expected


def test_children() -> None:
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    try:
        name = kernel.name_of(child)
        assert kernel.has_child(os.getpid(), name)
        assert not kernel.has_child(child, name)
        assert not kernel.has_child(os.getpid(), "no such program")
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    own = os.getpid()
    assert kernel.program(own) == os.readlink("/proc/self/exe")
    assert kernel.process_started(own) == pytest.approx(time.time(), abs=3600)
    assert kernel.command_line(own)
    assert kernel.shares_root_and_network(own)
    assert not kernel.shares_root_and_network(2**30)
    assert (kernel.program(2**30), kernel.name_of(2**30)) == ("", "")
    assert kernel.boot_id() == kernel.boot_id() != ""
    monkeypatch.setattr(kernel, "is_roots", lambda pid, group=None: True)
    assert own in kernel.processes(kernel.name_of(own))
    assert own in kernel.programs(kernel.name_of(own))
    monkeypatch.setattr(kernel, "is_roots", lambda pid, group=None: False)
    assert (kernel.processes(kernel.name_of(own)), kernel.programs(kernel.name_of(own))) == ([], {})


@pytest.mark.parametrize(("other", "seen"), [("mnt", True), ("pid", False)])
def test_a_unit_may_have_a_mount_namespace_of_its_own(monkeypatch: pytest.MonkeyPatch, other: str, seen: bool) -> None:
    """PrivateTmp and ProtectHome make one; a container has another PID namespace as well."""
    own = os.getpid()
    monkeypatch.setattr(kernel, "is_roots", lambda pid, group=None: True)
    monkeypatch.setattr(os, "readlink", lambda path: path if path.endswith(f"{own}/ns/{other}") else path[-3:])
    assert (own in kernel.processes(kernel.name_of(own))) is seen


STATUS = "Name:\tdockerd\nUid:\t{0}\nGid:\t5\t5\t5\t5\nGroups:\t7 9 \n"


@pytest.mark.parametrize(
    ("status", "group", "expected"),
    [
        (STATUS.format("0\t0\t0\t0"), None, True),
        (STATUS.format("65534\t65534\t65534\t65534"), None, False),
        # A program with the set-user-id bit, called by a user.
        (STATUS.format("1000\t0\t0\t0"), None, False),
        (STATUS.format("0\t1000\t0\t1000"), None, False),
        (STATUS.format("1000\t1000\t1000\t1000"), 9, True),
        (STATUS.format("1000\t1000\t1000\t1000"), 5, True),
        (STATUS.format("1000\t1000\t1000\t1000"), 8, False),
        ("Name:\tx\n", None, False),
        ("", None, False),
    ],
)
def test_whose_a_process_is(proc: Files, status: str, group: int | None, expected: bool) -> None:
    proc({"/proc/7/status": status})
    assert kernel.is_roots(7, group) is expected
    assert kernel.is_roots(8, group) is False


NAT = b"-P PREROUTING ACCEPT\n-N DOCKER\n-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n"


@pytest.mark.parametrize(
    ("code", "said", "expected"),
    [
        (0, NAT + b"-A DOCKER ! -i br-1 -p tcp --dport 80 -j DNAT --to-destination [fd00::2]:80\n", True),
        # Chains outlive the daemon that made them; rules for ports do not (seen on 20.10.24, 26.1.5 and 28.5.2).
        (0, NAT + b"-A DOCKER -i br-1 -j RETURN\n", None),
        (0, NAT, None),
        (0, NAT + b"-A PREROUTING -p tcp --dport 80 -j DNAT --to-destination [fd00::2]:80\n", None),
        (0, b"-P PREROUTING ACCEPT\n-N DOCKER-X\n", False),
        (0, b"", None),
        (3, b"", None),
        (1, NAT, None),
    ],
)
def test_whether_docker_translates_ipv6(
    monkeypatch: pytest.MonkeyPatch, code: int, said: bytes, expected: bool | None
) -> None:
    monkeypatch.setattr(
        subprocess, "run", lambda *_arguments, **_options: subprocess.CompletedProcess([], code, said, b"")
    )
    assert kernel.docker_translates_ipv6() is expected


@pytest.mark.parametrize("error", [FileNotFoundError(), PermissionError(), subprocess.TimeoutExpired("ip6tables", 10)])
def test_ip6tables_that_cannot_be_queried(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def run(*_arguments: object, **_options: object) -> t.NoReturn:
        raise error

    monkeypatch.setattr(subprocess, "run", run)
    assert kernel.docker_translates_ipv6() is None


def test_ipv4_addresses_of_this_machine() -> None:
    assert kernel.ipv4_addresses().get("lo", "127.0.0.1") == "127.0.0.1"


MOUNTS = """\
22 1 0:20 / /proc rw shared:5 - proc proc rw
94 25 0:4 net:[4026532] /run/docker/netns/5f3a rw - nsfs nsfs rw
95 25 0:4 net:[4026533] /run/docker/netns/77aa rw shared:9 master:3 - nsfs nsfs rw
96 25 8:1 / /srv/a-b rw,relatime - ext4 /dev/sda1 rw
97 25 8:1 / /srv/cut
"""


def test_namespaces_that_are_mounted_for_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = {"/proc/7/mountinfo": [line.split() for line in MOUNTS.splitlines()]}
    monkeypatch.setattr(kernel, "lines_of", lambda path: iter(lines.get(path, [])))
    assert kernel.mounted_namespaces(7) == {"/run/docker/netns/5f3a", "/run/docker/netns/77aa"}
    assert kernel.mounted_namespaces(8) == set()
