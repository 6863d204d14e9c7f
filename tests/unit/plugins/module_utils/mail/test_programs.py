# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was recorded in real containers, as values; and anything else that a container may say."""

from __future__ import annotations

import ipaddress
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.mail import log, trusted_lists
from ansible_collections.dms.ipv6.plugins.module_utils.mail import programs as mail_programs
from ansible_collections.dms.ipv6.plugins.module_utils.mail.programs import MARK, Facts, parse
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.mail_containers import RECORDED, recorded
from hypothesis import given
from hypothesis import strategies as st

GATEWAY = ipaddress.ip_address("172.17.0.1")
NAMES = sorted(path.stem for path in RECORDED.glob("*.txt"))
BASE = "127.0.0.0/8 [::1]/128 [fe80::]/64"


def facts(name: str) -> Facts:
    return parse(recorded(name), [GATEWAY])


# --- recordings


def test_postfix() -> None:
    found = facts("relay")
    assert found.environment == {"PERMIT_DOCKER": "network"}
    assert found.addresses == {"eth0": (ipaddress.IPv4Interface("172.17.0.2/16"),)}
    assert found.postfix["mynetworks"] == f"{BASE} 172.16.0.0/12"
    assert found.postfix["inet_protocols"] == "all"
    assert [one.port for one in found.services] == [25]
    assert found.services[0].settings == found.postfix
    assert (found.bans, found.dovecot, found.rspamd, found.opendkim, found.opendmarc) == ({}, {}, {}, (), ())
    assert found.silent == () and not found.patched


def test_services_with_settings_of_their_own() -> None:
    relay = {one.port: one.settings["smtpd_relay_restrictions"] for one in facts("programs").services}
    login = "permit_sasl_authenticated,reject"
    assert relay == {25: "permit_mynetworks permit_sasl_authenticated defer_unauth_destination", 587: login, 465: login}


def test_postscreen_hands_on_to_smtpd() -> None:
    text = recorded("programs").replace(
        f"{MARK} overrides\n", f"{MARK} overrides\nsmtpd/pass/mynetworks = 10.0.0.0/8\n"
    )
    assert {one.port: one.settings["mynetworks"] for one in parse(text, []).services}[25] == "10.0.0.0/8"
    text = text.replace(" postscreen\n", " smtpd\n")
    assert {one.port: one.settings["mynetworks"] for one in parse(text, []).services}[25] == f"{BASE} 172.16.0.0/12"


def test_bans() -> None:
    assert facts("banned").bans == {"postfix": (ipaddress.ip_network("172.17.0.1"),)}
    both = (ipaddress.ip_network("172.17.0.1"), ipaddress.ip_network("2001:2::7"))
    assert facts("banned_by_status").bans == {"postfix": both, "second": ()}


def test_other_programs() -> None:
    found = facts("programs")
    assert found.dovecot["listen"] == "*, ::"
    assert found.dovecot["login_trusted_networks"] == "172.16.0.0/12"
    assert found.rspamd["local_networks"] == ("127.0.0.1/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    assert found.rspamd["local_addrs"][2:4] == ("172.16.0.0/12", "fd00::/8")
    assert found.rspamd["secure_ip"] == ("127.0.0.1", "172.16.0.0/12")
    assert found.opendkim == found.opendmarc == ("127.0.0.1", "localhost", "172.16.0.0/12")


def test_a_setting_that_is_given_twice() -> None:
    """As Rspamd prints the two addresses that are its default."""
    text = f'\n{MARK} rspamd\n    secure_ip = "127.0.0.1";\n    secure_ip = "::1";\n'
    assert parse(text, []).rspamd == {"secure_ip": ("127.0.0.1", "::1")}


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("relay", log.Seen(3, 0, 0, "Nov 25 18:42:04", "Nov 25 18:42:04")),
        ("moved", log.Seen(3, 0, 0, "Nov 25 18:42:04", "Nov 25 18:42:04")),
        ("banned", log.Seen(37, 6, 0, "Nov 25 18:44:41", "Nov 25 18:44:45")),
        ("spf", log.Seen(12, 2, 2, "Nov 25 18:55:46", "Nov 25 18:55:46")),
        (
            "programs",
            log.Seen(15, 1, 0, "2026-11-25T18:57:28.130685+00:00", "2026-11-25T18:57:37.298219+00:00"),
        ),
    ],
)
def test_the_log(name: str, seen: log.Seen) -> None:
    assert facts(name).seen == {"172.17.0.1": seen}
    assert parse(recorded(name), []).seen == {}
    assert parse(recorded(name), [ipaddress.ip_address("172.17.0.2")]).seen == {}


def test_programs_that_are_not_there_or_do_not_answer() -> None:
    assert facts("nothing") == Facts(addresses={"eth0": (ipaddress.IPv4Interface("172.17.0.4/16"),)})
    assert facts("silent").silent == ("postconf",)
    assert parse("", [GATEWAY]) == Facts()


