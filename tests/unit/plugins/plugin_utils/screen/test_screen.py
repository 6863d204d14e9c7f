# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people read on the screen: each case as a text in ``golden``, which a person has read."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.core import finding
from ansible_collections.dms.ipv6.plugins.plugin_utils.screen import audit, outcome, plan, words

GOLDEN = Path(__file__).with_name("golden")
# With this set the texts are written again; read what `git diff` shows then.
WRITE = "DMS_IPV6_WRITE_GOLDEN"
ALL_PORTS = (("mailserver", (25, 465, 993)), ("traefik", (80, 443)))
ENABLE = plan.Context("nat", ("mailserver",), inventory="-i inventory")
WHY = "because the container has no IPv6 address"


def exposure(verdict: str, *numbers: int, by: str = "172.18.0.1", protocol: str = "tcp") -> list[dict[str, t.Any]]:
    port = {"protocol": protocol, "cause": ""}
    return [
        {
            **port,
            "host_port": number,
            "port": number,
            "family": family,
            "verdict": got,
            "by": by if got == "masked" else "",
        }
        for number in numbers
        for family, got in (("ipv6", verdict), ("ipv4", "real"))
    ]


def container(name: str, exposed: list[dict[str, t.Any]]) -> dict[str, t.Any]:
    return {"name": name, "networks": ["mail_default"], "exposure": exposed, "direct": []}


def masked(name: str, port: int, by: str = "172.18.0.1") -> dict[str, t.Any]:
    place = finding.Place(name, f"{port}/tcp", "IPv6 clients", "appear as", by, WHY.removeprefix("because "))
    return finding.Finding("masked", "critical", str(place), finding.to_name([name]), place).result()


def then(name: str, *numbers: int, verdict: str = "real") -> list[dict[str, t.Any]]:
    place = {"container": name, "protocol": "tcp", "verdict": verdict, "by": ""}
    return [{**place, "host_port": number, "port": number} for number in numbers]


MAIL = container("mailserver", exposure("masked", 25, 465, 993))
WEB = container("traefik", exposure("masked", 80, 443, by="172.19.0.1"))
ACCEPT_RA = {
    "id": "accept_ra_danger", "severity": "warning",
    "evidence": "the IPv6 default route on eth0 comes from router advertisements, and with net/ipv6/conf/eth0/accept_ra"
    " = 1 it is lost once Docker's first IPv6 network is there",
    "remedy": "Set net.ipv6.conf.eth0.accept_ra = 2 before; dms.ipv6.enable does it",
}  # fmt: skip
HIDDEN: dict[str, t.Any] = {
    "engine": {"version": "20.10.24"},
    "containers": [MAIL, WEB],
    "findings": [
        *(masked("mailserver", port) for port in (25, 465, 993)),
        ACCEPT_RA,
        *(masked("traefik", port, "172.19.0.1") for port in (80, 443)),
    ],
}
EFFECTS: dict[str, t.Any] = {
    "docker": "restarted",
    "stopped": [],
    "moved": ["mailserver"],
    "recreated": [],
    "networks": {"created": [], "replaced": ["mail_default"], "removed": []},
    "written": [
        {"path": "/etc/docker/daemon.json", "keys": ["experimental", "ip6tables"], "added": 3, "removed": 1},
        {"path": "/srv/mail/compose.yaml", "keys": [], "added": 6, "removed": 0},
    ],
    "forwarding": True,
    "later": [{"path": "/srv/mail/compose.yaml", "services": []}],
    "expected": then("mailserver", 25, 465, 993),
}
STEPS = [
    "write /etc/docker/daemon.json: the settings wanted",
    "restart docker.service; mailserver, traefik keep running",
]


def planned(host: dict[str, t.Any] | None = None, warnings: t.Sequence[str] = (), **effects: t.Any) -> dict[str, t.Any]:
    facts = {"steps": STEPS, "warnings": list(warnings), "packages": [], "effects": {**EFFECTS, **effects}}
    return {**(HIDDEN if host is None else host), "plan": facts}


