# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on a client: probes many places at once with the collection's own probe, and prints what each of them gave.

Standard input: the addresses of the Docker host, the places as [address, port, protocol, family], and a time limit.
"""

from __future__ import annotations

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.dms.ipv6.plugins.module_utils.core import verdict
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import probe as proof_probe

asked = json.load(sys.stdin)


def udp(address: str, port: int, family: str) -> verdict.Verdict:
    """The same over UDP: the answer is one datagram, and an ICMP message a refusal."""
    with socket.socket(proof_probe.FAMILIES[family], socket.SOCK_DGRAM) as handle:
        handle.settimeout(asked["timeout"])
        handle.connect((address, port))
        try:
            handle.send(b"who am I?")
            answer = handle.recv(4096).decode()
        except socket.timeout:
            return verdict.Verdict(verdict.TIMEOUT, "", "", "")
        except OSError as error:
            return verdict.Verdict(verdict.REFUSED, "", "", str(error))
        return verdict.judge(handle.getsockname()[0], answer, asked["addresses"])


def probe(place: tuple[str, int, str, str]) -> tuple[str, str]:
    address, port, protocol, family = place
    if protocol == "udp":
        found = udp(address, port, family)
    else:
        found = proof_probe.probe((address, port), family, asked["timeout"], asked["addresses"])
    # docker-proxy accepts a connection before it knows whether the container takes it.
    dropped = found.verdict == verdict.UNEXPECTED and not found.seen
    return (verdict.REFUSED if dropped else found.verdict), (found.seen if found.verdict == verdict.MASKED else "")


with ThreadPoolExecutor(48) as pool:
    print(json.dumps(list(pool.map(probe, asked["places"]))))
