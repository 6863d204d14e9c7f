# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe proves: the client's own address against the one the server saw."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from collections.abc import Mapping

from . import ip

if t.TYPE_CHECKING:
    import datetime
    from collections.abc import Collection, Iterable

REAL, MASKED, REFUSED, TIMEOUT, UNEXPECTED = "real", "masked", "refused", "timeout", "unexpected"
# Not a verdict on the server: this client could not even try (no IPv6 of its own, say).
NOT_VERIFIED = "not verified"
PASSED, FAILED = "passed", "failed"
# What is kept of a probe's result.
KEPT = ("family", "host", "port", "verdict", "client", "seen", "msg")
VERDICTS = (REAL, MASKED, REFUSED, TIMEOUT, UNEXPECTED, NOT_VERIFIED)
NO_ADDRESS = "the answer names no client address, so it is not the responder's"
LONGEST = 300
WORDS = {"ipv4": "IPv4", "ipv6": "IPv6"}
# Addresses that no client on the internet has: something in front of it translates them (RFC 1918, 6598, 4193).
PRIVATE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"))
)


class Verdict(t.NamedTuple):
    """The verdict with both addresses and the sentence that the operator reads.

    Attributes:
        client_port: of the client's end of a connection that is kept open, 0 for none.
        answer: how the answer of something else than a responder begins, printable; it stays with who ran the probe.
    """

    verdict: str
    client: str
    seen: str
    msg: str
    client_port: int = 0
    answer: str = ""


def remote_address(answer: str) -> str | None:
    """The address in a responder's answer: the line ``RemoteAddr: [fd00::5]:41234`` of traefik/whoami."""
    found = re.search(r"^RemoteAddr:[ \t]*(\S+)", answer, re.MULTILINE)
    value = ip.plain(found.group(1)) if found else ""
    return value if _is_address(value) else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def itself(own: str) -> Verdict:
    """The verdict where the target is an address of the machine that probes."""
    return Verdict(NOT_VERIFIED, own, "", f"{own} is an address of the machine that probes, which proves nothing")


def judge(client: str, answer: str, host_addresses: Collection[str], host_networks: Collection[str] = ()) -> Verdict:
    """Compare the client's socket address with what the server says it saw.

    Args:
        client: local address of the probe's own socket.
        answer: what the responder sent.
        host_addresses: every address of the Docker host, gateways of its networks included. Any of them is
            *masked*: with a tentative bridge address an engine shows the host's uplink address instead.
        host_networks: subnets of the Docker host's networks. An address in one of them is not a translated client's.
    """
    seen = remote_address(answer)
    if seen is None:
        own = ip.plain(client)
        shown = "".join(character if character.isprintable() else "?" for character in answer[:120])
        return Verdict(UNEXPECTED, own, "", NO_ADDRESS, answer=shown)
    return compare(client, seen, host_addresses, host_networks)


def compare(client: str, seen: str, host_addresses: Collection[str], host_networks: Collection[str] = ()) -> Verdict:
    """Compare the client's own address with the one that was seen; see judge()."""
    own = ip.plain(client)
    if own in {ip.plain(address) for address in host_addresses}:
        return Verdict(
            NOT_VERIFIED, own, seen, f"the probe runs on the Docker host itself ({own}), which proves nothing"
        )
    if seen == own:
        return Verdict(REAL, own, seen, f"the server saw this client, {own}")
    if seen in {ip.plain(address) for address in host_addresses}:
        return Verdict(MASKED, own, seen, f"the server saw {seen}, an address of the Docker host, instead of {own}")
    if _behind_nat(own, seen, host_networks):
        return Verdict(
            NOT_VERIFIED,
            own,
            seen,
            f"this client ({own}) is behind NAT: the server saw {seen}, which proves nothing",
        )
    return Verdict(UNEXPECTED, own, seen, f"the server saw {seen}, neither this client ({own}) nor its Docker host")


def _behind_nat(own: str, seen: str, host_networks: Collection[str]) -> bool:
    """Whether something in front of a client translates its private address, which a Docker host cannot help.

    What is seen is not an address of the Docker host. It must not be a container's either, such as a proxy's.
    """
    client, seen_at = ipaddress.ip_address(own.partition("%")[0]), ipaddress.ip_address(seen.partition("%")[0])
    if client.version != seen_at.version or not any(client in network for network in PRIVATE):
        return False
    return not any(seen_at in ipaddress.ip_network(network, strict=False) for network in host_networks)


def of_service(
    probe: Mapping[str, t.Any], peers: Iterable[tuple[str, int]], host_addresses: Collection[str]
) -> dict[str, t.Any]:
    """The result of a probe that keeps its connection to a real service open, once the host has looked.

    Args:
        probe: the probe's result, with the client's address and port.
        peers: (address, port) of all that the service's container is connected to at that port.
        host_addresses: every address of the Docker host.
    """
    client, port = str(probe.get("client", "")), int(probe.get("client_port", 0))
    seen = {(ip.plain(address), number) for address, number in peers}
    ours = {ip.plain(address) for address in host_addresses}
    # Translated or not, a connection keeps its client's port; only docker-proxy opens one of its own.
    addresses = [client] if (ip.plain(client), port) in seen else sorted({address for address, _port in seen} & ours)
    if not addresses:
        return {**probe, "msg": f"the service has no connection from {client}, nor from its Docker host"}
    found = compare(client, addresses[0], host_addresses)
    return {**probe, "verdict": found.verdict, "seen": found.seen, "msg": found.msg}