# --- lines of a log


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Nov  5 01:02:03 mail postfix/smtpd[1]: connect from host.test[172.17.0.1]", True),
        ("Nov 25 18:00:00 mail postfix/smtpd[1]: warning: unknown[172.17.0.1]: SASL LOGIN authentication failed", True),
        ("Nov 25 18:00:00 mail postfix/postscreen[1]: PASS NEW [172.17.0.1]:4711", True),
        ("Nov 25 18:00:00 mail postfix/postscreen[1]: DNSBL rank 4 for [172.17.0.1]:4711", True),
        ("Nov 25 18:00:00 mail postfix/postscreen[1]: PREGREET 6 after 0.1 from [172.17.0.1]:4711: EHLO x", True),
        ("2026-11-25T18:00:00Z mail dovecot: imap-login: Login: user=<a>, rip=172.17.0.1, lip=172.17.0.2", True),
        # The address belongs to another host.
        ("Nov 25 18:00:00 mail postfix/smtpd[1]: connect from unknown[172.17.0.11]", False),
        ("Nov 25 18:00:00 mail postfix/smtp[1]: A1: to=<a@b>, relay=gw[172.17.0.1]:25, status=sent", False),
        ("Nov 25 18:00:00 mail postfix/smtp[1]: connect to gw[172.17.0.1]:25: Connection refused", False),
        ("Nov 25 18:00:00 mail dovecot: imap-login: Login: user=<a>, rip=2001:2::7, lip=172.17.0.1", False),
        # The client lies.
        ("Nov 25 18:00:00 m x[1]: NOQUEUE: reject: RCPT from a[2001:2::7]: 454 4.7.1 helo=<from x[172.17.0.1]>", False),
        ("Nov 25 18:00:00 mail dovecot: imap-login: Login: user=<x, rip=172.17.0.1,>, rip=2001:2::7, lip=::1", False),
        # No log at all.
        ("connect from unknown[172.17.0.1]", False),
        ("\x00\xff garbage [172.17.0.1] from", False),
        ("Nov 25 18:00:00 mail", False),
        ("", False),
    ],
)
def test_who_the_client_is(line: str, expected: bool) -> None:
    assert ("172.17.0.1" in log.clients(line, {"172.17.0.1"})) is expected


def test_ipv6_gateways_in_the_log() -> None:
    line = "Nov 25 18:00:00 m postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[fd00:1::1]: 550 5.7.23 <a@b>: no;"
    seen = log.clients(line, {"fd00:1::1"})["fd00:1::1"]
    assert (seen.lines, seen.rejected, seen.spf) == (1, 1, 1)


@pytest.mark.parametrize(
    ("answer", "rejected", "spf"),
    [
        ("550 5.7.23 <a@b>: Recipient address rejected: SPF fail", 1, 1),
        ("451 4.7.24 <a@b>: Recipient address rejected: SPF check failed", 1, 1),
        ("450 4.7.25 Client host rejected: cannot find your hostname, [172.17.0.1]", 1, 0),
        ("454 4.7.1 <a@b>: Relay access denied", 1, 0),
        ("554 Service unavailable", 1, 0),
    ],
)
def test_rejections(answer: str, rejected: int, spf: int) -> None:
    line = f"Nov 25 18:00:00 m postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[172.17.0.1]: {answer}; from=<a@b>"
    seen = log.clients(line, {"172.17.0.1"})["172.17.0.1"]
    assert (seen.rejected, seen.spf) == (rejected, spf)


def test_the_dates_are_those_of_the_first_and_the_last_line() -> None:
    lines = [f"Nov 25 18:0{minute}:00 m postfix/smtpd[1]: connect from unknown[172.17.0.1]" for minute in (1, 2, 3)]
    seen = log.clients("\n".join(lines), {"172.17.0.1"})["172.17.0.1"]
    assert (seen.lines, seen.first, seen.last) == (3, "Nov 25 18:01:00", "Nov 25 18:03:00")


@pytest.mark.parametrize(
    "text",
    [
        "Nov 25 18:00:00 m postfix/smtpd[1]: " + "client=" * 100_000,
        "Nov 25 18:00:00 m dovecot: " + " rip=" * 100_000,
        "Nov 25 18:00:00 m postfix/smtpd[1]: NOQUEUE: reject: " + "[" * 500_000,
        "Nov 25 18:00:00 m postfix/smtpd[1]: connect from unknown[172.17.0.1]\n" * 60_000,
    ],
    ids=["clients", "rips", "brackets", "lines"],
)
def test_a_log_cannot_keep_us_busy(text: str) -> None:
    begin = time.process_time()
    log.clients(text, {"172.17.0.1"})
    assert time.process_time() - begin < 20


