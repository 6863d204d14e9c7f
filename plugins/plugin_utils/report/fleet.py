# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run found and did on a fleet: the report as a value, and as the dict that report.json holds.

``docs/report.schema.json`` describes that dict; VERSION changes with every change that a reader of it has to know of.
"""

from __future__ import annotations

import dataclasses
import typing as t
from dataclasses import dataclass

from ansible_collections.dms.ipv6.plugins.module_utils.exposure import published

from .log import Log
from .text import text, when, yaml_name

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .read import Got, Port, Proof, Read

    Json = dict[str, t.Any]

VERSION = 1
REAL, MASKED, REFUSED, NOT_VERIFIED = "real", "masked", "refused", "not verified"
UNREACHABLE, FAILED, ROLLED_BACK, NOT_REACHED = "unreachable", "failed", "rolled back", "not reached"
FIXED = "would be fixed"
# What needs you comes first.
STATES = (FAILED, ROLLED_BACK, UNREACHABLE, MASKED, FIXED, NOT_VERIFIED, NOT_REACHED, REFUSED, REAL)
# With these, you have to do something.
BAD = (FAILED, ROLLED_BACK, UNREACHABLE, MASKED)


@dataclass(frozen=True)
class Run:
    """The run itself, in words: when, and which playbook."""

    started: str
    finished: str
    playbook: str


@dataclass(frozen=True)
class Host:
    """A host as the report shows it.

    Attributes:
        why: the state's reason, as a sentence.
        log: what it was made of.
        proof: the last one that is known.
    """

    name: str
    state: str
    why: str
    log: Log
    proof: Proof | None


def host(name: str, log: Log) -> Host:
    """Judge a host by its log."""
    proof = merged(log.proofs) or (log.last.proof if log.last else None)
    state, why = _state(log, proof)
    return Host(text(name, 300), state, why, log, proof)


def not_reached(name: str) -> Host:
    """A host that the run never came to."""
    return Host(text(name, 300), NOT_REACHED, "The run ended before it came to this host.", Log(), None)


def merged(proofs: tuple[Proof, ...]) -> Proof | None:
    """The proofs of all networks of a host as one; the worst result is the result."""
    if not proofs:
        return None
    results = {proof.result for proof in proofs}
    worst = next((word for word in ("failed", NOT_VERIFIED, "passed") if word in results), proofs[-1].result)
    probes = tuple(probe for proof in proofs for probe in proof.probes)
    faults = tuple(fault for proof in proofs for fault in proof.faults)
    return dataclasses.replace(proofs[-1], result=worst, probes=probes, faults=faults)


def _state(log: Log, proof: Proof | None) -> tuple[str, str]:
    if log.unreachable:
        itself = " What this run began there, the host takes back by itself." if log.armed else ""
        return UNREACHABLE, f"The controller cannot reach this host.{itself}"
    if log.rolled_back:
        return ROLLED_BACK, "A change failed, and everything is as it was before this run."
    if log.failed:
        return FAILED, "The run failed on this host."
    predicted = log.last.predicted() if log.last else ""
    if predicted == MASKED and log.last and log.dry and _fixed(log.last):
        return FIXED, f"IPv6 clients are hidden from {_some(log.last.masked())}, and a run would change that."
    if predicted == MASKED and log.last:
        return MASKED, f"IPv6 clients are hidden from {_some(log.last.masked())}."
    if proof and proof.result == "failed" and proof.this_run:
        if any(probe.get("verdict") == MASKED for probe in proof.probes):
            return MASKED, "A client on another host was hidden."
        return FAILED, "A client on another host got something else than expected."
    return _proven(proof, predicted)


def _fixed(last: Read) -> bool:
    """Whether no client of a container that the run is about is hidden once the plan is carried out."""
    return bool(last.expected) and last.afterwards().predicted() != MASKED


def _proven(proof: Proof | None, predicted: str) -> tuple[str, str]:
    """Good is only what was seen from another host and what nothing contradicts since."""
    fits = proof is not None and predicted in (proof.expect, "unknown", "")
    if proof and fits and proof.result == "passed" and proof.expect in (REAL, REFUSED):
        seen = "IPv6 clients are refused" if proof.expect == REFUSED else "Clients are seen as they are"
        return proof.expect, f"{seen}, as seen from another host on {when(proof.date)}."
    if proof and proof.result == "passed":
        return NOT_VERIFIED, f"It was proven on {when(proof.date)}, but now IPv6 clients get: {predicted}."
    expected = f" IPv6 clients are expected to get: {predicted}." if predicted else ""
    return NOT_VERIFIED, f"No client on another host has shown what IPv6 clients get.{expected}"


def _some(places: list[str], most: int = 3) -> str:
    more = f" and {len(places) - most} more" if len(places) > most else ""
    return ", ".join(places[:most]) + more


def report(run: Run, logs: Mapping[str, Log], waiting: Collection[str] = ()) -> Json:
    """What report.json holds.

    Args:
        run: the run.
        logs: of each host that had a task.
        waiting: hosts that the plays are about; those without any task were not reached.
    """
    hosts = [host(name, log) for name, log in logs.items() if log.ours]
    hosts += [not_reached(name) for name in waiting if name not in logs]
    hosts.sort(key=lambda host: (STATES.index(host.state), host.name))
    remarks = dict.fromkeys((text(name, 300), remark) for name, log in logs.items() for remark in log.remarks)
    return {
        "version": VERSION,
        **{name: text(value, 300) for name, value in dataclasses.asdict(run).items()},
        "check_mode": any(host.log.dry for host in hosts),
        "headline": _headline(hosts),
        "totals": {state: sum(host.state == state for host in hosts) for state in STATES},
        "remarks": [{"host": name, "text": text} for name, text in remarks],
        "hosts": [_host_json(host) for host in hosts],
    }


def _headline(hosts: list[Host]) -> str:
    """How many hosts are well, and which are not."""
    if len(hosts) < 2:
        return "".join(f"{host.name}: {host.why}" for host in hosts)
    good = sum(host.state in (REAL, REFUSED) for host in hosts)
    refused = sum(host.state == REFUSED for host in hosts)
    verb = "shows" if good == 1 else "show"
    what = f"{verb} real clients{' or refuse IPv6' if refused else ''}"
    if refused and refused == good:
        what = f"refuse{'s' if verb == 'shows' else ''} IPv6 clients"
    of = f"{good} of {_count(len(hosts), 'host')}"
    parts = [f"{of} {what}, as another host has seen."]
    fixed = sum(host.state == FIXED for host in hosts)
    parts += [f"A run would fix {fixed}."] if fixed else []
    bad = [host for host in hosts if host.state in BAD]
    if bad:
        named = ", ".join(f"{host.name} ({host.state})" for host in bad[:3])
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        parts.append(f"{len(bad)} {'needs' if len(bad) == 1 else 'need'} you: {named}{more}.")
    unproven = sum(host.state in (NOT_VERIFIED, NOT_REACHED) for host in hosts)
    parts += [f"{unproven} not verified."] if unproven else []
    return " ".join(parts)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _host_json(host: Host) -> Json:
    log, last = host.log, host.log.last
    return {
        "name": host.name,
        "state": host.state,
        "why": host.why,
        "error": log.error,
        "check_mode": log.dry,
        "engine": last.engine if last else "",
        "mode": last.mode if last else "",
        "subnets": list(last.subnets) if last else [],
        "predicted": last.predicted() if last else "",
        # A host that was rolled back has its old settings.
        "changed": log.changed and not log.rolled_back,
        "restarted": log.restarted,
        "reloaded": log.reloaded,
        # A module that fails does not say what its way back has cost.
        "outage": None if log.rolled_back or log.failed or log.unreachable else round(log.outage, 2),
        "rolled_back": log.rolled_back,
        "steps": list(log.steps),
        "warnings": list(last.warnings) if last else [],
        "findings": [dataclasses.asdict(found) for found in (last.findings if last else ()) + log.findings],
        "remedy": _remedy(log),
        "containers": _containers(log),
        "proof": _proof_json(host.proof),
        "reverted": dict(last.reverted) if last and last.reverted else None,
    }


def _remedy(log: Log) -> str:
    """YAML to copy: the containers whose IPv6 clients are hidden, besides those that are named already."""
    hidden = [] if log.last is None else [
        port.container for port, got in log.last.ports.items() if got.get("ipv6") and got["ipv6"].verdict == MASKED
    ]  # fmt: skip
    names = dict.fromkeys([*(log.last.named if log.last else ()), *hidden])
    fixes = log.last is not None and not {*hidden} <= {*log.last.named}
    return f"dms_ipv6_containers: [{', '.join(map(yaml_name, names))}]" if fixes else ""


def _proof_json(proof: Proof | None) -> Json | None:
    if proof is None:
        return None
    names = ("probe_host", "family", "port", "verdict", "client", "seen", "msg")
    probes = [{name: probe.get(name, "") for name in names} for probe in proof.probes]
    return {**dataclasses.asdict(proof), "probes": probes, "faults": list(proof.faults)}


def _containers(log: Log) -> list[Json]:
    """Each container with its ports, before and after; after is None if no task looked since the last change."""
    first, last = log.first, log.last
    if not first or not last:
        return []
    after = last if log.after and not log.unreachable else None
    if after and log.dry and not log.rolled_back:
        after = after.afterwards()
    places = sorted(first.ports.keys() | (after.ports.keys() if after else set()))
    names = dict.fromkeys([*sorted(first.networks), *(place.container for place in places), *sorted(last.networks)])
    return [
        {
            "name": name,
            "networks": list((after or first).networks.get(name, ())),
            "ports": [_port(place, first, after) for place in places if place.container == name],
        }
        for name in names
    ]


def _port(place: Port, first: Read, after: Read | None) -> Json:
    values = {name: value for name, value in dataclasses.asdict(place).items() if name != "container"}
    return {
        **values,
        "before": _families(first.ports.get(place, {})),
        "after": _families(after.ports.get(place, {})) if after else None,
    }


def _families(got: Mapping[str, Got]) -> Json:
    return {
        family: {
            "verdict": exposure.verdict,
            "by": exposure.by,
            "cause": published.CAUSES.get(exposure.cause, exposure.cause),
        }
        for family, exposure in sorted(got.items())
    }
