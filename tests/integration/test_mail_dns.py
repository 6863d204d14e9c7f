# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""mail_dns_info against real dnsmasq and unbound: resolvers, and authoritative servers that disagree."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.integration.name_servers import NameServers, install

pytestmark = pytest.mark.own_lab

# Who listens where: two servers of example.test, resolvers of different kinds.
NS1, NS2, NS2_SIX = "127.0.0.2", "127.0.0.3", "::1"
RECURSIVE, PRIVATE, DNS64, DNS64_OWN, LOCAL, SILENT, UNUSED = (f"127.0.0.{number}" for number in (1, 4, 5, 6, 7, 8, 9))
OWN, OTHER = "fd00:1::25", "fd00:1::99"

# The first server, a dnsmasq, still has half.example.test, and not onlytwo.
EXAMPLE_DNSMASQ = f"""auth-server=ns1.example.test,{NS1}
auth-zone=example.test
auth-soa=7,hostmaster.example.test
auth-ttl=600
auth-sec-servers=ns2.example.test
host-record=ns1.example.test,{NS1}
host-record=ns2.example.test,{NS2},{NS2_SIX}
host-record=mail.example.test,198.18.0.10,{OWN}
host-record=old.example.test,198.18.0.11
host-record=half.example.test,198.18.0.12,{OWN}
host-record=onlytwo.example.test,198.18.0.13
host-record=wrong.example.test,198.18.0.14,{OTHER}
host-record=literal.example.test,64:ff9b::c612:a
mx-host=example.test,mail.example.test,10
mx-host=example.test,old.example.test,20
cname=imap.example.test,mail.example.test
cname=pop.example.test,old.example.test
cname=far.example.test,mail.other.test
cname=farnot.example.test,old.other.test
cname=round.example.test,ring.other.test
txt-record=example.test,"v=spf1 mx -all"
"""
EXAMPLE_UNBOUND = f"""@ NS ns1
@ NS ns2
ns1 A {NS1}
ns2 A {NS2}
ns2 AAAA {NS2_SIX}
mail A 198.18.0.10
mail AAAA {OWN}
old A 198.18.0.11
half A 198.18.0.12
onlytwo A 198.18.0.13
onlytwo 77 AAAA {OWN}
wrong A 198.18.0.14
wrong AAAA {OTHER}
literal AAAA 64:ff9b::c612:a
@ MX 10 mail
@ MX 20 old
imap CNAME mail
pop CNAME old
far CNAME mail.other.test.
farnot CNAME old.other.test.
round CNAME ring.other.test.
@ TXT "v=spf1 mx -all"
"""
ONE = f"@ NS ns\nns A {NS2}\n"
ZONES = {
    "example.test": EXAMPLE_UNBOUND,
    "other.test": f"{ONE}mail AAAA {OWN}\nold A 198.18.0.11\nring CNAME round.example.test.\n",
    # its second server is dead, refuses, knows nothing of the zone
    "part.test": f"{ONE}@ NS dead\ndead A {SILENT}\nold A 198.18.0.11\n",
    "refusing.test": f"{ONE}@ NS ns1.example.test.\nold A 198.18.0.11\n",
    "homeless.test": f"{ONE}@ NS nosuch.homeless.test.\nold A 198.18.0.11\n",
    # the resolver knows it, and its servers cannot be queried
    "dead.test": f"@ NS dead\ndead A {SILENT}\nold A 198.18.0.11\nmail AAAA {OWN}\n",
    "ipv4only.arpa": "@ NS ns.other.test.\n@ A 192.0.0.170\n@ A 192.0.0.171\n",
    "d.f.ip6.arpa": "".join(
        ["@ NS ns.other.test.\n"]
        + [
            f"{number}.2.{'0.' * 22}1.{'0.' * 4}0 PTR {name}\n"
            for number, name in {
                "5": "mail.example.test.",
                "6": "old.example.test.",
                "7": "wrong.example.test.",
                "8": "x.broken.test.",
            }.items()
        ]
    ),
    "spf.test": f"""{ONE}implicit A 198.18.0.11
null MX 0 .
out AAAA {OWN}
ip6 TXT "v=spf1 ip6:fd00:1::/32 -all"
a TXT "v=spf1 a:out.spf.test -all"
mx TXT "v=spf1 mx:example.test -all"
inc TXT "v=spf1 include:ip6.spf.test -all"
split TXT "v=spf1 ip6:fd0" "0:1::25 -all"
long TXT "x{"x" * 250}" "x{"x" * 250}" "x{"x" * 250}" "x{"x" * 250}" "x{"x" * 250}" "x{"x" * 250}" "x{"x" * 250}"
long TXT "v=spf1 ip6:fd00:1::25 -all"
four TXT "v=spf1 ip4:198.18.0.0/15 -all"
soft TXT "v=spf1 ip4:198.18.0.0/15 ~all"
loop TXT "v=spf1 include:loop.spf.test -all"
two TXT "v=spf1 -all"
two TXT "v=spf1 +all"
macro TXT "v=spf1 exists:%{{i}}.spf.test -all"
broken TXT "v=spf1 include:x.broken.test -all"
""",
}
# A zone that unbound is to fetch and cannot: it answers SERVFAIL.
BROKEN = f'auth-zone:\n  name: "broken.test"\n  primary: {UNUSED}\n  for-upstream: no\n  fallback-enabled: no\n'