# Each is as long as wanted, and made so that a pattern that looks on to the end of the text does so often.
BUSY = {
    "bans": lambda size: f"\n{MARK} bans\n" + "'x': [" * (size // 6),
    "bans in lines": lambda size: f"\n{MARK} bans\n" + "'x': [1,\n" * (size // 9),
    "rspamd": lambda size: f"\n{MARK} rspamd\n" + "x [\n" * (size // 4),
    "overrides": lambda size: f"\n{MARK} overrides\n" + "x/" * (size // 2),
    "addresses": lambda size: f"\n{MARK} addresses\n1: " + "x" * (size // 2) + " " * (size // 2),
    "services": lambda size: f"\n{MARK} services\n" + "9" * size + " inet - - - - - smtpd",
    "parts": lambda size: f"\n{MARK} x\n" * (size // 13),
    "clients": lambda size: f"\n{MARK} log\n" + ("Nov 25 18:00:00 m p[1]: " + "client=" * 580 + "\n") * (size // 4085),
    "rejects": lambda size: (
        f"\n{MARK} log\n"
        + ("Nov 25 18:00:00 m p[1]: x from y[172.17.0.1]" + "NOQUEUE: reject: [" * 225 + "\n") * (size // 4095)
    ),
}


@pytest.mark.parametrize("name", BUSY)
def test_time_grows_with_the_text_and_not_with_its_square(name: str) -> None:
    """Eight times the text takes 8 times as long, or with the square 64 times; the best of three of each counts."""

    def took(size: int) -> float:
        text, best = BUSY[name](size), float("inf")
        for _try in range(3):
            begin = time.process_time()
            parse(text, [GATEWAY])
            best = min(best, time.process_time() - begin)
        return best

    assert took(800_000) < 24 * max(took(100_000), 0.005)


def test_a_port_that_is_no_port() -> None:
    table = "\n".join(f"{port} inet n - y - - smtpd" for port in ("9" * 5000, "25", "٢٥"))
    assert [one.port for one in parse(f"\n{MARK} services\n{table}\n", []).services] == [25]


# --- whatever it is, there is an answer


@pytest.mark.parametrize("name", NAMES)
def test_what_breaks_off_is_read_as_far_as_it_is_whole(name: str) -> None:
    text, whole = recorded(name), facts(name)
    for end in range(0, len(text), 7):
        part = parse(text[:end], [GATEWAY], complete=False)
        assert part.seen == {}
        for field in ("environment", "addresses", "postfix", "dovecot", "rspamd", "opendkim", "opendmarc", "bans"):
            assert getattr(part, field) in (getattr(whole, field), type(getattr(whole, field))())


def test_all_behind_the_head_of_the_log_is_log() -> None:
    line = "Nov 25 18:00:00 m postfix/smtpd[1]: connect from unknown[172.17.0.1]"
    found = parse(f"\n{MARK} log\n{line}\n{MARK} bans\n'x': ['172.17.0.1']\n{line}\n", [GATEWAY])
    assert found.bans == {} and found.seen["172.17.0.1"].lines == 2


WORDS = st.sampled_from(
    [
        f"\n{MARK} {head}\n"
        for head in ("environment", "addresses", "postfix", "services", "overrides", "bans", "rspamd")
    ]
    + [f"\n{MARK} {head}\n" for head in ("dovecot", "opendkim", "silent x", "patched", "log", "")]
    + [
        "=",
        " = ",
        "[",
        "]",
        "'x': [",
        "!",
        ":",
        "/",
        "2: eth0 inet 1.2.3.4/99 ",
        "smtp inet n - n - - smtpd",
        "::",
        "\n",
    ]
    + ["mynetworks = ", "999999999999999999999", "1.2.3.4", "smtp/inet/x = y", "0:\u0662\u0665 inet n - n - - smtpd"]
)


@given(st.lists(st.one_of(WORDS, st.text(max_size=5))).map("".join), st.booleans())
def test_garbage_is_read(text: str, complete: bool) -> None:
    parse(text, [GATEWAY], complete)


# --- the script itself


def test_the_script_is_a_posix_shells() -> None:
    """No syntax that only bash knows: `sh -n` of this machine's shell, which is dash on Debian."""
    done = subprocess.run(["sh", "-n", "-c", mail_programs.SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_script_asks_for_the_gateways_in_the_log() -> None:
    command = mail_programs.command(map(ipaddress.ip_address, ("172.17.0.1", "fd00::1")))
    assert command[:2] == ("/bin/sh", "-c")
    assert command[3:] == ("dms-ipv6", "-e", "172.17.0.1", "-e", "fd00::1")


STUBS = {
    "fail2ban-client": """
        case "$*" in
            banned) echo "ERROR  NOK: ('Invalid command',)" >&2; exit 255 ;;
            status) printf 'Status\\n|- Number of jail:\\t2\\n`- Jail list:\\tpostfix, dovecot\\n' ;;
            'status postfix') printf '   `- Banned IP list:\\t172.17.0.1 fd00::1\\n' ;;
            *) printf '   `- Banned IP list:\\t\\n' ;;
        esac
    """,
    "postconf": """
        case "$*" in
            '-xh maillog_file') echo "$LOG" ;;
            '-x '*) echo 'mynetworks = 10.0.0.0/8' ;;
            -M) echo 'smtp inet n - n - - smtpd' ;;
        esac
    """,
    "ip": "echo '2: eth0    inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0'",
}
LINES = "".join(
    f"Nov 25 18:00:0{second} m postfix/smtpd[1]: connect from unknown[{address}]\n"
    for second, address in enumerate(("172.17.0.1", "2001:2::7", "172.17.0.11", "172.17.0.1"))
)


def executed(folder: Path, stubs: dict[str, str], **environment: str) -> Facts:
    """What the script says, run here with programs that only pretend."""
    (folder / "bin").mkdir()
    for name, text in stubs.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / "bin" / name).chmod(0o755)
    (folder / "mail.log").write_text(LINES)
    variables = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "LOG": str(folder / "mail.log"), **environment}
    command = mail_programs.command([GATEWAY])
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    return parse(done.stdout, [GATEWAY])


def test_the_script_on_an_old_fail2ban(tmp_path: Path) -> None:
    found = executed(tmp_path, STUBS, PERMIT_DOCKER="host")
    both = (ipaddress.ip_network("172.17.0.1"), ipaddress.ip_network("fd00::1"))
    assert found.bans == {"postfix": both, "dovecot": ()}
    assert found.environment == {"PERMIT_DOCKER": "host"}
    assert found.addresses == {"eth0": (ipaddress.IPv4Interface("172.17.0.2/16"),)}
    assert [one.settings for one in found.services] == [{"mynetworks": "10.0.0.0/8"}]
    assert found.seen["172.17.0.1"] == log.Seen(2, 0, 0, "Nov 25 18:00:00", "Nov 25 18:00:03")
    assert found.silent == ()


def test_the_script_runs_no_program_twice_that_does_not_answer(tmp_path: Path) -> None:
    impatient = f'test "$1" = {mail_programs.SECONDS} && shift && exec /usr/bin/timeout 0.3 "$@"'
    found = executed(tmp_path, {**STUBS, "postconf": "echo x >> $LOG.asked; exec sleep 60", "timeout": impatient})
    assert found.silent == ("postconf",)
    assert found.postfix == {} and found.bans["dovecot"] == ()
    assert (tmp_path / "mail.log.asked").read_text() == "x\n"


def test_the_script_reads_no_more_than_the_end_of_the_log(tmp_path: Path) -> None:
    stubs = {**STUBS, "tail": f'test "$*" = "-c {mail_programs.NEWEST_OF_LOG} $LOG" && cat "$LOG"'}
    found = executed(tmp_path, stubs)
    assert found.seen["172.17.0.1"].lines == 2


# --- lists of hosts


@pytest.mark.parametrize(
    ("address", "listed", "expected"),
    [
        ("172.17.0.1", "127.0.0.0/8 172.16.0.0/12", "172.16.0.0/12"),
        ("172.17.0.1", "172.17.0.1", "172.17.0.1"),
        ("172.17.0.1", "172.17.0.1/16", "172.17.0.1/16"),
        ("172.17.0.1", "!172.17.0.1, 172.16.0.0/12", ""),
        ("172.17.0.1", "172.16.0.0/12 !172.17.0.1", "172.16.0.0/12"),
        ("fd00::1", "[::1]/128 [fd00::]/64", "[fd00::]/64"),
        ("fd00::1", "[fd00::1]", "[fd00::1]"),
        ("fd00::1", "fd00::/8", "fd00::/8"),
        ("fd00::1", "0.0.0.0/0", ""),
        ("172.17.0.1", "::/0", ""),
        ("172.17.0.1", "hash:/etc/x /etc/y localhost .example.test 172.18.0.0/16 []", ""),
        ("172.17.0.1", "", ""),
    ],
)
def test_trust(address: str, listed: str, expected: str) -> None:
    assert trusted_lists.match(ipaddress.ip_address(address), trusted_lists.entries(listed)) == expected


def test_entries() -> None:
    assert trusted_lists.entries(' "a", b;c\n# d\n\te # f\n') == ("a", "b", "c", "e")
    assert trusted_lists.unclear(trusted_lists.entries("10.0.0.0/8 !hash:/x [::1]/128 /etc/y name")) == (
        "!hash:/x",
        "/etc/y",
        "name",
    )
