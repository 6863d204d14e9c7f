# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads of a host."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.modes import report


def port(family: str, verdict: str, by: str = "", host_port: int = 25, inner: int = 25) -> dict[str, t.Any]:
    return {"port": inner, "protocol": "tcp", "host_port": host_port, "family": family, "verdict": verdict, "by": by}


def finding(severity: str, name: str = "x", evidence: str = "seen", remedy: str = "fix it") -> dict[str, str]:
    return {"id": name, "severity": severity, "evidence": evidence, "remedy": remedy}


MAIL = {"name": "mailserver", "exposure": [port("ipv4", "real"), port("ipv6", "masked", "172.17.0.1")]}
WEB = {"name": "web", "exposure": [port("ipv4", "real", host_port=8080, inner=80)]}


def test_table_of_ports() -> None:
    assert report.lines([MAIL, WEB], []) == [
        "container   port         IPv6 client           IPv4 client",
        "mailserver  25:25/tcp    masked as 172.17.0.1  real",
        "web         8080:80/tcp  not published         real",
        "nothing is wrong",
    ]


def test_findings_come_with_the_worst_first() -> None:
    found = [finding("info", "c"), finding("warning", "b"), finding("critical", "z"), finding("critical", "a")]
    assert report.lines([], found) == [
        "no port is published",
        *(
            line
            for head in ("CRITICAL a", "CRITICAL z", "WARNING b", "INFO c")
            for line in (f"{head}: seen", "    do: fix it")
        ),
    ]


def test_a_finding_is_one_line_whatever_its_length() -> None:
    """Who prints it knows how wide a line may be."""
    evidence = " ".join(f"word{number}-x" for number in range(60))
    assert report.lines([], [finding("info", evidence=evidence)])[1:] == [f"INFO x: {evidence}", "    do: fix it"]