def forwarding(port: int, *names: str) -> str:
    """A resolver's zones, with where their servers are; everything else is refused."""
    stubs = "".join(f'stub-zone:\n  name: "{name}"\n  stub-addr: {NS2}@{port}\n' for name in names)
    dead = f'stub-zone:\n  name: "."\n  stub-addr: {UNUSED}@{port}\n'
    allowed = "".join(f'  local-zone: "{name}." transparent\n' for name in names)
    return f'  local-zone: "." refuse\n{allowed}{{more}}{BROKEN}{stubs}{dead}'


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[NameServers]:
    """All of them, up."""
    install()
    found = NameServers(tmp_path_factory.mktemp("dns"))
    zone, resolver = found.zone_port, found.resolver_port
    try:
        found.dnsmasq(NS1, zone, EXAMPLE_DNSMASQ)
        found.unbound(f"{NS2} {NS2_SIX}", zone, '  module-config: "iterator"\n' + BROKEN, ZONES)
        own = forwarding(zone, *ZONES, "broken.test")
        # Its own data: unbound leads on to nothing from there.
        alias = '  local-zone: "static.test." static\n  local-data: "alias.static.test. CNAME mail.example.test."\n'
        alias += '  local-data: "aliasnot.static.test. CNAME old.example.test."\n'
        found.unbound(RECURSIVE, resolver, '  module-config: "iterator"\n' + own.format(more=alias))
        sixty_four = '  module-config: "dns64 iterator"\n'
        found.unbound(DNS64, resolver, sixty_four + own.format(more=""))
        found.unbound(DNS64_OWN, resolver, sixty_four + "  dns64-prefix: fd64:9::/96\n" + own.format(more=""))
        private = "local=/example.test/\nhost-record=old.example.test,198.18.0.11\n"
        found.dnsmasq(PRIVATE, resolver, f"{private}host-record=mail.example.test,198.18.0.10,{OWN}\n")
        local = f"server=/example.test/{NS2}#{zone}\nhost-record=old.example.test,{OWN}\n"
        found.dnsmasq(LOCAL, resolver, local)
        found.silent(SILENT, zone)
        found.silent(SILENT, resolver)
        yield found
    finally:
        found.close()


