# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports answer: a SYN to each of them, and a datagram to some. TARGETS=... scan.py, prints JSON; needs root.

TARGETS is a JSON list of {"address", "tcp": [first, last], "udp": [ports]}. A port is open where a SYN is accepted, or
a datagram is answered. The kernel of this client ends the connections that its raw socket began.
"""

from __future__ import annotations

import ipaddress
import json
import os
import select
import socket
import struct
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

SYN, RST, SYN_ACK = 0x02, 0x04, 0x12
# SYNs are sent in portions, so that no queue on the way overflows, and all of them twice.
PORTION, ROUNDS, PATIENCE = 512, 2, 1.0
ENOUGH = 8 << 20
SO_RCVBUFFORCE, IPV6_CHECKSUM = 33, 7
LISTENS = 64 << 10


def checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


class Scanner:
    """One address, by a raw socket of its own and a source port of its own."""

    def __init__(self, address: str, source_port: int) -> None:
        self.six = ipaddress.ip_address(address).version == 6
        family = socket.AF_INET6 if self.six else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ENOUGH)
        self.socket.connect((address, 0))
        own = self.socket.getsockname()[0]
        self.source_port = source_port
        if self.six:
            self.socket.setsockopt(socket.IPPROTO_IPV6, IPV6_CHECKSUM, 16)
        ends = socket.inet_pton(family, own) + socket.inet_pton(family, address)
        self.pseudo = ends + struct.pack("!BBH", 0, socket.IPPROTO_TCP, 20)
        self.open: set[int] = set()
        self.closed: set[int] = set()

    def segment(self, port: int) -> bytes:
        fields = (self.source_port, port, 0x0D5, 0, 5 << 4, SYN, 64240)
        if self.six:  # the kernel fills it in
            return struct.pack("!HHIIBBHHH", *fields, 0, 0)
        return struct.pack("!HHIIBBHHH", *fields, checksum(self.pseudo + struct.pack("!HHIIBBHHH", *fields, 0, 0)), 0)

    def listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while select.select([self.socket], [], [], max(0.0, end - time.monotonic()))[0]:
            try:
                packet = self.socket.recv(LISTENS, socket.MSG_DONTWAIT)
            except OSError:  # an ICMP error is not an answer
                continue
            packet = packet if self.six else packet[(packet[0] & 15) * 4 :]
            port, target = struct.unpack("!HH", packet[:4])
            if target == self.source_port:
                flags = packet[13]
                if flags & SYN_ACK == SYN_ACK:
                    self.open.add(port)
                elif flags & RST:
                    self.closed.add(port)

    def scan(self, first: int, last: int) -> None:
        for _round in range(ROUNDS):
            rest = sorted({*range(first, last + 1)} - self.open - self.closed)
            for at in range(0, len(rest), PORTION):
                for port in rest[at : at + PORTION]:
                    try:
                        self.socket.send(self.segment(port))
                    except OSError:  # refused by an ICMP error of the one before
                        self.socket.send(self.segment(port))
                self.listen(0)
            self.listen(PATIENCE)


def answered(address: str, ports: list[int]) -> list[int]:
    """From which ports datagrams are answered."""
    found = set()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as handle:
        for _round in range(ROUNDS):
            for port in ports:
                handle.sendto(b"?", (address, port))
            end = time.monotonic() + PATIENCE
            while select.select([handle], [], [], max(0.0, end - time.monotonic()))[0]:
                found.add(handle.recvfrom(LISTENS)[1][1])
    return sorted(found)


def look(numbered: tuple[int, dict[str, Any]]) -> dict[str, Any]:
    number, target = numbered
    first, last = target["tcp"]
    scanner = Scanner(target["address"], 40000 + os.getppid() % 10000 + number)
    scanner.scan(first, last)
    return {
        "address": target["address"],
        "tcp": sorted(scanner.open),
        "udp": answered(target["address"], target["udp"]),
        "refused": len(scanner.closed),
        "silent": last - first + 1 - len(scanner.open) - len(scanner.closed),
    }


def main() -> None:
    begin = time.monotonic()
    targets = json.loads(os.environ["TARGETS"])
    with ProcessPoolExecutor(len(targets)) as pool:
        found = list(pool.map(look, enumerate(targets)))
    print(json.dumps({"found": found, "seconds": round(time.monotonic() - begin, 1)}))


if __name__ == "__main__":
    main()
