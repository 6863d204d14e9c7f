# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hidden clients do to real mail servers: Debian's Postfix, Fail2Ban and SPF policy server, before and after.

Everything is done twice, before the containers are moved live to a network with IPv6 and after it, and each test looks
at what came of it. The client's addresses are outside 172.16.0.0/12; one within would be trusted itself.
"""

from __future__ import annotations

import json
import re
import typing as t
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.lab_host import Host, lab, output, play
from tests.integration.name_servers import NameServers, install

INVENTORY = Path(__file__).with_name("mail.yml")
pytestmark = pytest.mark.own_lab
GATEWAY = "172.17.0.1"
OUTSIDE, INSIDE = "victim@outside.test", "user@example.test"
# The host's ports. In each container the same server listens on port 25.
RELAY, BANS, SPF, SUMS, HANGS = 25, 2525, 2526, 465, 587
SERVERS = {
    "relay": f"-p {RELAY}:25 -e PERMIT_DOCKER=network",
    "bans": f"-p {BANS}:25 -e FAIL2BAN=1",
    "spf": f"-p {SPF}:25 -e SPF=ip6:{{client}}",
    "sums": f"-p {SUMS}:25 -e PERMIT_DOCKER=connected-networks",
    "hangs": f"-p {HANGS}:25",
}
# None of these has anything to say: no such programs, no shell, not running, no mail port.
OTHERS = """
docker run -d --name shell -p 143:80 dms-lab/whoami
tar -C / -c bin/busybox | docker import -c 'CMD ["/bin/busybox", "sleep", "1000"]' - noshell
docker run -d --name noshell -p 110:80 noshell
docker create --name stopped -p 995:80 dms-lab/whoami
docker run -d --name web -p 8080:80 dms-lab/whoami
"""
READY = """
for name in %s; do
    for _ in $(seq 300); do docker exec $name grep -q 'daemon started' /var/log/mail.log && break; sleep 0.2; done
done
docker exec bans fail2ban-client ping
docker exec hangs sh -c 'cd /usr/local/bin; printf "#!/bin/sh\\nexec sleep 60\\n" > postconf; chmod +x postconf'
"""
# Stops before DATA. Says how far it came: a server may accept and then say nothing.
CLIENT = """
import json, smtplib, socket, sys
host, port, recipient = sys.argv[1], int(sys.argv[2]), sys.argv[3]
said = {"connected": False, "banner": "", "code": 0}
try:
    with socket.create_connection((host, port), 3) as handle:
        said["connected"] = True
        said["banner"] = handle.recv(200).decode()
    with smtplib.SMTP(host, port, timeout=5) as client:
        client.ehlo("client.test")
        client.mail("sender@spf.test")
        said["code"] = client.rcpt(recipient)[0]
        client.rset()
except (OSError, smtplib.SMTPException) as error:
    said["error"] = repr(error)
print(json.dumps(said))
"""


@dataclass(frozen=True)
class Lab:
    """The Docker host, its client, and how the client reaches it."""

    host: Host
    client: Host
    four: str
    six: str

    def rcpt(self, address: str, port: int, recipient: str = OUTSIDE) -> dict[str, t.Any]:
        """What the server says to a client that wants to send mail."""
        command = ["docker", "exec", "-i", self.client.container, "python3", "-", address, str(port), recipient]
        said: dict[str, t.Any] = json.loads(output(*command, stdin=CLIENT))
        return said

    def findings(self, **options: t.Any) -> list[dict[str, str]]:
        """What docker_ipv6_info finds, except that clients are masked."""
        result = self.host.direct("docker_ipv6_info", mail=True, **options)
        assert not result["failed"], result
        return [one for one in result["findings"] if one["id"] not in ("masked", "newly_exposed")]

    def log(self, name: str, words: str) -> list[str]:
        """Lines of a container's log."""
        return self.host.run(f"docker exec {name} grep -F '{words}' /var/log/mail.log || true").splitlines()

    def setting(self, name: str, setting: str = "mynetworks") -> str:
        """A setting of Postfix."""
        return self.host.run(f"docker exec {name} postconf -h {setting}")


@dataclass(frozen=True)
class Seen:
    """What the server said to clients, and what the host knows of it."""

    relay6: dict[str, t.Any]
    relay4: dict[str, t.Any]
    spf6: dict[str, t.Any]
    spf4: dict[str, t.Any]
    findings: list[dict[str, str]]

    def of(self, name: str, finding: str) -> dict[str, str]:
        """The one finding of an id about a container; an empty one if there is none."""
        about = [one for one in self.findings if one["id"] == finding and f"container {name}" in one["evidence"]]
        assert len(about) < 2, about
        return about[0] if about else {"severity": "", "evidence": ""}

    def about(self, name: str) -> list[str]:
        """The ids of all that is found about a container."""
        return [one["id"] for one in self.findings if re.search(rf"container {name}\b", one["evidence"])]


