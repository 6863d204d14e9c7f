# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of a run's tasks on a host, folded one by one into what a report needs of them."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field, replace

from . import read as report_read
from .read import Finding, Proof, Read
from .text import mappings, number, text, texts

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    Json = Mapping[str, t.Any]

OK, FAILED, UNREACHABLE = "ok", "failed", "unreachable"
# Reading, proving and the guard around a change: they change nothing themselves.
CHANGE_NOTHING = (
    "docker_ipv6_info",
    "host_transaction",
    "mail_dns_info",
    "probe_responder",
    "remote_ip_probe",
    "show",
    "smtp_relay_probe",
)


@dataclass(frozen=True)
class Event:
    """What became of a task on a host.

    Attributes:
        module: short name of a module of this collection, empty for any other task.
        ours: the task is one of our modules or of our role.
        caught: the play deals with its failure: a rescue, ignore_errors, ignore_unreachable.
        whole_play: a task with run_once speaks for the whole play.
        delegate: the host that it really ran on, if that is another one.
        arguments: what the controller gave it. What a result says of them is the host's word, and not always there.
    """

    module: str = ""
    outcome: str = OK
    result: Json = field(default_factory=dict)
    ours: bool = True
    caught: bool = False
    whole_play: bool = False
    dry: bool = False
    delegate: str = ""
    arguments: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Log:
    """All that is known of a host.

    Attributes:
        ours: a task of this collection ran on it, or would have, if another one had not failed before.
        after: the last read is later than the last change that was tried: it knows how the host is.
        outage: for how many seconds at most published ports were closed.
        armed: the host undoes by itself what is not confirmed.
        unreachable: no answer came from it, and none has since.
        proofs: of this run, one for each network.
        probed_from: the probe hosts of the next proof, in the order of its probes.
        remarks: what went wrong on other hosts' account, or stopped the run.
    """

    ours: bool = False
    dry: bool = False
    first: Read | None = None
    last: Read | None = None
    after: bool = True
    changed: bool = False
    restarted: bool = False
    reloaded: bool = False
    outage: float = 0.0
    rolled_back: bool = False
    armed: bool = False
    unreachable: bool = False
    failed: bool = False
    error: str = ""
    steps: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    probed_from: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    remarks: tuple[str, ...] = ()


def add(log: Log, event: Event) -> Log:
    """The log with one more event."""
    log = replace(log, ours=log.ours or event.ours, dry=log.dry or (event.ours and event.dry))
    if event.module:
        log = _module(log, event)
    elif event.ours and event.outcome == OK:
        log = replace(log, changed=log.changed or bool(event.result.get("changed")))
    return log if event.outcome == OK else _wrong(log, event)


def parts(result: Json) -> list[Json]:
    """The result, or those of a loop's items."""
    return mappings(result.get("results")) or [result]


def _module(log: Log, event: Event) -> Log:
    log = _carried_out(log, event)
    return log if event.outcome == UNREACHABLE or event.delegate else replace(log, unreachable=False)


def _carried_out(log: Log, event: Event) -> Log:
    # A loop over probe hosts is unreachable as a whole if one of them is.
    if event.module in READERS and (event.outcome != UNREACHABLE or event.module == "remote_ip_probe"):
        return READERS[event.module](log, event)
    if event.module in CHANGE_NOTHING or event.outcome == UNREACHABLE:
        return log
    for part in parts(event.result):
        log = _change(log, part, event)
    return log


def _change(log: Log, result: Json, event: Event) -> Log:
    """One of the modules that change a host."""
    changed = bool(result.get("changed"))
    real = not event.dry and (changed or event.outcome == FAILED)
    return replace(
        log,
        changed=log.changed or changed,
        after=log.after and not real,
        restarted=log.restarted or bool(changed and result.get("restarted")),
        reloaded=log.reloaded or bool(changed and result.get("reloaded")),
        outage=log.outage + (number(result.get("outage")) if real else 0.0),
        rolled_back=log.rolled_back or bool(result.get("rolled_back")),
        steps=log.steps + (texts(result.get("steps")) if changed else ()),
    )


