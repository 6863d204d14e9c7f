# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real name servers as child processes on the loopback interface; they query no server outside."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import typing as t
from pathlib import Path

import dns.message
import dns.query
import pytest

from lab.base import find_tool, need_tools

PACKAGES = {"dnsmasq": "dnsmasq-base", "unbound": "unbound"}
UNBOUND = """server:
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  logfile: ""
  do-daemonize: no
  num-threads: 1
  do-not-query-localhost: no
  outgoing-interface: 127.0.0.1
  local-zone: "test." transparent
  local-zone: "d.f.ip6.arpa." nodefault
"""
NOT_REMOTE = "remote-control:\n  control-enable: no\n"
DNSMASQ = (
    "no-resolv\nno-hosts\nno-daemon\nbind-dynamic\npid-file=\nuser={user}\nport={port}\nlisten-address={address}\n"
)


def install() -> None:
    """Install what is missing, without starting it now or at the next boot."""
    missing = find_tool("unbound") is None
    need_tools(PACKAGES)
    if missing and shutil.which("systemctl"):
        subprocess.run(["systemctl", "disable", "unbound"], capture_output=True, check=False)


def free_port() -> int:
    """A high port that is free over UDP and TCP."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        one.bind(("", 0))
        two.bind(("", one.getsockname()[1]))
        return int(one.getsockname()[1])


class NameServers:
    """The servers of one test run. Those of zones listen on one port, resolvers on another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.zone_port, self.resolver_port = free_port(), free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.sockets: list[socket.socket] = []

    def dnsmasq(self, address: str, port: int, lines: str) -> None:
        """Start a dnsmasq."""
        head = DNSMASQ.format(port=port, address=address, user="root" if os.geteuid() == 0 else "")
        self._start(address, port, "dnsmasq", "--no-daemon", "-C", text=head + lines)

    def unbound(self, addresses: str, port: int, lines: str, zones: t.Mapping[str, str] | None = None) -> None:
        """Start an unbound on one or more addresses, with authority over zones."""
        text = UNBOUND.format(folder=self.folder)
        text += "".join(f"  interface: {one}@{port}\n" for one in addresses.split()) + lines + NOT_REMOTE
        first = addresses.split()[0]
        for name, records in (zones or {}).items():
            file = self.folder / f"{name}-{first}.zone"
            soa = f"@ SOA ns1.{name}. hostmaster.{name}. 7 3600 600 86400 300\n"
            file.write_text(f"$ORIGIN {name}.\n$TTL 600\n{soa}{records}", encoding="utf-8")
            text += f'auth-zone:\n  name: "{name}"\n  zonefile: "{file}"\n  for-upstream: no\n  fallback-enabled: no\n'
        self._start(first, port, "unbound", "-d", "-c", text=text)

    def _start(self, address: str, port: int, program: str, *arguments: str, text: str) -> None:
        self.stop(address)
        config = self.folder / f"{program}-{address}.conf"
        config.write_text(text, encoding="utf-8")
        with open(config.with_suffix(".log"), "ab") as log:
            command = [str(find_tool(program)), *arguments, str(config)]
            self.running[address] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self._wait(address, port, config.with_suffix(".log"))

    def _wait(self, address: str, port: int, log: Path) -> None:
        """Until it answers anything at all."""
        for _try in range(100):
            assert self.running[address].poll() is None, log.read_text(encoding="utf-8")
            try:
                dns.query.udp(dns.message.make_query("ready.local", "A"), address, timeout=0.2, port=port)
            except dns.exception.Timeout:
                continue
            except OSError:
                time.sleep(0.1)
                continue
            return
        pytest.fail(log.read_text(encoding="utf-8"))

    def silent(self, address: str, port: int) -> None:
        """Take everything and answer nothing."""
        self.sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self.sockets[-1].bind((address, port))

    def stop(self, address: str) -> None:
        """End one that we started, if there is any."""
        process = self.running.pop(address, None)
        if process:
            process.terminate()
            process.wait(20)

    def close(self) -> None:
        """End all that we started."""
        for address in list(self.running):
            self.stop(address)
        for one in self.sockets:
            one.close()
