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

from ...change.file_steps import WriteFile
from ...change.io import file_executor, record
from ...compose.io import cli
from ...compose.steps import Recreate
from ...core.refused import Refused, RolledBack
from ...daemon.io import executor as daemon_executor
from ...daemon.steps import Reload, Restart, StartContainers, StopContainers
from ...engine.io.api import Docker
from ...host.forwarding import ForwardingComesOn, KeepRoute, RestoreAcceptRa, RestoreForwarding, SetSysctl
from ...host.gai_conf import WriteGaiConf
from ...host.ifupdown import KeepInIfupdown, TakeOutOfIfupdown
from ...host.io import sysctls
from ...network.io import executor as network_executor
from ...network.steps import (
    CheckAttached,
    ConnectContainer,
    CreateNetwork,
    DisconnectContainer,
    KeepId,
    KeepRunning,
    RemoveNetwork,
)
from ...routed.firewall import DisableUnit, EnableUnit, LoadTable
from ...routed.io import ndp, nft
from ...routed.ndp_steps import PlaceDropIn, PlaceUnit

if t.TYPE_CHECKING:
    from collections.abc import Callable

    from ...change.journal import Made
    from ...change.plan import Plan, Step
    from .armed_transaction import Back, Journal

# Test hook: kills this process with SIGKILL right before (``before:N``) or after (``after:N``) the Nth step, from 1, or
# holds it there with SIGSTOP (``hold:N``, before that step).
FAULT = "DMS_IPV6_TEST_FAULT"


class Executor:
    """Does what steps say.

    Args:
        daemon: the daemon's part, with the time limits.
    """

    def __init__(self, daemon: daemon_executor.DaemonExecutor) -> None:
        self.daemon = daemon
        self.networks = network_executor.NetworkExecutor(daemon.docker)
        self.files = file_executor.FileExecutor()
        self.does: dict[type, Callable[[t.Any], None]] = {
            WriteFile: self.files.write,
            WriteGaiConf: self.files.write,
            Reload: daemon.reload,
            Restart: daemon.restart,
            StopContainers: daemon.stop,
            StartContainers: daemon.start,
            SetSysctl: sysctls.set_sysctl,
            KeepRoute: sysctls.keep_route,
            RestoreAcceptRa: sysctls.restore_accept_ra,
            ForwardingComesOn: sysctls.forwarding_comes_on,
            RestoreForwarding: sysctls.restore_forwarding,
            KeepInIfupdown: sysctls.keep_in_ifupdown,
            TakeOutOfIfupdown: sysctls.take_out_of_ifupdown,
            CreateNetwork: self.networks.create,
            RemoveNetwork: self.networks.remove,
            ConnectContainer: self.networks.connect,
            DisconnectContainer: self.networks.disconnect,
            KeepId: self.networks.keep_id,
            KeepRunning: lambda step: None,
            CheckAttached: self.networks.check,
            Recreate: cli.recreate,
            PlaceUnit: ndp.place_unit,
            PlaceDropIn: ndp.place_drop_in,
            LoadTable: nft.load,
            EnableUnit: nft.enable,
            DisableUnit: nft.disable,
        }

    def do(self, step: Step) -> None:
        """Carry out one step; it may have been carried out before.

        Raises:
            Refused: it failed.
        """
        self.does[type(step)](step)


def made_with(circumstances: Made) -> Executor:
    """What takes back a change that was made with this."""
    return Executor(
        daemon_executor.DaemonExecutor(Docker(circumstances.socket), circumstances.unit, circumstances.health_timeout)
    )


def nothing() -> None:
    """Nothing has to be done beside the steps."""


def carry_out(
    plan: Plan,
    executor: Executor,
    journal: Journal,
    before: Callable[[], t.Any] = nothing,
    after: Callable[[], None] = nothing,
    back: Callable[[], None] = nothing,
) -> float:
    """All steps of a plan, or the way back: whatever fails, even if only a note cannot be written.

    Args:
        plan: the steps.
        executor: do them.
        journal: where the way back is noted before each step.
        before: what has to be written down before the first step.
        after: the same after the last one.
        back: the same after the way back.

    Returns:
        For how many seconds at most clients found published ports closed: from the first step that closes some to the
        end of the last one. Nothing connects to a service for that: a mail server would take it for an attack.

    Raises:
        RolledBack: a step failed, and the old state is back.
        Refused: nothing was begun; or a step failed, and so did the way back: both reasons are named.
    """
    try:
        before()
        journal.begin(plan)
        outage = _all_steps(plan, executor, journal)
        after()
        journal.done()
    except BaseException as reason:
        refused = _roll_back(journal, executor, back, reason)
        if isinstance(reason, Exception):
            raise refused from None
        raise  # this process is to end
    finally:
        executor.networks.close()
    return outage


def _all_steps(plan: Plan, executor: Executor, journal: Journal) -> float:
    began = ended = 0.0
    for number, (step, way) in enumerate(zip(plan.steps, plan.ways_back()), 1):
        # On disk before the step: a step that never happened may be undone later, but none that did is missed.
        journal.hold(*way, step)
        _fault("before", number)
        start = time.monotonic()
        executor.do(step)
        if step.closes_ports:
            began, ended = began or start, time.monotonic()
        _fault("after", number)
    return round(ended - began, 2)


def _roll_back(journal: Journal, executor: Executor, back: Callable[[], None], reason: BaseException) -> Refused:
    """Carry out the steps back that this process knows of, whether they could be written down or not; what to say."""
    # A restart on the way back reads the old file. A record that cannot be written must not keep us from going back.
    with contextlib.suppress(Exception):
        if "starting" in record.record():
            record.keep(starting=None)
    begun = bool(journal.stack)
    failed = take_back(journal, executor)
    if failed:
        text = f"{said(reason)} Not everything could be put back: {' '.join(failed)}"
        return Refused(text, remedy=executor.daemon.kept())
    with contextlib.suppress(Exception):  # the reason is what counts
        back()
    with contextlib.suppress(Exception):
        journal.clear()
    if begun:
        text = " ".join([f"{said(reason)} The old state is back", *executor.files.notes])
        return RolledBack(text, remedy="; ".join(executor.daemon.notes))
    return reason if isinstance(reason, Refused) else Refused(said(reason))


def said(reason: BaseException) -> str:
    """What went wrong, in a sentence."""
    return str(reason) if isinstance(reason, Refused) else f"Unexpected error: {type(reason).__name__}: {reason}."


def take_back(journal: Back, executor: Executor) -> list[str]:
    """Carry out steps back and note which are done; what failed, in sentences.

    Ends at the first failure: where a restart fails, the file keeps live-restore on, so that the next start
    does not kill the containers. The next attempt begins there.
    """
    executor.files.going_back = True
    steps = tuple(reversed(journal.stack))
    try:
        if steps and not any(_brings_back(step) for step in steps):
            # Our settings do not keep the daemon from coming back, so systemd starts it again if it died.
            executor.daemon.await_answer()
        for step in steps:
            executor.do(step)
            journal.mark()
    except Exception as reason:
        return [said(reason)]
    finally:
        executor.networks.close()
    return []


def _brings_back(step: Step) -> bool:
    """Whether the daemon may need it to come back. A file that can be put back by itself is none of the daemon's."""
    return isinstance(step, Restart) or (isinstance(step, WriteFile) and not step.invertible)


def _fault(place: str, number: int) -> None:
    fault = os.environ.get(FAULT)
    if fault == f"{place}:{number}":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == f"hold:{number}" and place == "before":
        os.kill(os.getpid(), signal.SIGSTOP)
