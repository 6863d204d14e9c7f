# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out steps, whatever they are about, and a plan as one transaction: all of its steps, or the way back."""

from __future__ import annotations

import contextlib
import os
import signal
import time
import typing as t

from ansible_collections.dms.ipv6.plugins.module_utils import (
    _io_compose_program,
    _io_daemon,
    _io_forwarding,
    _io_ndp_proxy,
    _io_network,
    _io_record,
    _io_routed_firewall,
    _io_write,
)
from ansible_collections.dms.ipv6.plugins.module_utils._compose_steps import Recreate
from ansible_collections.dms.ipv6.plugins.module_utils._daemon_steps import (
    Reload,
    Restart,
    StartContainers,
    StopContainers,
    WriteFile,
)
from ansible_collections.dms.ipv6.plugins.module_utils._forwarding import (
    ForwardingComesOn,
    KeepRoute,
    RestoreAcceptRa,
    RestoreForwarding,
    SetSysctl,
)
from ansible_collections.dms.ipv6.plugins.module_utils._gai_conf import WriteGaiConf
from ansible_collections.dms.ipv6.plugins.module_utils._ifupdown import KeepInIfupdown, TakeOutOfIfupdown
from ansible_collections.dms.ipv6.plugins.module_utils._ndp_steps import PlaceDropIn, PlaceUnit
from ansible_collections.dms.ipv6.plugins.module_utils._network_steps import (
    CheckAttached,
    ConnectContainer,
    CreateNetwork,
    DisconnectContainer,
    KeepRunning,
    RemoveNetwork,
)
from ansible_collections.dms.ipv6.plugins.module_utils._refused import Refused, RolledBack
from ansible_collections.dms.ipv6.plugins.module_utils._routed_firewall import DisableUnit, EnableUnit, LoadTable

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.dms.ipv6.plugins.module_utils._io_transaction import Journal
    from ansible_collections.dms.ipv6.plugins.module_utils._plan import Plan, Step, Steps

# Test hook: kills this process with SIGKILL right before (``before:N``) or after (``after:N``) the Nth step, from 1, or
# holds it there with SIGSTOP (``hold:N``, before that step).
FAULT = "DMS_IPV6_TEST_FAULT"


class Hands:
    """Does what steps say.

    Args:
        daemon: the daemon's part, with the time limits.
    """

    def __init__(self, daemon: _io_daemon.DaemonHands) -> None:
        self.daemon = daemon
        self.networks = _io_network.NetworkHands(daemon.docker)
        self.files = _io_write.FileHands()
        self.does: dict[type, Callable[[t.Any], None]] = {
            WriteFile: self.files.write,
            WriteGaiConf: self.files.write,
            Reload: daemon.reload,
            Restart: daemon.restart,
            StopContainers: daemon.stop,
            StartContainers: daemon.start,
            SetSysctl: _io_forwarding.set_sysctl,
            KeepRoute: _io_forwarding.keep_route,
            RestoreAcceptRa: _io_forwarding.restore_accept_ra,
            ForwardingComesOn: _io_forwarding.forwarding_comes_on,
            RestoreForwarding: _io_forwarding.restore_forwarding,
            KeepInIfupdown: _io_forwarding.keep_in_ifupdown,
            TakeOutOfIfupdown: _io_forwarding.take_out_of_ifupdown,
            CreateNetwork: self.networks.create,
            RemoveNetwork: self.networks.remove,
            ConnectContainer: self.networks.connect,
            DisconnectContainer: self.networks.disconnect,
            KeepRunning: lambda step: None,
            CheckAttached: self.networks.check,
            Recreate: _io_compose_program.recreate,
            PlaceUnit: _io_ndp_proxy.place_unit,
            PlaceDropIn: _io_ndp_proxy.place_drop_in,
            LoadTable: _io_routed_firewall.load,
            EnableUnit: _io_routed_firewall.enable,
            DisableUnit: _io_routed_firewall.disable,
        }

    def do(self, step: Step) -> None:
        """Carry out one step; it may have been carried out before.

        Raises:
            Refused: it failed.
        """
        self.does[type(step)](step)


def carry_out(plan: Plan, hands: Hands, journal: Journal) -> float:
    """All steps of a plan, or the way back.

    Returns:
        For how many seconds at most clients found published ports closed: from the first step that closes some to the
        end of the last one. Nobody connects to a service for that: a mail server would take it for an attack.

    Raises:
        RolledBack: a step failed, and the old state is back.
        Refused: a step failed, and so did the way back; both reasons are named.
    """
    began = ended = 0.0
    with contextlib.closing(hands.networks):
        for number, step in enumerate(plan.steps, 1):
            # On disk before the step: whoever finds it may undo a step that never happened, but never misses one.
            journal.hold(plan.back(number))
            _fault("before", number)
            start = time.monotonic()
            try:
                hands.do(step)
            except Refused as reason:
                _roll_back(plan.back(number), hands, reason)
                journal.hold(())
                raise RolledBack(" ".join([f"{reason} The old state is back", *hands.files.told])) from None
            if step.closes_ports:
                began, ended = began or start, time.monotonic()
            _fault("after", number)
    return round(ended - began, 2)


def _roll_back(steps: Steps, hands: Hands, reason: Refused) -> None:
    # A restart on the way back reads the old file. A record that cannot be written must not keep us from going back.
    with contextlib.suppress(Refused):
        if "starting" in _io_record.record():
            _io_record.keep(starting=None)
    failed = take_back(steps, hands)
    if failed:
        raise Refused(f"{reason} Not everything could be put back: {' '.join(failed)}", remedy=hands.daemon.kept())


def take_back(steps: Steps, hands: Hands) -> list[str]:
    """Carry out steps back; what failed, in sentences.

    Ends at the first failure: where a restart fails, the file keeps live-restore on, so that the next start, whoever
    tries it, does not kill the containers.
    """
    hands.files.going_back = True
    if not any(isinstance(step, Restart) or (isinstance(step, WriteFile) and not step.invertible) for step in steps):
        # No settings of ours keep the daemon from coming back, so systemd starts it again if it died. A file that can
        # be put back by itself is none of the daemon's.
        hands.daemon.await_answer()
    for step in steps:
        try:
            hands.do(step)
        except Refused as reason:
            return [str(reason)]
    return []


def _fault(place: str, number: int) -> None:
    fault = os.environ.get(FAULT)
    if fault == f"{place}:{number}":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == f"hold:{number}" and place == "before":
        os.kill(os.getpid(), signal.SIGSTOP)
