# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module mail_dns_info does."""

from __future__ import annotations

import dataclasses
import typing as t

from ..core.refused import Refused
from ..mail import dns_findings, dns_questions
from ..mail.io import name_servers
from ..modes import report as modes_report

SPEC: dict[str, t.Any] = {
    "names": {"type": "list", "elements": "str"},
    "domain": {"type": "str"},
    "outbound": {"type": "str"},
    "addresses": {"type": "list", "elements": "str", "default": []},
    "expect": {"type": "str", "choices": ["any", "absent", "present"], "default": "any"},
    "resolvers": {"type": "list", "elements": "str", "default": []},
    "port": {"type": "int", "default": 53},
    "authoritative_port": {"type": "int", "default": 53},
    "timeout": {"type": "int", "default": 5},
}
RULES: dict[str, t.Any] = {"required_one_of": [("names", "domain", "outbound")]}


def run(params: dict[str, t.Any], _dry: bool = False) -> dict[str, t.Any]:
    """Look everything up; what the module returns."""
    _check(params)
    name_servers.available()
    wanted = dns_findings.Wanted(
        names=tuple(dict.fromkeys(dns_questions.fqdn(name, "names") for name in params["names"] or ())),
        resolvers=dns_findings.resolver_addresses(params["resolvers"]) or name_servers.system_resolvers(),
        expect=params["expect"],
        addresses=dns_findings.ipv6_addresses(params["addresses"], "addresses"),
        outbound=dns_findings.outbound_address(params["outbound"]) if params["outbound"] else "",
        domain=dns_questions.fqdn(params["domain"], "domain") if params["domain"] else "",
    )
    client = name_servers.Client(params["port"], params["authoritative_port"], params["timeout"])
    report = dns_findings.examine(wanted, client.ask)
    findings = dns_findings.findings(report, wanted)
    result: dict[str, t.Any] = {
        "changed": False,
        "names": [_name(name) for name in report.names],
        "findings": [finding.result() for finding in findings],
        "summary": dns_findings.summary(report, findings),
        "table": modes_report.finding_lines(finding.result() for finding in findings),
    }
    parts = {"mx": report.mx, "ptr": report.ptr, "spf": report.spf}
    return {**result, **{name: dataclasses.asdict(part) for name, part in parts.items() if part}}


def _check(params: dict[str, t.Any]) -> None:
    for option in ("port", "authoritative_port"):
        if not 1 <= params[option] <= 65535:
            raise Refused(f"{params[option]} is not between 1 and 65535", option)
    if params["timeout"] < 1:
        raise Refused("it is at least one second", "timeout")
    if not any(params[option] for option in ("names", "domain", "outbound")):
        raise Refused("there is nothing to look up", remedy="Give `names`, `domain` or `outbound`")


def _name(name: dns_findings.Name) -> dict[str, t.Any]:
    return {
        "name": name.name,
        "mx": name.mx,
        "status": name.status,
        "asked": name.asked,
        "addresses": list(name.addresses),
        "ttl": name.ttl,
        "chain": list(name.chain),
        "made_up": sorted({address for _resolver, address in name.made_up}),
        "servers": [
            {
                "server": reply.server,
                "address": reply.address,
                "kind": dns_findings.AUTHORITATIVE if reply.authoritative else dns_findings.RESOLVER,
                "name": reply.name,
                "outcome": reply.answer.outcome,
                "addresses": list(reply.answer.records),
                "ttl": reply.answer.ttl,
                "detail": reply.answer.detail,
            }
            for reply in name.said
        ],
    }