def checked(results: Iterable[t.Any]) -> list[dict[str, t.Any]]:
    """The results of probes as they come from other hosts, only what is known of them; nonsense is said to be that."""
    return [_checked(result) if isinstance(result, Mapping) else _senseless({}) for result in results]


def _checked(result: Mapping[str, t.Any]) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {name: result[name] for name in (*KEPT, "client_port") if name in result}
    found.update({name: _shown(found[name]) for name in ("host", "msg") if name in found})
    if "verdict" not in found:  # skipped, or out of reach
        return {name: found[name] for name in ("msg",) if name in found}
    for name in ("port", "client_port"):
        if name in found:
            found[name] = _number(found[name])
    sensible = (
        str(found["verdict"]) in VERDICTS
        and str(found.get("family", "ipv6")) in WORDS
        and all(found.get(name, "") == "" or _is_address(str(found[name])) for name in ("client", "seen"))
        and found.get("port", 1) > 0
        and found.get("client_port", 0) >= 0
        # Such a connection is looked for at its port.
        and (not found.get("client_port") or {"port", "family", "client"} <= found.keys())
    )
    return found if sensible else _senseless(result)


def _senseless(result: Mapping[str, t.Any]) -> dict[str, t.Any]:
    item = result.get("item")
    name = _shown(item[0]) if isinstance(item, (list, tuple)) and item else "(unknown)"
    msg = f"probe host {name} gave an answer that makes no sense"
    return {"probe_host": name, "verdict": NOT_VERIFIED, "msg": msg}


def _number(value: t.Any) -> int:
    """A port, -1 for anything else."""
    text = str(value)[:6]
    return int(text) if re.fullmatch("[0-9]{1,5}", text) and int(text) <= 65535 else -1


def _shown(value: t.Any) -> str:
    return "".join(character if character.isprintable() else "?" for character in str(value)[:LONGEST])


def silent(probe_host: str) -> dict[str, str]:
    """What is kept of a probe host that could not probe."""
    msg = f"probe host {probe_host} is out of reach, or cannot run a module"
    return {"probe_host": probe_host, "verdict": NOT_VERIFIED, "msg": msg}


def proven(probes: Iterable[Mapping[str, t.Any]], expect: str = REAL) -> str:
    """What a set of probe results amounts to: *passed* only if IPv6 was really tried, and nothing was wrong.

    Args:
        probes: the results.
        expect: what IPv6 clients are to get, ``real`` or ``refused``. A port that nothing serves refuses IPv6 as well,
            so *refused* counts only beside an IPv4 client that got in and was seen.
    """
    listed = list(probes)
    if faults(listed, expect):
        return FAILED
    verdicts = {(str(probe.get("family", "")), str(probe.get("verdict", ""))) for probe in listed}
    needed = {("ipv6", expect)} | ({("ipv4", REAL)} if expect == REFUSED else set())
    return PASSED if needed <= verdicts else NOT_VERIFIED


def faults(probes: Iterable[Mapping[str, t.Any]], expect: str = REAL) -> list[str]:
    """Each probe that shows something else than is expected, in the words of its verdict."""
    return [_place(probe) + str(probe.get("msg", "")) for probe in probes if _is_fault(probe, expect)]


def _place(probe: Mapping[str, t.Any]) -> str:
    words = WORDS.get(str(probe.get("family", "")))
    port = f", port {probe['port']}" if probe.get("port") else ""
    port += f" of {probe['host']}" if port and probe.get("host") else ""
    return f"{words}{port}: " if words else ""


def _is_fault(probe: Mapping[str, t.Any], expect: str) -> bool:
    verdict = str(probe.get("verdict", NOT_VERIFIED))
    if verdict == NOT_VERIFIED:
        return False
    if expect == REAL:
        return verdict != REAL
    return verdict != (REFUSED if probe.get("family") == "ipv6" else REAL)


def proof(probes: Iterable[Mapping[str, t.Any]], now: datetime.datetime, expect: str = REAL) -> dict[str, t.Any]:
    """The proof to be kept: its date, its result, and each probe in the words the operator reads."""
    listed = list(probes)
    return {
        "result": proven(listed, expect),
        "expect": expect,
        "date": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "probes": [_kept(probe) for probe in listed],
    }


def _kept(probe: Mapping[str, t.Any]) -> dict[str, str]:
    named = {"probe_host": str(probe["probe_host"])} if "probe_host" in probe else {}
    return {**{name: str(probe.get(name, "")) for name in KEPT}, **named}
