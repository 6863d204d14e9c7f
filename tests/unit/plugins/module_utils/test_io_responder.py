# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the responder is ready; scenarios start and remove it on real engines."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from ansible_collections.dms.ipv6.plugins.module_utils import _io_kernel, _io_responder
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused

PLACE = {"IPAddress": "172.21.0.2", "GlobalIPv6Address": "fd00::2"}
BOTH = ("172.21.0.2", "fd00::2")
SILENT = "the responder does not answer on port 80"
NETWORKS: list[dict[str, t.Any]] = [
    {"Id": "1" * 64, "Name": "dms-ipv6", "Driver": "bridge", "EnableIPv6": True},
    {"Id": "2" * 64, "Name": "other", "Driver": "bridge", "EnableIPv6": True},
]


class Engine:
    def __init__(self, running: bool = True) -> None:
        self.running = running

    def networks(self) -> list[dict[str, t.Any]]:
        return NETWORKS

    def container(self, name: str) -> dict[str, t.Any]:
        place = {"Networks": {"dms-ipv6": PLACE}}
        return {"Id": name, "Name": f"/{name}", "State": {"Running": self.running}, "NetworkSettings": place}


@pytest.mark.parametrize(
    ("tentative", "answering", "words"),
    [
        (None, BOTH, ""),
        # Nobody is on that bridge: its address stays tentative for ever.
        ("br-222222222222", BOTH, ""),
        ("br-111111111111", BOTH, SILENT),
        (None, (), SILENT),
        # The host still takes somebody else for the neighbour with that address.
        (None, BOTH[:1], SILENT),
        (None, BOTH[1:], SILENT),
    ],
)
def test_ready(monkeypatch: pytest.MonkeyPatch, tentative: str | None, answering: tuple[str, ...], words: str) -> None:
    value = ipaddress.IPv6Interface("fd00::1/64")
    addresses = [_io_kernel.Address(value, f"br-{one * 12}", f"br-{one * 12}" == tentative) for one in "12"]
    monkeypatch.setattr(_io_kernel, "addresses", lambda: addresses)
    monkeypatch.setattr(_io_responder, "_answers", lambda address, port: address in answering and port == 80)
    monkeypatch.setattr(_io_responder, "START_TIMEOUT", 0.3)
    if not words:
        _io_responder._await_answer(Engine(), "dms-ipv6", 80)  # type: ignore[arg-type]
        return
    with pytest.raises(Refused, match=words):
        _io_responder._await_answer(Engine(), "dms-ipv6", 80)  # type: ignore[arg-type]


def test_one_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="the responder ended at once"):
        _io_responder._await_answer(Engine(running=False), "dms-ipv6", 80)  # type: ignore[arg-type]
