# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A little Docker daemon in memory: reads its file at a start and on a reload as dockerd does. For tests of plans."""

from __future__ import annotations

import copy
import typing as t
from dataclasses import dataclass, field

from ansible_collections.dms.ipv6.plugins.module_utils.change.file_steps import WriteFile
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import json_text, keys
from ansible_collections.dms.ipv6.plugins.module_utils.daemon import plan as daemon_plan
from ansible_collections.dms.ipv6.plugins.module_utils.daemon.steps import (
    LIVE_RESTORE,
    Reload,
    Restart,
    StartContainers,
    StopContainers,
)
from ansible_collections.dms.ipv6.plugins.module_utils.engine import version as engine_version
from ansible_collections.dms.ipv6.plugins.module_utils.state import daemon as state_daemon

if t.TYPE_CHECKING:
    from collections.abc import Iterable

    from ansible_collections.dms.ipv6.plugins.module_utils.change.plan import Step

PATH = "/etc/docker/daemon.json"
UNIT = "docker.service"
MAIL = state_daemon.RunningContainer("a" * 64, "mail")
OBSERVED = ("ipv6", "icc", "ip-masq", "mtu")
WEB = state_daemon.RunningContainer("b" * 64, "web")


@dataclass
class Daemon:
    """The daemon and its file.

    Attributes:
        content: of the file, None if it is missing.
        settings: what the daemon does.
        live_restore: what it does; a reload that does not name it leaves it.
        stopped: whether we stopped the containers.
        killed: containers that a restart ended.
        recorded: whether our record says what it has read, or its file is older than it.
        kept: the start, counted in restarts, that our record is about.
        starting: how often it had been restarted when our run began that restarts it, and what it reads then.
        borrowed: what our record says about live-restore.
        alive: whether it runs; containers of a daemon that is gone run on if it had live-restore.
    """

    content: bytes | None = None
    settings: dict[str, t.Any] = field(default_factory=dict)
    live_restore: bool = False
    version: str = "26.1.5"
    containers: tuple[state_daemon.RunningContainer, ...] = (MAIL,)
    swarm: bool = False
    flags: dict[str, str] = field(default_factory=dict)
    stopped: bool = False
    killed: list[str] = field(default_factory=list)
    restarts: int = 0
    recorded: bool = True
    kept: int = 0
    starting: tuple[int, dict[str, t.Any]] | None = None
    borrowed: t.Any = False
    alive: bool = True

    def copy(self) -> Daemon:
        return copy.deepcopy(self)

    @property
    def next_live_restore(self) -> bool:
        """What a daemon that is started now would do: its flag and its file are never both there."""
        return bool(self.file.get(LIVE_RESTORE, self.flags.get(LIVE_RESTORE) == "true"))

    @property
    def file(self) -> dict[str, t.Any]:
        return json_text.read(json_text.decode(self.content or b"", PATH), PATH)

    @property
    def loaded(self) -> dict[str, t.Any] | None:
        """What can be known of the settings that it has read."""
        if self.recorded:
            return dict(self.settings)
        return dict(self.starting[1]) if self.starting and self.restarts > self.starting[0] else None

    def running(self) -> state_daemon.Running:
        """What can be known about it."""
        loaded = self.loaded
        engine = engine_version.parse(self.version)
        effects = ("ip6tables", "userland-proxy")
        return state_daemon.Running(
            version=engine,
            pid=100 + self.restarts,
            unit=UNIT,
            flags=self.flags,
            swarm=self.swarm,
            observed={
                LIVE_RESTORE: self.live_restore,
                "experimental": bool(self.settings.get("experimental")),
                **{name: self.settings.get(name, keys.default(name, engine)) for name in OBSERVED},
            },
            loaded=loaded,
            hints={}
            if loaded is not None
            else {name: self.settings.get(name, keys.default(name, engine)) for name in effects},
            containers=() if self.stopped else self.containers,
            stopped=self.containers if self.stopped else (),
            unfinished=self.starting is not None and self.restarts <= self.starting[0],
        )

    def plan(self, wanted: daemon_plan.Wanted) -> daemon_plan.DaemonPlan:
        return daemon_plan.plan(PATH, self.content, wanted, self.running(), self.borrowed)

    def apply(self, step: Step) -> None:
        if isinstance(step, WriteFile):
            assert step.path == PATH
            self.content = step.content
            self.recorded = self.recorded and self.restarts == self.kept
        elif isinstance(step, Reload):
            if step.if_running and not self.alive:
                return
            self._reload()
            assert step.live_restore in (None, self.live_restore), "dockerd would not report what is waited for"
        elif isinstance(step, (StopContainers, StartContainers)):
            assert [one.id for one in step.containers] == [one.id for one in self.containers]
            self.stopped = isinstance(step, StopContainers)
            self.killed += [one.name for one in self.containers if self.stopped]
        else:
            assert isinstance(step, Restart)
            self._restart(step)

    def _reload(self) -> None:
        assert self.alive, "there is no daemon to reload"
        new = self.file
        assert not set(new) & set(self.flags), "dockerd refuses the file"
        self.live_restore = new.get(LIVE_RESTORE, self.live_restore)
        read = {name: value for name, value in new.items() if name in keys.KEYS and keys.KEYS[name].reload}
        self.settings = {**self.settings, **read}

    def stop(self) -> None:
        """The daemon ends; without live-restore its containers end with it."""
        if self.alive and not self.live_restore:
            self.killed += [one.name for one in self.containers]
        self.alive = False

    def _restart(self, step: Restart) -> None:
        before = len(self.killed)
        self.stop()
        if self.live_restore and not self.next_live_restore:
            self.killed += [one.name for one in self.containers]
        survived = len(self.killed) == before and not self.stopped
        assert step.unit == UNIT
        assert [one.id for one in step.containers] in ([one.id for one in self.containers], [])
        assert step.containers or not self.containers or self.stopped
        assert survived or not (self.containers and step.containers_live_on), "the user was shown something else"
        assert not set(self.file) & set(self.flags), "dockerd does not start"
        kept = self.settings if survived and self.containers else self.file
        self.settings = {
            name: value
            for settings, bridge in ((self.file, False), (kept, True))
            for name, value in settings.items()
            if keys.of_default_bridge(name) is bridge
        }
        self.stopped = self.stopped and not step.containers
        self.live_restore = self.next_live_restore
        self.alive = True
        self.restarts += 1
        # The file is older than the daemon now, so it says what the daemon has read.
        self.recorded = True

    def begin(self, plan: daemon_plan.DaemonPlan) -> None:
        """What the executor writes down before the first step."""
        if self.borrowed is False and any(isinstance(one, Reload) and one.live_restore for one in plan.steps):
            self.borrowed = daemon_plan.lent(self.content, PATH)
        self.recorded, self.kept = self.loaded is not None, self.restarts
        self.starting = (self.restarts, plan.settings) if plan.restarts else None

    def carry_out(self, plan: daemon_plan.DaemonPlan) -> None:
        """All steps, as the executor does."""
        if plan.changed:
            known = self.loaded is not None
            self.begin(plan)
            self.apply_all(plan.steps)
            self.recorded, self.kept, self.starting = known or plan.restarts, self.restarts, None
        self.borrowed = False

    def apply_all(self, steps: Iterable[Step]) -> None:
        for step in steps:
            self.apply(step)
