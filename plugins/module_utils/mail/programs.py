# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the programs of a mail server say of themselves: the script that asks them, and its output as values.

The script reads only, and needs no more than a shell: a program that is not there leaves its part empty.
"""

from __future__ import annotations

import ipaddress
import re
import typing as t
from dataclasses import dataclass, field

from . import log as mail_log
from . import trusted_lists

if t.TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ..core.ip import AnyAddress, AnyNetwork

# What each part of the output begins with. The log comes last, and all behind its head is log, whatever it looks like.
MARK = "#dms-ipv6"
SECONDS = 5
NEWEST_OF_LOG = 5 * 1024 * 1024
# Debian's rspamadm looks names up before it prints anything: measured 22 s with a resolver that does not answer.
SCRIPT = rf"""
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C RES_OPTIONS='timeout:1 attempts:1'
export PATH LC_ALL RES_OPTIONS
exec 3>&1
part() {{ printf '\n{MARK} %s\n' "$1"; }}
has() {{ command -v "$1" >/dev/null 2>&1; }}
has timeout || timeout() {{ shift; "$@"; }}
me=$(id -u 2>/dev/null)
silent=' '
denied() {{ [ "$me" = 0 ] || part "denied $1" >&3; }}
ask() {{
    case $silent in *" $1 "*) return 0 ;; esac
    timeout {SECONDS} "$@" 2>/dev/null
    case $? in
        0) ;;
        124 | 143) silent="$silent$1 " && part "silent $1" >&3 ;;
        126 | 127) return 1 ;;
        *) denied "$1"; return 1 ;;
    esac
}}
part environment
printf '%s=%s\n' PERMIT_DOCKER "$PERMIT_DOCKER" NETWORK_INTERFACE "$NETWORK_INTERFACE" \
    POSTFIX_INET_PROTOCOLS "$POSTFIX_INET_PROTOCOLS" DOVECOT_INET_PROTOCOLS "$DOVECOT_INET_PROTOCOLS"
part addresses
ask ip -o -4 addr show
running=' '
for file in /proc/[0-9]*/comm; do
    read -r name < "$file" && running="$running$name "
done
runs() {{ case $running in *" $1 "*) ;; *) return 1 ;; esac; }}
part postfix
ask postconf -x mynetworks inet_protocols smtpd_relay_restrictions smtpd_recipient_restrictions
part services
ask postconf -M
part overrides
ask postconf -xP
part patched
grep -ls mynetworks /tmp/docker-mailserver/postfix-main.cf /tmp/docker-mailserver/user-patches.sh
part bans
if has fail2ban-client && ! ask fail2ban-client banned; then
    for jail in $(ask fail2ban-client status | sed -n 's/.*Jail list://p' | tr ',' ' '); do
        printf "'%s': [%s]\n" "$jail" "$(ask fail2ban-client status "$jail" | sed -n 's/.*Banned IP list://p')"
    done
fi
part dovecot
runs dovecot && ask doveconf listen login_trusted_networks haproxy_trusted_networks
part rspamd
runs rspamd && ask rspamadm configdump options worker |
    awk '/^ *(local_addrs|local_networks|secure_ip)/ {{ on = 1 }} on {{ print }} /[];]$/ {{ on = 0 }}'