PLANNED = planned()
SEEN: dict[str, t.Any] = {
    **HIDDEN, "changed": True, "outage": 0.379,
    "containers": [container("mailserver", exposure("real", 25, 465, 993)), WEB],
    "plan": {"steps": [], "warnings": []},
}  # fmt: skip
PROBES = [
    {"family": "ipv6", "port": port, "verdict": "real", "probe_host": "vps1", "service": port != 20001, "msg": "seen"}
    for port in (20001, 25, 465, 993)
]
PROOF = {"mail_default": {"result": "passed", "expect": "real", "date": "2026-11-30T06:01:00Z", "probes": PROBES}}
SILENT = {
    "mail_default": {"result": "not verified", "expect": "real", "date": "x", "probes": [
        {"probe_host": "vps1", "verdict": "", "msg": "probe host vps1 is out of reach, or cannot run a module"}]},
}  # fmt: skip
CHECK = ENABLE._replace(check=True)
OTHER_PLAN = planned(docker="", moved=["mailserver", "redis"], written=[], forwarding=False)
TEN = {f"docker{number:02}": (OTHER_PLAN if number == 7 else PLANNED, ENABLE) for number in range(1, 11)}
PROOF_KEPT = {"result": "passed", "date": "2026-11-30T06:01:00Z"}
CONVERGED = {**SEEN, "changed": False, "proof": PROOF_KEPT}

