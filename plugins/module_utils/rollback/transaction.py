# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The armed transaction of a host as data: the steps back that the host carries out unless a run confirms."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from ..change import journal, step_json
from ..change.file_steps import WriteFile
from ..change.plan import Step, Steps
from ..compose.steps import Recreate
from ..core.refused import Refused
from ..daemon.steps import Reload, Restart, StartContainers, StopContainers
from ..host.forwarding import ForwardingComesOn, KeepRoute, RestoreAcceptRa, RestoreForwarding, SetSysctl
from ..host.gai_conf import WriteGaiConf
from ..host.ifupdown import KeepInIfupdown, TakeOutOfIfupdown
from ..network.steps import (
    CheckAttached,
    ConnectContainer,
    CreateNetwork,
    DisconnectContainer,
    KeepId,
    KeepRunning,
    RemoveNetwork,
)
from ..routed.firewall import DisableUnit, EnableUnit, LoadTable
from ..routed.ndp_steps import PlaceDropIn, PlaceUnit
from ..state.daemon import RunningContainer

KINDS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        WriteFile, Reload, Restart, RunningContainer, StopContainers, StartContainers,
        SetSysctl, KeepRoute, RestoreAcceptRa, ForwardingComesOn, RestoreForwarding, KeepInIfupdown, TakeOutOfIfupdown,
        CreateNetwork, RemoveNetwork, ConnectContainer, DisconnectContainer, KeepId, KeepRunning,
        CheckAttached,
        Recreate, WriteGaiConf, PlaceUnit, PlaceDropIn, LoadTable, EnableUnit, DisableUnit,
    )
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Transaction:
    """What is armed on a host.

    Attributes:
        id: of the run that armed it; one that does not name it is another run.
        boot: boot_id of the kernel that counts the deadline.
        deadline: when it is undone, in seconds of that kernel's monotonic clock.
        within: the time limit, counted from the last step, in seconds.
        record: the host's record as it was.
        slots: for each module run the steps back; the last slot is carried out first.
    """

    id: str
    boot: str
    deadline: float
    within: float
    record: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    slots: tuple[Steps, ...] = ()

    def steps_back(self) -> Steps:
        """All steps back, in order."""
        return tuple(step for slot in reversed(self.slots) for step in slot)


def load_steps(data: list[t.Any], where: str = "record.json") -> Steps:
    """The same back from JSON.

    Raises:
        Refused: a kind of step, or a part of one, that this version does not know.
    """
    try:
        steps = tuple(map(_load_step, data))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        said = f"a step that this version of dms.ipv6 does not know ({type(error).__name__}: {error})"
        raise Refused(said, where, "Use the version that wrote it, or a later one") from None
    return steps


def dump(transaction: Transaction) -> dict[str, t.Any]:
    """As JSON takes it."""
    slots = [step_json.dump_steps(slot) for slot in transaction.slots]
    return {"format": journal.FORMAT, **dataclasses.asdict(transaction), "slots": slots}


def _load_step(data: t.Any) -> Step:
    step = _load(data)
    if not isinstance(step, Step):
        raise TypeError("no step")
    return step


def _load(value: t.Any) -> t.Any:
    if isinstance(value, list):
        return tuple(_load(item) for item in value)
    if not isinstance(value, dict):
        return value
    if "bytes" in value:
        return base64.b64decode(value["bytes"], validate=True)
    return KINDS[value["kind"]](**{name: _load(item) for name, item in value.items() if name != "kind"})
