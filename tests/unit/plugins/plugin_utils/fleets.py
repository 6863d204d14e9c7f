# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of the modules, as a run returns them, and fleets made of them."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.core import finding
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import fleet as report_fleet
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import log as report_log
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.log import Event, Log

RUN = report_fleet.Run("2026-11-24T21:00:00Z", "2026-11-24T21:04:37Z", "enable.yml")
HOSTILE = (
    "<script>document.title='owned'</script>\"'`{{ 7*7 }}\u202eevil\u202c\x1b[31mred\x00 "
    "</script><!-- <img src=x onerror=alert(1)>"
)
CLIENT = "fd5c:1ab0:7e57:99::5"


def port(family: str, verdict: str = "real", by: str = "", cause: str = "", number: int = 25) -> dict[str, t.Any]:
    got = {"verdict": verdict, "by": by, "cause": cause}
    return {"host_port": number, "port": number, "protocol": "tcp", "family": family, **got}


def container(name: str, verdict: str, ports: t.Iterable[int] = (25,)) -> dict[str, t.Any]:
    hidden = {"by": "172.18.0.1", "cause": "no_ipv6_address"} if verdict == "masked" else {}
    exposure = [
        one for number in ports for one in (port("ipv6", verdict, number=number, **hidden), port("ipv4", number=number))
    ]
    return {"name": name, "networks": ["mail_default"], "exposure": exposure, "direct": []}


def masked(name: str, number: int) -> dict[str, t.Any]:
    why = "the container has no IPv6 address"
    place = finding.Place(name, f"{number}/tcp", "IPv6 clients", "appear as", "172.18.0.1", why)
    return finding.Finding("masked", "critical", str(place), finding.to_name([name]), place).result()


def info(verdict: str = "real", **more: t.Any) -> dict[str, t.Any]:
    """A result of docker_ipv6_info for a host with a mail server and a web server."""
    return {
        "changed": False,
        "engine": {"version": "28.5.2"},
        "networks": [{"name": "dms-ipv6", "ipv6": True, "subnets": ["172.18.0.0/16", "fd5c:1ab0:7e57:1::/64"]}],
        "containers": [container("mail", verdict, (25, 465, 993)), container("web", verdict, (80, 443))],
        "findings": [masked("mail", 25)] if verdict == "masked" else [],
        "plan": {"changed": verdict != "real", "steps": [], "subnets": ["fd5c:1ab0:7e57:1::/64"], "warnings": []},
        **more,
    }


def probe(verdict: str = "real", family: str = "ipv6", seen: str = CLIENT) -> dict[str, t.Any]:
    words = {"verdict": verdict, "client": CLIENT, "seen": seen, "msg": f"the server saw {seen}"}
    return {"family": family, "port": 24871, **words}


def proof(result: str = "passed", *probes: dict[str, t.Any], expect: str = "real") -> dict[str, t.Any]:
    texts = [{name: str(one[name]) for name in one} for one in probes or (probe(),)]
    return {"result": result, "expect": expect, "date": "2026-11-24T21:03:12Z", "probes": texts, "faults": []}


def log(*events: Event) -> Log:
    found = Log()
    for one in events:
        found = report_log.add(found, one)
    return found


def read(mode: str = "nat", named: t.Sequence[str] = ("mail",), **more: t.Any) -> Event:
    return Event("docker_ipv6_info", result=info(**more), arguments={"mode": mode, "containers": list(named)})


DAEMON = {
    "changed": True,
    "steps": ["restart docker.service; mail keeps running"],
    "restarted": True,
    "reloaded": True,
    "outage": 0.61,
    "rolled_back": False,
}
NETWORK = {
    "changed": True,
    "outage": 0.2,
    "steps": ["create network dms-ipv6 with fd5c:1ab0:7e57:1::/64", "connect mail to network dms-ipv6"],
}


def transaction(state: str, outcome: str = "ok", **more: t.Any) -> Event:
    return Event("host_transaction", outcome, {"changed": False, **more}, arguments={"state": state})


def changing() -> tuple[Event, ...]:
    """A host is brought from masked to real, up to the proof."""
    return (
        read(verdict="masked"),
        transaction("armed"),
        Event("docker_daemon_config", result=DAEMON),
        Event("docker_ipv6_network", result=NETWORK),
        transaction("confirmed"),
    )


def enabled() -> Log:
    results = [
        {**probe(), "item": ["client1", ["ipv6", 24871]]},
        {**probe(family="ipv4"), "item": ["client1", ["ipv4", 24871]]},
    ]
    probes = Event("remote_ip_probe", result={"results": results}, delegate="client1")
    responder = Event("probe_responder", result=proof("passed", probe(), probe(family="ipv4")))
    return log(*changing(), probes, responder, read(proof=proof()))


def rolled_back(words: str = "dockerd did not come back: invalid IPv6 subnet") -> Log:
    failed = Event("docker_daemon_config", "failed", {"failed": True, "rolled_back": True, "msg": words}, caught=True)
    return log(
        read(verdict="masked"),
        transaction("armed"),
        failed,
        transaction("reverted", changed=True, failed_steps=[]),
        Event("", "failed", {"failed": True, "msg": f"mail: {words}. Everything is as it was before this run."}),
    )


def unreachable(words: str = "Failed to connect to the host via ssh: No route to host") -> Log:
    return log(Event("docker_ipv6_info", "unreachable", {"unreachable": True, "msg": words}))


def failed(words: str = "The Docker engine does not answer at /var/run/docker.sock") -> Log:
    return log(Event("docker_ipv6_info", "failed", {"failed": True, "msg": words}))


def verified(expect: str = "real") -> Log:
    mode = "nat" if expect == "real" else "prevent"
    return log(read(verdict=expect, mode=mode, proof=proof(expect=expect)))


def kinds() -> dict[str, Log]:
    """A log that ends in each state but *not reached*."""
    return {
        "real": enabled(),
        "masked": log(read(verdict="masked", mode="audit")),
        "refused": verified("refused"),
        "not verified": log(read()),
        "unreachable": unreachable(),
        "failed": failed(),
        "rolled back": rolled_back(),
    }


def fleet(size: int) -> dict[str, t.Any]:
    """A fleet as large as that: most hosts are well, and each state has some."""
    logs = list(kinds().values())
    weights = [0] * 12 + [1, 1, 1, 2, 2, 3, 3, 4, 5, 6]
    named = {f"mail{number:04}.example.com": logs[weights[number * 7 % len(weights)]] for number in range(size)}
    return report_fleet.report(RUN, named)