CASES: dict[str, list[str]] = {
    "plan_of_a_host": plan.fleet({"docker01": (PLANNED, ENABLE)}),
    "plan_in_check_mode": plan.fleet({"docker01": (PLANNED, CHECK)}),
    "plan_with_steps": plan.fleet({"docker01": (PLANNED, ENABLE._replace(steps=True))}),
    "plan_of_ten_hosts": plan.fleet(TEN),
    "plan_that_stops_containers": plan.fleet(
        {"docker01": (planned(stopped=["mailserver", "traefik"], moved=[], later=[]), ENABLE)}
    ),
    "plan_with_more": plan.fleet({
        "docker01": (
            {**planned(warnings=["this host has no IPv6 default route: what containers open over IPv6 leads nowhere"],
                       later=[{"path": "/srv/mail/compose.yaml", "services": ["mailserver"]},
                              {"path": "/srv/web/compose.yaml", "services": None}])}, ENABLE),
    }),
    "plan_of_prevent": plan.fleet({
        "docker01": (planned(moved=[], networks={}, later=[], forwarding=False, written=[
            {"path": "/etc/docker/daemon.json", "keys": ["userland-proxy"], "added": 1, "removed": 0}],
            expected=[one for name, some in ALL_PORTS for one in then(name, *some, verdict="refused")]),
            plan.Context("prevent")),
    }),
    "plan_of_undo": plan.fleet({
        "docker01": (planned(SEEN, networks={"created": [], "replaced": [], "removed": ["dms-ipv6"]}, later=[],
                             forwarding=False), plan.Context("absent", inventory="-i inventory")),
    }),
    "audit_of_a_host": audit.host("docker01", HIDDEN),
    "audit_of_a_host_with_a_container_named": audit.host("docker01", HIDDEN, ("web.app", "traefik", "1st")),
    "audit_of_a_healthy_host": audit.host("docker02", {**SEEN, "containers": SEEN["containers"][:1], "findings": []}),
    "audit_without_ports": audit.host("docker03", {"containers": [], "findings": [ACCEPT_RA]}),
    "done_and_proved": outcome.host("docker01", SEEN, ENABLE, PROOF, True),
    "done_and_not_verified": outcome.host("docker01", SEEN, ENABLE, {}, False),
    "done_and_probe_host_silent": outcome.host("docker01", SEEN, ENABLE, SILENT, True),
    "checked": outcome.host("docker01", {**SEEN, "compose_will_recreate": ["web"]}, CHECK, {}, True),
    "undone": outcome.host("docker01", SEEN, plan.Context("absent"), {}, True),
    "nothing_to_change": outcome.host("docker01", CONVERGED, ENABLE, {}, True),
    "nothing_to_undo": outcome.host("docker01", CONVERGED, plan.Context("absent"), {}, True),
    "fleet_with_nothing_to_change": outcome.fleet({
        "docker10": (CONVERGED, ENABLE), "docker2": (CONVERGED, ENABLE), "docker1": (HIDDEN, ENABLE),
        "docker3": (PLANNED, ENABLE),
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_text(name: str) -> None:
    text, path = "\n".join(CASES[name]) + "\n", GOLDEN / f"{name}.txt"
    if os.environ.get(WRITE):
        path.write_text(text)
    assert text == path.read_text()


def test_no_text_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == CASES.keys()


@pytest.mark.parametrize("name", CASES)
def test_lines_are_short_enough_to_read(name: str) -> None:
    """What is to be copied may be longer."""
    assert all(len(line) <= words.WIDTH for line in CASES[name] if not line.startswith(("Way back: ", "dms_ipv6_")))


ESC = "\x1b[31m\u202e"


def test_what_a_host_says_is_made_visible() -> None:
    """Nothing that a terminal obeys comes through, in any text of a host."""
    found = {
        **planned(
            warnings=[ESC], moved=[ESC], stopped=[ESC], docker="restarted", later=[{"path": ESC, "services": [ESC]}]
        ),
        "containers": [container(f"m{ESC}", exposure("masked", 25, by=ESC))],
        "findings": [{**ACCEPT_RA, "evidence": ESC, "remedy": ESC, "id": ESC}],
        "engine": {"version": ESC},
    }
    shown = [
        *plan.fleet({"docker01": (found, ENABLE._replace(steps=True))}),
        *audit.host("docker01", found),
        *outcome.host("docker01", {**found, "changed": True, "compose_will_recreate": [ESC]}, ENABLE, PROOF, True),
    ]
    assert not any(character in "".join(shown) for character in ESC if not character.isprintable())


@pytest.mark.parametrize("strange", [None, "x", 5, [], {}, [[]], {"a": 1}, [{"exposure": "x"}]])
@pytest.mark.parametrize("part", ["containers", "findings", "plan", "engine", "proof"])
def test_a_strange_answer_ends_no_run(part: str, strange: t.Any) -> None:
    found = {**PLANNED, part: strange}
    for some in (plan.fleet({"a": (found, ENABLE)}), outcome.fleet({"a": (found, ENABLE)}), audit.host("a", found)):
        assert all(isinstance(line, str) for line in some)
    assert outcome.host("a", {**found, "changed": True}, ENABLE, {"n": strange}, True)


@pytest.mark.parametrize("strange", [None, "x", 5, [5], {"a": [5]}, [{"path": 5}]])
@pytest.mark.parametrize("part", EFFECTS)
def test_strange_effects_end_no_run(part: str, strange: t.Any) -> None:
    assert plan.fleet({"a": (planned(**{part: strange}), ENABLE)})


@pytest.mark.parametrize(
    ("given", "expected"),
    [("Restart it", "restart it"), ("DNS says", "DNS says"), ("Docker runs", "Docker runs"), ("", ""), ("A", "A")],
)
def test_clause(given: str, expected: str) -> None:
    assert words.clause(given) == expected


@pytest.mark.parametrize(
    ("fail_on", "expected"),
    [
        ("never", ""),
        ("critical", "5 critical findings: masked (this fails because dms_ipv6_fail_on is critical)"),
        ("warning", "6 findings: accept_ra_danger, masked (this fails because dms_ipv6_fail_on is warning)"),
    ],
)
def test_when_an_audit_fails(fail_on: str, expected: str) -> None:
    assert audit.bad(HIDDEN["findings"], fail_on) == expected
