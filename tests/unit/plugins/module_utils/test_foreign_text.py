# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text that others wrote, of any kind: it is read, or refused in one line, and nothing else becomes of it."""

from __future__ import annotations

import contextlib
import socket
import typing as t
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils.change.io import confirm
from ansible_collections.dms.ipv6.plugins.module_utils.compose import plan as compose_plan
from ansible_collections.dms.ipv6.plugins.module_utils.core.refused import Refused
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import json_text
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io import dockerd
from ansible_collections.dms.ipv6.plugins.module_utils.engine.io.api import Docker
from ansible_collections.dms.ipv6.plugins.module_utils.exposure import firewall_rules
from ansible_collections.dms.ipv6.plugins.module_utils.exposure.io import bridge_rules
from ansible_collections.dms.ipv6.plugins.module_utils.host import forwarding, gai_conf, ifupdown
from ansible_collections.dms.ipv6.plugins.module_utils.mail import log, trusted_lists
from ansible_collections.dms.ipv6.plugins.module_utils.mail import programs as mail_programs
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import probe
from ansible_collections.dms.ipv6.plugins.module_utils.routed import ndppd_conf, networkd, nft_table
from ansible_collections.dms.ipv6.plugins.module_utils.state import docker_objects
from ansible_collections.dms.ipv6.plugins.module_utils.state import host as state_host
from ansible_collections.dms.ipv6.plugins.module_utils.state.firewall import IPV6
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import programs as system_programs
from hypothesis import given
from hypothesis import strategies as st

# Words of the files, so that more than the first line of a parser is reached.
WORDS = (
    "-A", "ufw6-user-input", "ufw6-user-forward", "--dport", "--dports", "-j", "ACCEPT", "-p", "tcp", "-i", "eth0",
    "chain filter_INPUT {", "dport", "accept", "{ 25-80 }", "99999999999", "ssh", "80:", ":80", "\u00b2", "\u0663",
    "iface", "inet6", "auto", "accept_ra", "source", "[Network]", "IPv6ProxyNDPAddress=", "rule", "{", "}", "::/0",
    "proxy", "static", "precedence", "label", "::ffff:0:0/96", "scopev4", "<port", 'port="25-"', 'protocol="tcp"', ">",
    "<rule>", "</rule>", "<accept/>", "<zone", '<egress-zone name="docker"', '<port port="9-" protocol="tcp"', "'", '"',
    "\\", "\udcff", "\x00", "=", "#", "$(", "\n", "-----", "v=spf1", "ip6:", "ip4:999", "a/33//129", "1.2.3.4/99",
)  # fmt: skip
TEXT = st.one_of(st.text(), st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=3))).map(" ".join))

READERS: dict[str, t.Callable[[str], object]] = {
    "settings": firewall_rules.settings,
    "ufw": lambda text: firewall_rules.ufw(f"-A ufw6-user-input {text}", IPV6, ("eth0",)),
    "firewalld": lambda text: firewall_rules.firewalld(f"chain filter_INPUT {{\n{text}\n}}", ("eth0",)),
    "zone": lambda text: firewall_rules.zone(text, {"smtp": text}),
    "policies": lambda text: firewall_rules.policies([text]),
    "ifupdown": lambda text: (ifupdown.overrules(text, "eth0"), ifupdown.kept(text, "eth0")),
    "networkd": lambda text: (networkd.switched_off(text), networkd.addresses(text)),
    "ndppd": ndppd_conf.rules,
    "gai.conf": lambda text: (gai_conf.others(text, "x"), gai_conf.shown(text)),
    "nftables": lambda text: (nft_table.parse(text), nft_table.rules(text)),
    "daemon.json": lambda text: json_text.read(text, "x"),
    "engine": engine_version.parse,
    "trust": lambda text: [trusted_lists.network(one) for one in trusted_lists.entries(text)],
    "time of systemd": dockerd.seconds_of,
    "mail facts": lambda text: mail_programs.parse(text, ()),
    "mail log": lambda text: log.clients(text, ("::1",)),
}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@given(text=TEXT)
def test_text_is_read_or_refused(reader: t.Callable[[str], object], text: str) -> None:
    with contextlib.suppress(Refused):
        reader(text)


@given(raw=st.binary())
def test_bytes_are_read_or_refused(raw: bytes) -> None:
    for read in (
        lambda: json_text.decode(raw, "x"),
        lambda: compose_plan.decode(raw, "x"),
        lambda: gai_conf.encode(gai_conf.decode(raw)) == raw or pytest.fail("not the same bytes"),
        lambda: forwarding.guard({"eth0"}, {"eth0": "1"}, False, raw, True, state_host.NOTHING),
    ):
        with contextlib.suppress(Refused):
            read()


def test_other_bytes_in_the_sysctl_file_stay() -> None:
    old = b"# gr\xfc\xdfe\nvm.swappiness = 1\n"
    (step, *_others) = forwarding.guard(("eth0",), {"eth0": "1"}, True, old, False, state_host.NOTHING)
    assert step.content.startswith(old) and b"accept_ra = 2" in step.content  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", ["mail..example.org", "a" * 64 + ".example.org", "\udcff", "a\x00b", ".", "xn--\u00e9"]
)
def test_what_is_no_host_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, *_arguments: object) -> t.NoReturn:
        host.encode("idna")  # as socket does before it asks
        raise ValueError("embedded null character") if "\0" in host else socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(Refused, match="has no ipv6 address"):
        probe.resolve(name, 25, "ipv6")
    with pytest.raises(Refused, match="cannot be reached from this host"):
        confirm.reach(f"{name}:25")


@pytest.mark.parametrize("answer", [b"", b"<html>", b"\xff", b"{", b"[" * 100_000])
def test_an_engine_whose_answer_is_no_json(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Docker, "_ask", lambda *_arguments: answer)
    with pytest.raises(Refused, match="the answer to GET /info is not JSON"):
        Docker().info()


def test_a_word_that_no_program_can_be_given() -> None:
    assert system_programs.run("getent", "a\0b") is None
    with pytest.raises(Refused, match="failed"):
        system_programs.must("getent", "a\0b")


@pytest.mark.parametrize("number", ["\u00b2", "\u0663", "8000-8010", "", "-1"])
def test_a_port_that_is_no_number(number: str) -> None:
    container = {"Id": "1", "Name": "/x", "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": number}]}}}
    assert docker_objects.inspected(container).bindings[0].host_port in (0, 3)


def test_a_file_of_rules_in_another_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "interfaces"
    path.write_bytes(b"# gr\xfc\xdfe\niface br-1 inet static\n")
    monkeypatch.setattr(bridge_rules, "FILES", (str(path),))
    assert bridge_rules.naming("br-1") == (str(path),)


def test_what_the_kernel_says_in_another_encoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "value").write_bytes(b"\xff\n")
    assert kernel.sysctl(f"../..{tmp_path}/value") == "\ufffd"