def asked(servers: NameServers, **options: t.Any) -> dict[str, t.Any]:
    """The module's result, run by itself as on a host."""
    options = {"resolvers": [RECURSIVE], "timeout": 2, **options}
    options = {"port": servers.resolver_port, "authoritative_port": servers.zone_port, **options}
    direct = Path(__file__).with_name("direct.py")
    paths = os.environ["ANSIBLE_COLLECTIONS_PATH"].split(":")[0]
    done = subprocess.run(
        [sys.executable, str(direct), "mail_dns_info", "real"],
        input=json.dumps(options), capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert done.stdout.strip().startswith("{"), done.stdout + done.stderr
    result: dict[str, t.Any] = json.loads(done.stdout)
    assert not result.get("failed"), result
    return result


def outcomes(result: dict[str, t.Any], kind: str) -> dict[str, str]:
    return {one["address"]: one["outcome"] for one in result["names"][0]["servers"] if one["kind"] == kind}


BOTH = (NS1, NS2, NS2_SIX)


@pytest.mark.parametrize(
    ("name", "status", "resolver", "authoritative"),
    [
        ("mail.example.test", "present", "answer", dict.fromkeys(BOTH, "answer")),
        ("old.example.test", "absent", "no_data", dict.fromkeys(BOTH, "no_data")),
        ("nosuch.example.test", "absent", "no_such_name", dict.fromkeys(BOTH, "no_such_name")),
        ("example.test", "absent", "no_data", dict.fromkeys(BOTH, "no_data")),
        # two servers that disagree, the other way round each time
        ("half.example.test", "present", "no_data", {NS1: "answer", NS2: "no_data", NS2_SIX: "no_data"}),
        ("onlytwo.example.test", "present", "answer", {NS1: "no_data", NS2: "answer", NS2_SIX: "answer"}),
        # a server that is dead, that refuses, that does not exist
        ("old.part.test", "unknown", "no_data", {NS2: "no_data", SILENT: "timeout"}),
        ("old.refusing.test", "unknown", "no_data", {NS2: "no_data", NS1: "refused"}),
        ("old.homeless.test", "absent", "no_data", {NS2: "no_data"}),
        # no server can be queried
        ("old.dead.test", "absent", "no_data", {SILENT: "timeout"}),
        ("mail.dead.test", "present", "answer", {SILENT: "timeout"}),
        # the resolver does not know
        ("mail.broken.test", "unknown", "failed", {"": "failed"}),
        ("mail.elsewhere.example", "unknown", "refused", {"": "refused"}),
    ],
)
def test_names(servers: NameServers, name: str, status: str, resolver: str, authoritative: dict[str, str]) -> None:
    result = asked(servers, names=[name])
    assert outcomes(result, "resolver") == {RECURSIVE: resolver}
    assert outcomes(result, "authoritative") == authoritative
    found = result["names"][0]
    assert found["status"] == status
    clear = {"answer", "no_data", "no_such_name"} & set(authoritative.values())
    assert found["asked"] == ("authoritative" if clear else "resolver")


@pytest.mark.parametrize(
    ("name", "status", "chain"),
    [
        ("imap.example.test", "present", ["mail.example.test"]),
        ("pop.example.test", "absent", ["old.example.test"]),
        ("far.example.test", "present", ["mail.other.test"]),
        ("farnot.example.test", "absent", ["old.other.test"]),
        ("alias.static.test", "present", ["mail.example.test"]),
        ("aliasnot.static.test", "absent", ["old.example.test"]),
    ],
)
def test_aliases(servers: NameServers, name: str, status: str, chain: list[str]) -> None:
    found = asked(servers, names=[name])["names"][0]
    assert (found["status"], found["chain"]) == (status, chain)


def test_aliases_in_a_circle(servers: NameServers) -> None:
    found = asked(servers, names=["round.example.test"])
    assert found["names"][0]["status"] == "unknown"
    assert [one["id"] for one in found["findings"]] == ["aaaa_unknown"]


def test_the_server_that_still_has_it_is_named(servers: NameServers) -> None:
    result = asked(servers, names=["half.example.test", "onlytwo.example.test"], expect="absent")
    half, onlytwo = result["findings"]
    assert half["id"] == onlytwo["id"] == "aaaa_present"
    assert half["evidence"] == (
        f"half.example.test has an AAAA record: {OWN} at ns1.example.test ({NS1}); "
        "once it is taken out, clients may use it for up to 600 s more"
    )
    ns2 = f"{OWN} at ns2.example.test ({NS2}), {OWN} at ns2.example.test ({NS2_SIX})"
    assert onlytwo["evidence"] == (
        f"onlytwo.example.test has an AAAA record: {OWN} at resolver {RECURSIVE}, {ns2}; "
        "once it is taken out, clients may use it for up to 77 s more"
    )


def test_mx_targets_and_the_right_host(servers: NameServers) -> None:
    result = asked(servers, names=["wrong.example.test"], domain="example.test", addresses=[OWN], expect="present")
    assert result["mx"]["targets"] == ["mail.example.test", "old.example.test"]
    assert [(one["name"], one["mx"], one["status"]) for one in result["names"]] == [
        ("wrong.example.test", False, "present"),
        ("mail.example.test", True, "present"),
        ("old.example.test", True, "absent"),
    ]
    found = [(one["id"], one["evidence"].split()[0]) for one in result["findings"]]
    assert found == [("aaaa_wrong_host", "wrong.example.test"), ("aaaa_missing", "old.example.test")]


@pytest.mark.parametrize(
    ("domain", "status", "targets"),
    [
        ("implicit.spf.test", "absent", ["implicit.spf.test"]),
        ("null.spf.test", "absent", []),
        ("nosuch.spf.test", "absent", []),
        ("x.broken.test", "unknown", []),
        ("elsewhere.example", "unknown", []),
    ],
)
def test_mx(servers: NameServers, domain: str, status: str, targets: list[str]) -> None:
    result = asked(servers, domain=domain)
    assert (result["mx"]["status"], result["mx"]["targets"]) == (status, targets)
    assert [one["id"] for one in result["findings"]] == (["aaaa_unknown"] if status == "unknown" else [])


@pytest.mark.parametrize(
    ("name", "status", "resolver"),
    [
        ("mail.example.test", "present", "answer"),
        ("old.example.test", "absent", "no_data"),
        ("nosuch.example.test", "absent", "no_such_name"),
        ("mail.other.test", "unknown", "refused"),
    ],
)
def test_a_private_resolver(servers: NameServers, name: str, status: str, resolver: str) -> None:
    """A dnsmasq that knows names and no name servers."""
    result = asked(servers, names=[name], resolvers=[PRIVATE])
    assert outcomes(result, "resolver") == {PRIVATE: resolver}
    assert (result["names"][0]["status"], result["names"][0]["asked"]) == (status, "resolver")


def test_a_resolver_with_a_table_of_its_own(servers: NameServers) -> None:
    """A dnsmasq that asks the real servers, but has its own idea of one name, as by /etc/hosts."""
    result = asked(servers, names=["old.example.test", "mail.example.test"], resolvers=[LOCAL], expect="absent")
    assert [(one["id"], one["severity"]) for one in result["findings"]] == [
        ("aaaa_present", "info"),
        ("aaaa_present", "warning"),
    ]
    assert f"{OWN} at resolver {LOCAL}, by a table of its own" in result["findings"][0]["evidence"]


def test_resolvers_that_do_not_answer(servers: NameServers) -> None:
    for address in (SILENT, UNUSED):
        result = asked(servers, names=["mail.example.test"], resolvers=[address], outbound=OWN, domain="example.test")
        assert outcomes(result, "resolver") == {address: "timeout"}
        found = result["names"][0]["status"], result["mx"]["status"], result["ptr"]["status"], result["spf"]["status"]
        assert set(found) == {"unknown"}
        ids = [one["id"] for one in result["findings"]]
        assert ids == ["aaaa_unknown", "aaaa_unknown", "ptr_unknown", "spf_unknown"]


def test_a_second_resolver_helps(servers: NameServers) -> None:
    result = asked(
        servers, names=["old.example.test"], resolvers=[SILENT, RECURSIVE], domain="example.test", outbound=OWN
    )
    assert (result["names"][0]["status"], result["names"][0]["asked"]) == ("absent", "authoritative")
    assert (result["ptr"]["status"], result["spf"]["status"]) == ("confirmed", "pass")


@pytest.mark.parametrize(("resolver", "made"), [(DNS64, "64:ff9b::c612:b"), (DNS64_OWN, "fd64:9::c612:b")])
def test_dns64(servers: NameServers, resolver: str, made: str) -> None:
    result = asked(servers, names=["old.example.test", "mail.example.test"], resolvers=[resolver], expect="absent")
    old, mail = result["names"]
    assert (old["status"], old["asked"], old["addresses"], old["made_up"]) == ("absent", "authoritative", [], [made])
    assert (mail["status"], mail["addresses"], mail["made_up"]) == ("present", [OWN], [])
    assert [(one["id"], one["severity"]) for one in result["findings"]] == [
        ("dns64", "info"),
        ("aaaa_present", "warning"),
    ]


def test_dns64_without_authoritative_servers(servers: NameServers) -> None:
    result = asked(servers, names=["old.dead.test"], resolvers=[DNS64])
    assert result["names"][0]["status"] == "unknown"
    assert [(one["id"], one["severity"]) for one in result["findings"]] == [
        ("aaaa_unknown", "info"),
        ("dns64", "warning"),
    ]


def test_an_address_that_looks_made_up_and_is_published(servers: NameServers) -> None:
    found = asked(servers, names=["literal.example.test"])["names"][0]
    assert (found["status"], found["addresses"]) == ("present", ["64:ff9b::c612:a"])


@pytest.mark.parametrize(
    ("last", "status", "finding"),
    [
        ("25", "confirmed", []),
        ("26", "mismatch", ["ptr_mismatch"]),
        ("27", "mismatch", ["ptr_mismatch"]),
        ("28", "unknown", ["ptr_unknown"]),
        ("29", "missing", ["ptr_missing"]),
    ],
)
def test_ptr(servers: NameServers, last: str, status: str, finding: list[str]) -> None:
    result = asked(servers, outbound=f"fd00:1::{last}")
    assert result["ptr"]["status"] == status
    assert [one["id"] for one in result["findings"]] == finding


@pytest.mark.parametrize(
    ("domain", "status", "by"),
    [
        ("example.test", "pass", "mx"),
        ("ip6.spf.test", "pass", "ip6:fd00:1::/32"),
        ("a.spf.test", "pass", "a:out.spf.test"),
        ("mx.spf.test", "pass", "mx:example.test"),
        ("inc.spf.test", "pass", "include:ip6.spf.test"),
        ("split.spf.test", "pass", "ip6:fd00:1::25"),
        ("long.spf.test", "pass", "ip6:fd00:1::25"),
        ("four.spf.test", "fail", "-all"),
        ("soft.spf.test", "softfail", "~all"),
        ("loop.spf.test", "permerror", ""),
        ("two.spf.test", "permerror", ""),
        ("macro.spf.test", "unknown", "exists:%{i}.spf.test"),
        ("broken.spf.test", "unknown", "include:x.broken.test"),
        ("implicit.spf.test", "none", ""),
        ("nosuch.spf.test", "none", ""),
    ],
)
def test_spf(servers: NameServers, domain: str, status: str, by: str) -> None:
    result = asked(servers, domain=domain, outbound=OWN)
    assert (result["spf"]["status"], result["spf"]["by"]) == (status, by)
    expected = {"pass": [], "none": [], "unknown": ["spf_unknown"]}.get(status, ["spf_misses_ipv6"])
    assert [one["id"] for one in result["findings"] if one["id"].startswith("spf")] == expected


def test_a_resolver_remembers_what_the_servers_have_dropped(servers: NameServers) -> None:
    """The record is taken out while a resolver has it in its cache: until its time to live is over, it is there."""
    records = f"@ NS ns\nns A 127.0.0.10\nmail 3 AAAA {OWN}\nmail A 198.18.0.10\n"
    zone, resolver, cache = servers.zone_port, servers.resolver_port, "127.0.0.11"
    servers.unbound("127.0.0.10", zone, '  module-config: "iterator"\n', {"gone.test": records.replace(" 3 ", " 300 ")})
    stub = f'stub-zone:\n  name: "gone.test"\n  stub-addr: 127.0.0.10@{zone}\n'
    servers.unbound(cache, resolver, '  module-config: "iterator"\n' + stub)
    before = asked(servers, names=["mail.gone.test"], resolvers=[cache], expect="absent")
    assert "at ns.gone.test (127.0.0.10); once it is taken out" in before["findings"][0]["evidence"]
    servers.unbound("127.0.0.10", zone, '  module-config: "iterator"\n', {"gone.test": "@ NS ns\nns A 127.0.0.10\n"})
    after = asked(servers, names=["mail.gone.test"], resolvers=[cache], expect="absent")
    assert (after["names"][0]["status"], after["names"][0]["asked"]) == ("present", "authoritative")
    assert 0 < after["names"][0]["ttl"] <= 300
    assert (
        f"{OWN} at resolver {cache}; "
        "no authoritative server that answers has it any more; clients may use it for up to "
    ) in after["findings"][0]["evidence"]


@pytest.mark.parametrize("check", [True, False])
def test_by_ansible(servers: NameServers, check: bool) -> None:
    """As a user runs it, in check mode the same."""
    options = {"names": ["half.example.test"], "resolvers": [RECURSIVE], "expect": "absent", "timeout": 2}
    options |= {"port": servers.resolver_port, "authoritative_port": servers.zone_port}
    command = ["ansible", "-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    command += ["localhost", "-m", "dms.ipv6.mail_dns_info", "-a", json.dumps(options)]
    done = subprocess.run([*command, *(["--check"] if check else [])], capture_output=True, text=True, check=False)
    found = re.search(r"^localhost \| SUCCESS => (\{.*)", done.stdout, re.DOTALL | re.MULTILINE)
    assert found, done.stdout + done.stderr
    result = json.loads(found.group(1))
    assert (result["changed"], [one["id"] for one in result["findings"]]) == (False, ["aaaa_present"])


ASK_BY_ROLE = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: dms.ipv6.dms_ipv6
        tasks_from: dns
    - ansible.builtin.debug:
        msg: "found: {{ __dms_ipv6_dns.findings | to_json }}"
"""


@pytest.mark.parametrize(
    ("mode", "container", "wrong"),
    [
        ("routed", OWN, ""),
        # The name leads to the host, and in mode routed that is not where the container is.
        ("routed", OTHER, f"this host does not have {OWN}"),
        ("nat", OTHER, ""),
    ],
)
def test_in_mode_routed_a_name_is_to_lead_to_the_container(
    servers: NameServers, tmp_path: Path, mode: str, container: str, wrong: str
) -> None:
    plan = {"addresses": {"mail": container}} if mode == "routed" else {}
    variables = {
        "dms_ipv6_mode": mode,
        "dms_ipv6_fqdns": ["mail.example.test"],
        "dms_ipv6_resolvers": [PRIVATE],
        "dms_ipv6_resolver_port": servers.resolver_port,
        "__dms_ipv6_host": {"plan": plan, "addresses": {"ipv6": OWN}, "host_addresses": ["198.18.0.10", OWN]},
        "ansible_python_interpreter": sys.executable,
    }
    playbook = tmp_path / "ask.yml"
    playbook.write_text(ASK_BY_ROLE, encoding="utf-8")
    command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", json.dumps(variables), str(playbook)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r'"msg": "found: (.*)"$', done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    findings = json.loads(json.loads(f'"{found.group(1)}"'))
    evidence = [one["evidence"] for one in findings if one["id"] == "aaaa_wrong_host"]
    assert [wrong in one for one in evidence] == ([True] if wrong else []), findings
    assert all(container in one["remedy"] for one in findings if one["id"] == "aaaa_wrong_host")
