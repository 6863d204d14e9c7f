# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of a host at the end of a run, in the words of the plan before it."""

from __future__ import annotations

import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils.core import verdict

from ..report.text import mapping, mappings, number, text, texts, when
from . import words

if t.TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .plan import Context
    from .words import Json

NO_PROBE_HOST = (
    "Not verified: no probe host. Set dms_ipv6_probe_hosts to another machine that has IPv6 (guide: Probe hosts)."
)
CHECKED = "checked, nothing was changed. A run would do what is shown above."


def host(name: str, read: Json, context: Context, proofs: Json, probe_hosts: bool) -> list[str]:
    """A host after a change, or without one.

    Args:
        name: of the host.
        read: as docker_ipv6, or docker_ipv6_info, returned it.
        context: what the run is.
        proofs: of this run: network -> what clients on other hosts saw.
        probe_hosts: whether there is any.
    """
    changed = read.get("changed") is True
    if changed and context.check:
        sentence = f"{CHECKED}{_compose(read)}"
    elif not changed:
        sentence = unchanged(read, context)
    elif context.mode == "absent":
        sentence = f"done. What dms.ipv6 changed was taken back.{_outage(read)}"
    else:
        sentence = " ".join(filter(None, ["done.", *_seen(read, context, proofs, probe_hosts)]))
    return [*words.wrapped([f"{name}: {sentence}"])]


def fleet(hosts: Mapping[str, tuple[Json, Context]]) -> list[str]:
    """The hosts with nothing to change; those of which the same is true once."""
    same: dict[str, list[str]] = {}
    for name, (read, context) in hosts.items():
        if not mapping(read.get("plan")).get("steps"):
            same.setdefault(unchanged(read, context), []).append(name)
    return [
        *words.wrapped(f"{', '.join(sorted(some, key=words.number))}: {sentence}" for sentence, some in same.items())
    ]


def unchanged(read: Json, context: Context) -> str:
    """A host on which there was nothing to do."""
    if context.mode == "absent":
        return "nothing to undo: nothing of dms.ipv6 is on this host."
    proof = mapping(read.get("proof"))
    sentences = [f"nothing to change (mode {context.mode}){_masked(read, '; ')}.", _last(proof)]
    warnings = [
        f"Please note: {words.sentence(warning)}" for warning in texts(mapping(read.get("plan")).get("warnings"))
    ]
    return " ".join(filter(None, [*sentences, *warnings]))


def _last(proof: Json) -> str:
    """The proof that the host keeps, of an earlier run."""
    result, date = text(proof.get("result"), 60), when(text(proof.get("date"), 60))
    return f"Last proof: {result}, {date}." if result else "Never verified from another host."


def _masked(read: Json, before: str = "") -> str:
    some = [port for port in words.ports(read) if port.verdict == "masked"]
    return f"{before}still masked: {words.names(port.container for port in some)}" if some else ""


def _seen(read: Json, context: Context, proofs: Json, probe_hosts: bool) -> list[str]:
    """Who is seen, how that is known, who is not seen, and what it cost."""
    wanted = "refused" if context.mode == "prevent" else "real"
    some = [port for port in words.ports(read) if port.verdict == wanted]
    named = list(dict.fromkeys(port.container for port in some if context.names(port.container)))
    proved = _proved(proofs)
    # Without a proof it is what the settings lead one to expect.
    is_seen = "refused at once" if wanted == "refused" else "seen as they are"
    clients = f"IPv6 clients of {words.names(named)} {'are' if proved else 'should now be'} {is_seen}" if named else ""
    masked = _masked(read)
    return [
        f"{clients}{f' ({proved})' if proved else ''}." if clients else f"Proved: {proved}." if proved else "",
        f"{masked[0].upper()}{masked[1:]}." if masked else "",
        "" if proved else _unproved(proofs, probe_hosts),
        _reached(read),
        _outage(read).strip(),
        _compose(read).strip(),
    ]


def _proved(proofs: Json) -> str:
    """From where, and at which ports; empty unless every network's proof passed."""
    some = [mapping(proof) for proof in proofs.values()]
    if not some or any(proof.get("result") != "passed" for proof in some):
        return ""
    good = [
        probe
        for proof in some
        for probe in mappings(proof.get("probes"))
        if probe.get("family") == "ipv6" and probe.get("verdict") == (proof.get("expect") or "real")
    ]
    hosts = words.names(sorted({text(probe.get("probe_host"), 200) for probe in good} - {""}, key=words.number))
    services = sorted({int(probe["port"]) for probe in good if probe.get("service") and str(probe["port"]).isdigit()})
    at = f": {', '.join(map(str, services))}" if services else ""
    return f"proved from {hosts}{at}" if hosts else "proved"


def _unproved(proofs: Json, probe_hosts: bool) -> str:
    if not probe_hosts:
        return NO_PROBE_HOST
    reasons = [
        text(probe.get("msg"))
        for proof in proofs.values()
        for probe in mappings(mapping(proof).get("probes"))
        if probe.get("msg") and not probe.get("verdict")
    ]
    why = "; ".join(dict.fromkeys(reasons[:3])) or "no probe host answered for every network"
    return f"Not verified: {words.sentence(why)}"


def proof(probes: Sequence[Json]) -> list[str]:
    """What clients on other hosts saw; ports with the same result in one line."""
    same: dict[tuple[str, str, str], list[str]] = {}
    for probe in probes:
        host, msg = (text(probe.get(name), 400) for name in ("probe_host", "msg"))
        if msg:
            family = verdict.WORDS.get(text(probe.get("family"), 10), "")
            same.setdefault((host, family, msg), []).append(text(probe.get("port"), 10))
    lines = []
    for (host, family, msg), ports in same.items():
        some = ", ".join(dict.fromkeys(port for port in ports if port))
        place = [host, family, f"port{'' if ',' not in some else 's'} {some}" if some else ""]
        lines.append(": ".join(filter(None, [", ".join(filter(None, place)), msg])))
    return lines


def _outage(read: Json) -> str:
    seconds = number(read.get("outage"))
    return f" Ports were closed for {seconds:.1f} s at most." if seconds >= 0.05 else ""


def _reached(read: Json) -> str:
    """In mode routed, containers have public addresses of their own."""
    addresses = mapping(mapping(read.get("plan")).get("addresses"))
    some = [f"{text(name, 200)} at {text(to, 60)}" for name, to in addresses.items()]
    return f"IPv6 clients reach {words.names(some)}." if some else ""


def _compose(read: Json) -> str:
    again = texts(read.get("compose_will_recreate"))
    return f" The next `docker compose up -d` re-creates {words.names(again)}." if again else ""