@pytest.fixture(scope="module")
def there() -> t.Iterator[Lab]:
    """A lab of these tests' own, with all the servers ready."""
    lab("down", INVENTORY)
    lab("up", INVENTORY)
    host, client = Host("sid", "mail"), Host("client", "mail")
    for one in (host, client):
        one.install()
    addresses = host.direct("docker_ipv6_info")["addresses"]
    own = client.run("ip -6 -o addr show scope global | sed -n 's/.*inet6 \\([^/]*\\).*/\\1/p'")
    for name, options in SERVERS.items():
        host.run(f"docker run -d --name {name} --cap-add NET_ADMIN {options.format(client=own)} dms-lab/mail")
    host.run(OTHERS + READY % " ".join(SERVERS))
    yield Lab(host, client, addresses["ipv4"], addresses["ipv6"])
    lab("down", INVENTORY)


def look(there: Lab) -> Seen:
    return Seen(
        there.rcpt(there.six, RELAY),
        there.rcpt(there.four, RELAY),
        there.rcpt(there.six, SPF, INSIDE),
        there.rcpt(there.four, SPF, INSIDE),
        there.findings(),
    )


@pytest.fixture(scope="module")
def dns(there: Lab, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[dict[str, t.Any]]:
    """The role's variables for a resolver that knows the host: two names, one with AAAA, and an SPF record without."""
    install()
    servers = NameServers(tmp_path_factory.mktemp("dns"))
    servers.dnsmasq(
        "127.0.0.12",
        servers.resolver_port,
        f"local=/lab.test/\nhost-record=mail.lab.test,{there.four},{there.six}\nhost-record=old.lab.test,{there.four}\n"
        'mx-host=lab.test,mail.lab.test,10\ntxt-record=lab.test,"v=spf1 ip4:198.18.0.0/15 -all"\n',
    )
    yield {
        "dms_ipv6_dns_host": "localhost",
        "dms_ipv6_resolvers": ["127.0.0.12"],
        "dms_ipv6_resolver_port": servers.resolver_port,
        "dms_ipv6_mail_domain": "lab.test",
    }
    servers.close()


def run(playbook: str, code: int, **variables: t.Any) -> str:
    """What one of our playbooks says; with line breaks as blanks."""
    done = play("sid", playbook, INVENTORY, dms_ipv6_probe_hosts=["client"], **variables)
    said = " ".join((done.stdout + done.stderr).replace("\\n", " ").split())
    assert done.returncode == code, said
    return said


@pytest.fixture(scope="module")
def audited(there: Lab, banned: list[dict[str, t.Any]], dns: dict[str, t.Any]) -> str:
    """The audit's output while IPv6 clients are masked. An open relay fails it."""
    return run("audit", 2, dms_ipv6_relay_test=True, **dns)


@pytest.fixture(scope="module")
def banned(there: Lab) -> list[dict[str, t.Any]]:
    """Seven tries of an IPv6 client at a server with Fail2Ban, and an eighth once it has acted."""
    tries = [there.rcpt(there.six, BANS) for _ in range(7)]
    there.host.run(f"for _ in $(seq 50); do docker exec bans fail2ban-client banned | grep -q {GATEWAY} && break; done")
    return [*tries, there.rcpt(there.six, BANS)]


@pytest.fixture(scope="module")
def before(there: Lab, audited: str) -> Seen:
    """Containers without IPv6, as Docker makes them."""
    return look(there)


def asked_to_relay(there: Lab, port: int, family: str = "ipv6") -> dict[str, t.Any]:
    """The result of smtp_relay_probe, as it runs on the client."""
    host = there.six if family == "ipv6" else there.four
    return there.client.direct("smtp_relay_probe", host=host, port=port, family=family, timeout=3)


@pytest.fixture(scope="module")
def relays(there: Lab, before: Seen) -> list[dict[str, t.Any]]:
    """What smtp_relay_probe says before: of the open relay over both families, of a server that has banned us."""
    return [asked_to_relay(there, RELAY), asked_to_relay(there, RELAY, "ipv4"), asked_to_relay(there, BANS)]


MOVED = ["relay", "bans", "spf", "sums"]


@pytest.fixture(scope="module")
def enabled(there: Lab, relays: list[dict[str, t.Any]], dns: dict[str, t.Any]) -> str:
    """What the playbook says that moves the containers live."""
    there.host.run("docker rm -f hangs")  # each look at it takes as long as we are patient
    started = "docker inspect -f '{{.State.StartedAt}}' " + " ".join(MOVED)
    then = there.host.run(started)
    said = run("enable", 0, dms_ipv6_containers=MOVED, **dns)
    assert there.host.run(started) == then
    return said


@pytest.fixture(scope="module")
def after(there: Lab, enabled: str) -> Seen:
    """The same containers on a network with IPv6, on an engine with ip6tables on."""
    return look(there)


# --- open relay


def test_hidden_client_is_relayed_for(there: Lab, before: Seen) -> None:
    assert before.relay6["code"] == 250
    assert before.relay4["code"] >= 400
    found = before.of("relay", "open_relay")
    assert found["severity"] == "critical"
    assert found["evidence"] == (
        f"open relay confirmed: container relay, port 25: IPv6 clients appear as {GATEWAY}, from which Postfix sends"
        " mail to any address (mynetworks: 172.16.0.0/12, by PERMIT_DOCKER=network)"
    )


def test_the_relay_is_closed_and_latent_afterwards(there: Lab, after: Seen) -> None:
    assert after.relay6["code"] >= 400
    assert after.relay4["code"] >= 400
    found = after.of("relay", "open_relay")
    assert found["severity"] == "warning"
    assert found["evidence"].startswith("open relay latent: container relay, port 25: ")


@pytest.mark.parametrize("name", ["bans", "spf"])
def test_server_that_trusts_no_client_is_not_a_relay(there: Lab, before: Seen, after: Seen, name: str) -> None:
    assert there.setting(name) == ""
    assert before.of(name, "open_relay")["severity"] == after.of(name, "open_relay")["severity"] == ""


def test_the_probe_for_relays(there: Lab, relays: list[dict[str, t.Any]], after: Seen) -> None:
    assert [one["relay"] for one in relays] == ["accepted", "denied", "timeout"]
    assert (relays[0]["code"], relays[2]["banner"]) == (250, "")
    assert "as for a client that is banned" in relays[2]["msg"]
    found = [asked_to_relay(there, RELAY), asked_to_relay(there, RELAY, "ipv4"), asked_to_relay(there, BANS)]
    assert [one["relay"] for one in found] == ["denied"] * 3
    assert "does not relay: 454 4.7.1 <victim@dms-ipv6.invalid>: Relay access denied" in found[0]["msg"]


def test_the_audit_names_the_relay_and_fails_for_it(there: Lab, audited: str, enabled: str) -> None:
    assert "sid: an open relay: the server would relay for" in audited
    assert "CRITICAL open_relay: open relay confirmed: container relay, port 25" in audited
    again = run("audit", 0, dms_ipv6_relay_test=True)
    assert "the server does not relay: 454" in again
    assert "CRITICAL open_relay" not in again


# --- the playbook, and DNS


def test_enabled_and_proven_on_the_ports_of_the_servers(there: Lab, enabled: str) -> None:
    """A mail server does not say which client it sees: the host has looked."""
    proof = there.host.direct("docker_ipv6_info")["proof"]
    own = proof["probes"][2:]
    assert proof["result"] == "passed"
    assert sorted((one["port"], one["family"], one["verdict"]) for one in own) == sorted(
        (str(port), family, "real") for port in (RELAY, BANS, SPF, SUMS) for family in ("ipv4", "ipv6")
    )
    assert all(one["seen"] == one["client"] for one in own)


def test_dns_is_looked_at_before_clients_are_invited(audited: str, enabled: str) -> None:
    for said in (audited, enabled):
        assert "mail.lab.test: AAAA present (resolver)" in said
        assert "spf_misses_ipv6" in said


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("mail.lab.test", 2, "mail.lab.test has an AAAA record"),
        ("old.lab.test", 0, "old.lab.test: AAAA absent (resolver)"),
        ("mail.elsewhere.test", 0, "mail.elsewhere.test: AAAA unknown"),
    ],
)
def test_prevented_only_without_an_aaaa_record(dns: dict[str, t.Any], name: str, code: int, words: str) -> None:
    given = {**dns, "dms_ipv6_mail_domain": "", "dms_ipv6_fqdns": [name]}
    done = play("sid", "verify", INVENTORY, dms_ipv6_mode="prevent", dms_ipv6_containers=["web"], **given)
    said = " ".join((done.stdout + done.stderr).split())
    assert (done.returncode, words in said) == (code, True), said
    assert ("Remove the AAAA record" in said) is (code == 2)


