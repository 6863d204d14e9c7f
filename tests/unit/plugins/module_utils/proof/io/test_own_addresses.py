# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host is reached, and which packages it lacks."""

from __future__ import annotations

import errno
import ipaddress
import socket
import typing as t
from pathlib import Path

import ansible_collections.dms.ipv6 as checkout
import pytest
import yaml
from ansible_collections.dms.ipv6.plugins.module_utils.proof.io import own_addresses
from ansible_collections.dms.ipv6.plugins.module_utils.system.io import kernel, packages
from ansible_collections.dms.ipv6.plugins.module_utils.system.io.kernel import Address, Route
from ansible_collections.dms.ipv6.tests.unit.plugins.module_utils.hosts import BRIDGE, network

DEFAULT = Route(ipaddress.IPv6Network("::/0"), "eth0", False)


def addresses(*pairs: tuple[str, str]) -> list[Address]:
    return [Address(ipaddress.IPv6Interface(text), interface, False) for text, interface in pairs]


@pytest.mark.parametrize(
    ("six", "four", "default", "expected"),
    [
        (
            [("::1/128", "lo"), ("fd12::2/64", "eth0"), ("fe80::2/64", "eth0")],
            {"lo": "127.0.0.1", "eth0": "198.18.7.2"},
            "eth0",
            {"ipv6": "fd12::2", "ipv4": "198.18.7.2"},
        ),
        ([("fd12::2/64", "eth0"), ("2001:2::5/64", "eth0")], {}, None, {"ipv6": "2001:2::5"}),
        ([("2001:2::5/64", "wg0"), ("fd12::2/64", "eth0")], {}, None, {"ipv6": "fd12::2"}),
        ([("fd13::1/64", "br-dms-ipv6"), ("fd14::1/64", "docker0")], {"docker0": "172.17.0.1"}, "eth0", {}),
        ([], {"eth1": "10.0.0.1", "eth0": "198.18.7.2"}, "eth0", {"ipv4": "198.18.7.2"}),
        ([], {"eth1": "10.0.0.1"}, None, {"ipv4": "10.0.0.1"}),
        ([], {}, None, {}),
    ],
)
def test_places(
    monkeypatch: pytest.MonkeyPatch, six: t.Any, four: dict[str, str], default: str | None, expected: t.Any
) -> None:
    monkeypatch.setattr(kernel, "addresses", lambda: addresses(*six))
    monkeypatch.setattr(kernel, "routes", lambda: [DEFAULT])
    monkeypatch.setattr(kernel, "ipv4_addresses", lambda: four)
    monkeypatch.setattr(kernel, "ipv4_default_interface", lambda: default)
    monkeypatch.setattr(kernel, "local_ipv4", lambda: list(four.values()))
    monkeypatch.setattr(own_addresses, "source", lambda: "")
    found = own_addresses.read([BRIDGE, network()])
    assert found.reached_at == expected
    assert set(found.all) == {*four.values(), *(text.split("/")[0] for text, _interface in six)}


IFA_TEMPORARY, IFA_DADFAILED, IFA_DEPRECATED, IFA_TENTATIVE, IFA_PERMANENT = 0x01, 0x08, 0x20, 0x40, 0x80


@pytest.mark.parametrize("flag", [IFA_TEMPORARY, IFA_DADFAILED, IFA_DEPRECATED, IFA_TENTATIVE])
def test_an_address_that_no_client_should_use(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flag: int) -> None:
    """With privacy extensions a host has such, often as its first one."""
    lines = [
        f"20010002000000000000000000000bad 02 40 00 {flag:02x} eth0",
        f"20010002000000000000000000000005 02 40 00 {IFA_PERMANENT:02x} eth0",
    ]
    (tmp_path / "if_inet6").write_text("\n".join(lines))
    read = kernel.lines_of
    monkeypatch.setattr(
        kernel, "lines_of", lambda path: read(str(tmp_path / "if_inet6") if path.endswith("if_inet6") else path)
    )
    monkeypatch.setattr(kernel, "ipv4_addresses", dict)
    monkeypatch.setattr(own_addresses, "source", lambda: "2001:2::bad")
    found = own_addresses.read([])
    assert found.reached_at == {"ipv6": "2001:2::5"}
    assert found.own == ("2001:2::5",)
    # Mail may well leave from it, and a client may be masked as it.
    assert (found.outbound, found.all[:2]) == ("2001:2::bad", ("2001:2::bad", "2001:2::5"))


def test_the_one_that_the_kernel_prefers(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [("2001:2::5/64", "eth0"), ("2001:2::7/64", "eth0"), ("2001:2:0:1::9/64", "eth1")]
    monkeypatch.setattr(kernel, "addresses", lambda: addresses(*pairs))
    monkeypatch.setattr(kernel, "routes", lambda: [DEFAULT])
    for preferred, expected in (("2001:2::7", "2001:2::7"), ("2001:2:0:1::9", "2001:2::5"), ("", "2001:2::5")):
        monkeypatch.setattr(own_addresses, "source", lambda chosen=preferred: chosen)
        assert own_addresses.read([]).ipv6 == expected


def test_no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(socket.socket):
        def connect(self, address: t.Any) -> None:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")

    monkeypatch.setattr(socket, "socket", Failing)
    assert own_addresses.source() == ""


@pytest.mark.parametrize(
    ("needed", "expected"), [(("json", "os"), []), (("json", "no_such_package"), ["no_such_package"])]
)
def test_missing_packages(monkeypatch: pytest.MonkeyPatch, needed: tuple[str, ...], expected: list[str]) -> None:
    monkeypatch.setattr(packages, "NEEDED", needed)
    assert packages.missing() == expected


@pytest.mark.parametrize(
    ("package", "compose", "expected"),
    [
        ("os.path", True, []),
        ("no_such_package.yaml", True, ["no_such_package.yaml"]),
        ("os.no_such_part", True, ["os.no_such_part"]),
        ("no_such_package.yaml", False, []),
    ],
)
def test_missing_package_for_compose_files(
    monkeypatch: pytest.MonkeyPatch, package: str, compose: bool, expected: list[str]
) -> None:
    """A part of a package is missing with the package as well, and counts only where files are edited."""
    monkeypatch.setattr(packages, "NEEDED", ("json",))
    monkeypatch.setattr(packages, "COMPOSE", package)
    assert packages.missing(compose=compose) == expected


def test_the_role_can_install_what_is_needed() -> None:
    """It knows the package of each name."""
    defaults = yaml.safe_load((Path(checkout.__path__[0]) / "roles/dms_ipv6/defaults/main.yml").read_text())
    assert {*packages.NEEDED, packages.COMPOSE, packages.NFTABLES} <= defaults["dms_ipv6_packages"].keys()


@pytest.mark.parametrize(
    ("error", "expected"),
    [(None, False), (socket.EAI_NONAME, True), (socket.EAI_AGAIN, False), (socket.EAI_FAIL, False)],
)
def test_an_address_without_a_name(monkeypatch: pytest.MonkeyPatch, error: int | None, expected: bool) -> None:
    """A resolver that does not answer says nothing."""

    def getnameinfo(place: tuple[str, int], flags: int) -> tuple[str, str]:
        assert (place[0], flags) == ("2001:2::1", socket.NI_NAMEREQD)
        if error is not None:
            raise socket.gaierror(error, "said")
        return "mail.example.org", "0"

    monkeypatch.setattr(socket, "getnameinfo", getnameinfo)
    assert own_addresses.has_no_name("2001:2::1") is expected
