# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The probe's connection: opens it itself, so that it knows its own address, and reads what the server says.

A real service does not say which client it sees. There the connection is kept open, so that its host can look.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
import typing as t

from ...core import ip, verdict
from ...core.refused import Refused
from .. import targets

if t.TYPE_CHECKING:
    from collections.abc import Collection

FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
# The client itself has no way to try: no address or no route of that family.
NO_WAY_OUT = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
# A firewall says no with an ICMP message (administratively prohibited), a closed port with a reset.
REFUSALS = (errno.ECONNREFUSED, errno.EACCES, errno.EPERM)
REMEDY = "Give the address at which clients on other hosts reach the Docker host (dms_ipv6_probe_addresses)"
# A responder's whole answer takes less.
MOST = 8192
# Any port: nothing is sent.
DISCARD = 9


def probe(
    place: tuple[t.Any, ...],
    family: str,
    timeout: float,
    host_addresses: Collection[str],
    host_networks: Collection[str] = (),
) -> verdict.Verdict:
    """Connect once, ask, and judge.

    Args:
        place: where, see resolve(); of a responder that answers HTTP with a ``RemoteAddr:`` line.
        family: ipv4 or ipv6.
        timeout: seconds for the connection and the answer together.
        host_addresses: every address of the Docker host.
        host_networks: subnets of its networks.
    """
    end = time.monotonic() + timeout
    with socket.socket(FAMILIES[family], socket.SOCK_STREAM) as handle:
        handle.settimeout(timeout)
        client = ""
        try:
            handle.connect(place)
            client = ip.plain(handle.getsockname()[0])
            handle.settimeout(max(end - time.monotonic(), 0.001))
            handle.sendall(b"GET / HTTP/1.0\r\nHost: dms-ipv6-probe\r\nConnection: close\r\n\r\n")
            answer = _read(handle, end)
        except socket.timeout:
            return verdict.Verdict(verdict.TIMEOUT, client, "", f"no answer within {timeout:g} s")
        except OSError as error:
            return _failed(error, client)
    return verdict.judge(client, answer, host_addresses, host_networks)


def way(place: tuple[t.Any, ...], family: str) -> verdict.Verdict:
    """From which address this client would connect; the kernel says it, and nothing is sent."""
    with socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as handle:
        try:
            handle.connect((place[0], DISCARD, *place[2:]))
        except OSError as error:
            return _failed(error, "")
        client = ip.plain(handle.getsockname()[0])
    return verdict.Verdict(verdict.NOT_VERIFIED, client, "", f"this client can try, from {client}")


def hold(place: tuple[t.Any, ...], family: str, timeout: float, seconds: int) -> verdict.Verdict:
    """Connect, say nothing, and keep the connection open after this process has ended.

    Args:
        place: where, see resolve(); of any service.
        family: ipv4 or ipv6.
        timeout: seconds for connecting.
        seconds: for how long it is kept.
    """
    with socket.socket(FAMILIES[family], socket.SOCK_STREAM) as handle:
        handle.settimeout(timeout)
        try:
            handle.connect(place)
        except socket.timeout:
            return verdict.Verdict(verdict.TIMEOUT, "", "", f"no connection within {timeout:g} s")
        except OSError as error:
            return _failed(error, "")
        client, number = handle.getsockname()[:2]
        _keep(seconds)
    said = f"connected; the host can say within {seconds} s which client the service sees"
    return verdict.Verdict(verdict.NOT_VERIFIED, ip.plain(client), "", said, number)


def _keep(seconds: int) -> None:
    """Leave a process behind that has everything open that this one has, except what Ansible waits for."""
    if os.fork():
        return
    try:
        os.setsid()
        for stream in range(3):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        time.sleep(seconds)
    finally:
        os._exit(0)


def resolve(host: str, port: int, family: str) -> tuple[t.Any, ...]:
    """Where to connect to.

    Raises:
        Refused: no address of that family, or one at which no probe from outside can reach a Docker host.
    """
    try:
        found = socket.getaddrinfo(host, port, FAMILIES[family], socket.SOCK_STREAM)
    except (OSError, ValueError) as error:  # ValueError: no name at all, such as mail..example.org
        reason = getattr(error, "strerror", None) or "it is not a host name"
        raise Refused(f"{host[:300]!r} has no {family} address ({reason})", "host") from None
    place = found[0][4]
    wrong = targets.why_not(str(place[0]))
    if wrong:
        raise Refused(f"{place[0]} is {wrong}", "host", REMEDY)
    return place


def is_own(place: tuple[t.Any, ...], family: str) -> bool:
    """Whether an address is one of this machine: the kernel connects from it to itself, and nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(FAMILIES[family], socket.SOCK_DGRAM) as handle:
        handle.connect((place[0], DISCARD, *place[2:]))
        return ip.plain(handle.getsockname()[0]) == ip.plain(str(place[0]))
    return False


def _read(handle: socket.socket, end: float) -> str:
    """The answer, as far as it came in time; a server that accepts and then says nothing is a time-out.

    One that says something and waits for more, as a mail server does, has answered.
    """
    found = b""
    while len(found) < MOST:
        left = max(end - time.monotonic(), 0)
        if found and not left:
            break
        handle.settimeout(left or 0.001)
        try:
            part = handle.recv(4096)
        except socket.timeout:
            if not found:
                raise
            break
        if not part:
            break
        found += part
    return found[:MOST].decode(errors="replace")


def _failed(error: OSError, client: str) -> verdict.Verdict:
    text = error.strerror or str(error)
    if error.errno in NO_WAY_OUT:
        return verdict.Verdict(verdict.NOT_VERIFIED, client, "", f"this client cannot try: {text}")
    if error.errno in REFUSALS:
        return verdict.Verdict(verdict.REFUSED, client, "", f"the connection was refused: {text}")
    if error.errno == errno.EHOSTUNREACH:
        return verdict.Verdict(verdict.TIMEOUT, client, "", f"no answer: {text}")
    return verdict.Verdict(verdict.UNEXPECTED, client, "", f"the connection failed: {text}")