def test_a_host_that_cannot_ask_says_so(there: Lab) -> None:
    said = run("audit", 0, dms_ipv6_fqdns=["mail.lab.test"])
    assert "sid: DNS was not checked. the Python package dnspython (2.0 or later) is missing on this host" in said


# --- Fail2Ban


def test_the_gateway_is_banned(there: Lab, banned: list[dict[str, t.Any]], before: Seen) -> None:
    assert banned[0]["code"] == 454
    assert (banned[-1]["connected"], banned[-1]["banner"], banned[-1]["code"]) == (True, "", 0)
    assert "timed out" in banned[-1]["error"]
    found = before.of("bans", "gateway_banned")
    assert found["severity"] == "critical"
    assert f"Fail2Ban bans its gateway {GATEWAY} (jail postfix): all IPv6 clients are shut out" in found["evidence"]
    assert there.rcpt(there.four, BANS)["banner"].startswith("220 ")


def test_the_ban_hurts_no_client_afterwards_and_the_remedy_lifts_it(there: Lab, after: Seen) -> None:
    assert there.rcpt(there.six, BANS)["banner"].startswith("220 ")
    found = after.of("bans", "gateway_banned")
    assert found["severity"] == "warning"
    command = re.search(r"`(.*?)`", found["remedy"])
    assert command
    assert there.host.run(command.group(1)) == "1"
    assert not [one for one in there.findings() if one["id"] == "gateway_banned"]