def _read(log: Log, event: Event) -> Log:
    if event.outcome == FAILED:
        return log
    found = report_read.read(event.result, event.arguments)
    return replace(log, first=log.first or found, last=found, after=True)


def _whole(log: Log, event: Event) -> Log:
    """A change that reads the host before and after it, and waits to be confirmed."""
    if event.outcome == FAILED:
        return _change(log, event.result, event)
    change, found = _change(log, event.result, event), report_read.read(event.result, event.arguments)
    before = log.first if change.changed and not event.dry else log.first or found
    return replace(change, first=before, last=found, after=True, armed="transaction" in event.result)


def _transaction(log: Log, event: Event) -> Log:
    state = event.arguments.get("state")
    if state == "reverted":
        # A way back that failed leaves the host in between, whatever a module said before. The role lets that failure
        # pass and shows it later; only one that went well says which steps failed, namely none. Where nothing was
        # left to take back and the answer to the confirmation was lost, the host may have got it.
        back = "failed_steps" in event.result and bool(event.result.get("changed") or not log.unreachable)
        return replace(log, rolled_back=back, armed=not back)
    if event.outcome == OK and not event.dry:
        return replace(log, armed=state == "armed")
    return log


def _probe(log: Log, event: Event) -> Log:
    """Which hosts probed: the proof does not say."""
    return replace(log, probed_from=tuple(_probe_host(part, event.delegate) for part in parts(event.result)))


def _probe_host(result: Json, delegate: str) -> str:
    item = result.get("item")
    first = item[0] if isinstance(item, (list, tuple)) and item else ""
    return text(first if isinstance(first, str) and first else delegate, 200)


def _responder(log: Log, event: Event) -> Log:
    found = report_read.proof(event.result, this_run=True)
    if found is None:
        return log
    raw = mappings(event.result.get("probes"))
    names = log.probed_from if len(log.probed_from) == len(raw) else ("",) * len(raw)
    probes = [{**probe, "probe_host": name} for probe, name in zip(raw, names)]
    found = t.cast("Proof", report_read.proof({**event.result, "probes": probes}, this_run=True))
    return replace(log, proofs=(*log.proofs, found), probed_from=())


def _dns(log: Log, event: Event) -> Log:
    return replace(log, findings=report_read.findings(event.result) or log.findings)


READERS = {
    "docker_ipv6": _whole,
    "docker_ipv6_info": _read,
    "host_transaction": _transaction,
    "remote_ip_probe": _probe,
    "probe_responder": _responder,
    "mail_dns_info": _dns,
}


def _wrong(log: Log, event: Event) -> Log:
    remark = reason(event)
    if event.caught and event.delegate:
        # A probe host that died is named; what caught it deals with the rest.
        return replace(log, remarks=(*log.remarks, remark))
    if event.caught:
        return replace(log, unreachable=log.unreachable or (event.ours and event.outcome == UNREACHABLE))
    if event.outcome == UNREACHABLE and not event.delegate:
        return replace(log, ours=True, unreachable=True, error=remark)
    # A run that is stopped says so on hosts that are well: only our own tasks tell how a host is.
    if event.whole_play or (not event.ours and log.first is not None):
        return replace(log, remarks=(*log.remarks, remark))
    return replace(log, ours=True, failed=True, error=remark)


def reason(event: Event) -> str:
    """Why a task failed, in one text; of a loop, its first item's that did."""
    bad = [part for part in parts(event.result) if part.get("failed") or part.get("unreachable")]
    worst = (bad or [event.result])[0]
    message = text(worst.get("msg") or event.result.get("msg") or "no reason was given")
    if event.delegate and event.outcome == UNREACHABLE:
        return f"{_probe_host(worst, event.delegate)}, which was to help, cannot be reached: {message}"
    return message
