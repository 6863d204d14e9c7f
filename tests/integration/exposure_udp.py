# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a Docker host: answers over UDP in the networks of processes, exposure_udp.py PORT PID..., as whoami does.

A process as PID/4 gets a socket on 0.0.0.0 instead of [::].
"""

from __future__ import annotations

import ctypes
import os
import select
import socket
import sys

LIBC = ctypes.CDLL(None, use_errno=True)


def listener(place: str) -> socket.socket:
    """A socket in the network of a process; os.setns() came with Python 3.12."""
    pid, _slash, family = place.partition("/")
    with open(f"/proc/{pid}/ns/net", "rb") as namespace:
        if LIBC.setns(namespace.fileno(), 0):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    handle = socket.socket(socket.AF_INET if family else socket.AF_INET6, socket.SOCK_DGRAM)
    handle.bind(("0.0.0.0" if family else "::", int(sys.argv[1])))
    return handle


handles = [listener(pid) for pid in sys.argv[2:]]
while True:
    for handle in select.select(handles, [], [])[0]:
        _text, client = handle.recvfrom(4096)
        handle.sendto(f"RemoteAddr: [{client[0]}]:{client[1]}\n".encode(), client)