# --- the log, and SPF


@pytest.mark.parametrize("name", ["relay", "bans", "spf"])
def test_the_log_is_counted(there: Lab, before: Seen, after: Seen, name: str) -> None:
    """No line of the gateway's comes behind the move, so that the log can still be counted now."""
    lines = there.log(name, f"unknown[{GATEWAY}]")
    rejected = sum("NOQUEUE: reject:" in one for one in lines)
    since = f"from {lines[0][:15]} to {lines[-1][:15]}"
    named = f"container {name}: {len(lines)} lines of its log name the gateway {GATEWAY} as the client, {since}"
    assert before.of(name, "gateway_in_log")["severity"] == "warning"
    assert after.of(name, "gateway_in_log")["severity"] == "info"
    assert after.of(name, "gateway_in_log")["evidence"] == f"{named}; its mail was rejected {rejected} times"
    # Fail2Ban may be faster than the seventh try.
    assert rejected in {"relay": (0,), "bans": (6, 7), "spf": (1,)}[name]


def test_spf_rejects_clients_that_it_should_let_in(there: Lab, before: Seen, after: Seen) -> None:
    assert (before.spf6["code"], before.spf4["code"]) == (550, 550)
    assert (after.spf6["code"], after.spf4["code"]) == (250, 550)
    found = before.of("spf", "spf_rejected_gateway")
    assert found["severity"] == "critical"
    assert f"SPF rejected mail 1 times, because it came from its gateway {GATEWAY}" in found["evidence"]
    assert after.of("spf", "spf_rejected_gateway")["severity"] == "info"


# --- what a re-creation would change


def test_dms_would_trust_more_if_it_were_created_again(there: Lab, before: Seen, after: Seen) -> None:
    assert before.of("sums", "stale_until_recreated")["severity"] == ""
    found = after.of("sums", "stale_until_recreated")
    assert found["severity"] == "warning"
    trusted = re.search(r"Postfix trusts (\S+); re-created, it would be (\S+, \S+) \(", found["evidence"])
    assert trusted and there.setting("sums").endswith(f" [fe80::]/64 {trusted.group(1)}")
    there.host.run(
        f"docker create --name again {SERVERS['sums'].replace(str(SUMS), '4465')} dms-lab/mail;"
        "docker network connect dms-ipv6 again; docker start again; sleep 2"
    )
    assert there.setting("again").split()[3:] == trusted.group(2).split(", ")


# --- containers that have nothing to say


def test_nothing_is_found_where_there_is_nothing(before: Seen, after: Seen) -> None:
    for name in ("shell", "noshell", "stopped", "web"):
        assert before.about(name) == after.about(name) == []


def test_a_program_that_hangs_is_named(before: Seen) -> None:
    assert before.about("hangs") == ["not_examined"]
    assert "postconf did not answer in time" in before.of("hangs", "not_examined")["evidence"]


def test_one_command_in_each_container_with_a_mail_port_and_none_unasked(there: Lab, after: Seen) -> None:
    def commands(**options: t.Any) -> list[str]:
        since = there.host.run("date +%s.%N")
        assert not there.host.direct("docker_ipv6_info", **options)["failed"]
        events = f"docker events --since {since} --until $(date +%s.%N) --filter event=exec_create"
        return sorted(there.host.run(f"{events} --format '{{{{.Actor.Attributes.name}}}}'").splitlines())

    assert commands() == []
    running = set(there.host.run("docker ps --format '{{.Names}}'").splitlines())
    assert commands(mail=True) == sorted(running - {"web"})