listed() {{
    [ ! -e "$1" ] || [ -r "$1" ] || denied "$1"
    sed -n "s/^[[:space:]]*$2[[:space:]][[:space:]]*//p" "$1" 2>/dev/null | while read -r value; do
        value=${{value#refile:}}
        case ${{value#file:}} in /*) head -c 65536 "${{value#file:}}" ;; *) printf '%s\n' "$value" ;; esac
    done
}}
part opendkim
runs opendkim && for file in /etc/opendkim.conf /etc/opendkim/opendkim.conf; do
    listed "$file" InternalHosts
done
part opendmarc
runs opendmarc && for file in /etc/opendmarc.conf /etc/opendmarc/opendmarc.conf; do
    listed "$file" IgnoreHosts
done
part log
for file in "$(ask postconf -xh maillog_file)" /var/log/mail/mail.log /var/log/mail.log /var/log/maillog; do
    if [ -f "$file" ] && [ ! -r "$file" ]; then
        denied "$file"
    elif [ -f "$file" ]; then
        tail -c {NEWEST_OF_LOG} "$file" | grep -aF "$@"
        break
    fi
done
"""
# What a container says ends up on the operator's terminal.
UNPRINTABLE = re.compile(r"[^\n\t -~]")
# Room for 50,000 bans; nothing else comes near.
LONGEST_PART = 1_000_000
PORTS = {"smtp": 25, "submission": 587, "smtps": 465, "submissions": 465}
LOOPBACK = re.compile(r"(?:127\.|localhost|\[?::1\]?:)")


@dataclass(frozen=True)
class Service:
    """A service of Postfix that listens.

    Attributes:
        port: within the container.
        settings: of main.cf, with what master.cf says otherwise for this service.
    """

    port: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Facts:
    """What was said. All of it is empty where there are no such programs.

    Attributes:
        environment: DMS's variables that are set.
        addresses: interface -> its IPv4 addresses.
        postfix: settings of main.cf.
        services: those that listen on SMTP ports.
        patched: whether a file of the user's own sets mynetworks in DMS.
        bans: jail -> what it bans.
        dovecot: settings.
        rspamd: setting -> entries.
        opendkim: entries of InternalHosts.
        opendmarc: entries of IgnoreHosts.
        seen: gateway -> where the log names it as the client.
        silent: programs that did not answer in time.
        denied: programs and files that tell nothing to the container's own user.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, tuple[ipaddress.IPv4Interface, ...]] = field(default_factory=dict)
    postfix: Mapping[str, str] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    patched: bool = False
    bans: Mapping[str, tuple[AnyNetwork, ...]] = field(default_factory=dict)
    dovecot: Mapping[str, str] = field(default_factory=dict)
    rspamd: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    opendkim: tuple[str, ...] = ()
    opendmarc: tuple[str, ...] = ()
    seen: Mapping[str, mail_log.Seen] = field(default_factory=dict)
    silent: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()


def command(gateways: Iterable[AnyAddress]) -> tuple[str, ...]:
    """The command to run in the container; it is asked only for log lines that have one of the gateways in them."""
    patterns = (word for gateway in gateways for word in ("-e", str(gateway)))
    return ("/bin/sh", "-c", SCRIPT, "dms-ipv6", *patterns)


def parse(text: str, gateways: Iterable[AnyAddress], complete: bool = True) -> Facts:
    """Read the script's output; whatever it is, there is an answer.

    Args:
        text: the output.
        gateways: as for the command.
        complete: whether it is all of it; its last part is left out otherwise.
    """
    parts = list(_parts(UNPRINTABLE.sub("?", text)))
    parts = parts if complete else parts[:-1]
    found = dict(parts)
    postfix = dict(_pairs(found.get("postfix", "")))
    heads = [head.partition(" ") for head, _body in parts]
    return Facts(
        environment={name: value for name, value in _pairs(found.get("environment", "")) if value},
        addresses=_addresses(found.get("addresses", "")),
        postfix=postfix,
        services=_services(found.get("services", ""), found.get("overrides", ""), postfix),
        patched=bool(found.get("patched", "").strip()),
        bans=_bans(found.get("bans", "")),
        dovecot=dict(_pairs(found.get("dovecot", ""))),
        rspamd=_rspamd(found.get("rspamd", "")),
        opendkim=_listed(found.get("opendkim", "")),
        opendmarc=_listed(found.get("opendmarc", "")),
        seen=mail_log.clients(found.get("log", ""), {str(gateway) for gateway in gateways}),
        silent=tuple(dict.fromkeys(program for word, _space, program in heads if word == "silent")),
        denied=tuple(dict.fromkeys(what for word, _space, what in heads if word == "denied")),
    )


def _parts(text: str) -> Iterator[tuple[str, str]]:
    rest, mark, log = text.partition(f"\n{MARK} log\n")
    for part in f"\n{rest}".split(f"\n{MARK} ")[1:]:
        head, _newline, body = part.partition("\n")
        yield head, body[:LONGEST_PART]
    if mark:
        yield "log", log


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            yield name.strip(), value.strip()


def _addresses(text: str) -> dict[str, tuple[ipaddress.IPv4Interface, ...]]:
    """Of lines as ``2: eth0    inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0``, except loopback."""
    found: dict[str, tuple[ipaddress.IPv4Interface, ...]] = {}
    for name, address in re.findall(r"^\d+: (\S+) +inet ([\d.]+/\d+) ", text, re.MULTILINE):
        try:
            interface = ipaddress.IPv4Interface(address)
        except ValueError:
            continue
        if not interface.is_loopback:
            found[name] = (*found.get(name, ()), interface)
    return found


def _services(table: str, overrides: str, postfix: Mapping[str, str]) -> tuple[Service, ...]:
    """The services in master.cf that listen on an SMTP port; postscreen hands its clients on to ``smtpd pass``."""
    own: dict[tuple[str, str], dict[str, str]] = {}
    for name, kind, setting, value in re.findall(r"^(\S+)/(\w+)/(\w+) = (.*)$", overrides, re.MULTILINE):
        own.setdefault((name, kind), {})[setting] = value
    found = []
    for line in table.splitlines():
        fields = line.split()
        if line[:1].isspace() or len(fields) < 8 or fields[1] != "inet" or LOOPBACK.match(fields[0]):
            continue
        name = fields[0].rpartition(":")[2]
        port = PORTS.get(name) or (int(name) if re.fullmatch(r"[0-9]{1,5}", name) else 0)
        who = ("smtpd", "pass") if fields[7] == "postscreen" else (fields[0], "inet")
        if port in PORTS.values():
            found.append(Service(port, {**postfix, **own.get(who, {})}))
    return tuple(found)


def _bans(text: str) -> dict[str, tuple[AnyNetwork, ...]]:
    """Of ``[{'postfix': ['172.19.0.1', 'fd00::1']}]``."""
    found = {}
    # A list ends where the next one begins, or each of them would be looked for to the end of the text.
    for jail, banned in re.findall(r"'([\w.-]+)': \[([^\[\]\n]*)\]", text):
        networks = (trusted_lists.network(entry.strip("'")) for entry in trusted_lists.entries(banned))
        found[jail] = tuple(network for network in networks if network is not None)
    return found


def _rspamd(text: str) -> dict[str, tuple[str, ...]]:
    """Of ``local_addrs [ "10.0.0.0/8", ]`` and ``secure_ip = "::1";``, where a setting may be given several times."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in re.findall(r"^ *(\w+) (?:= |\[)([^\];]*)", text, re.MULTILINE):
        found[name] = (*found.get(name, ()), *trusted_lists.entries(value))
    return found


def _listed(text: str) -> tuple[str, ...]:
    return tuple(entry for line in text.splitlines() for entry in trusted_lists.entries(line))
