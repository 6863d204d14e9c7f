# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to happen so that the running daemon has the settings wanted: write, reload, restart, or nothing."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ..change.plan import Plan, Steps, inverses
from ..core.refused import Refused
from ..engine import version as engine_version
from ..state import daemon as state_daemon
from . import combinations, command_line, json_text, schema
from . import keys as daemon_keys
from . import steps as daemon_steps
from .steps import LIVE_RESTORE, Edit, Reload, Restart, StartContainers, StopContainers

if t.TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from .json_text import Settings

IN_FORCE, PENDING, UNKNOWN = "in force", "pending", "unknown"
AUTO, NEVER, ALWAYS = "auto", "never", "always"


@dataclass(frozen=True)
class DaemonPlan(Plan):
    """A plan for the daemon, with its way back.

    Attributes:
        settings: what the file says afterwards.
        raw: the user's own file, without what an earlier run that died left in it; None if there was none.
        undo: the steps back while the old daemon still runs.
        rollback: the steps back once its restart has begun.
        guards: the first of the steps, which keep the host reachable.
        pending: keys that the running daemon does not have and that these steps do not bring.
        unknown: keys of which it is unknown whether the running daemon has them.
    """

    settings: t.Any = None
    raw: bytes | None = None
    undo: Steps = ()
    rollback: Steps = ()
    guards: Steps = ()
    pending: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    stepwise = False

    def back(self, done: int) -> Steps:
        """The steps that bring the old state back once the first ``done`` steps may have happened."""
        restarted = any(isinstance(step, Restart) for step in self.steps[:done])
        return (*(self.rollback if restarted else self.undo), *inverses(self.guards))

    def guarded(self, guards: Steps) -> DaemonPlan:
        """The same plan with steps before it that keep the host reachable."""
        return replace(self, steps=(*guards, *self.steps), guards=guards) if guards else self

    @property
    def restarts(self) -> bool:
        """Whether the daemon is restarted."""
        return any(isinstance(step, Restart) for step in self.steps)

    @property
    def reloads(self) -> bool:
        """Whether the daemon is reloaded."""
        return any(isinstance(step, Reload) for step in self.steps)


class Wanted(t.NamedTuple):
    """What the caller asks for.

    Attributes:
        config: settings to merge in.
        absent: dotted keys to remove.
        apply: auto (restart if the running daemon is known to differ, or if that is unknown and the file had another
            value), always (also if that is unknown and the file has the value), never.
        consent: containers may be stopped.
        whole: objects in config replace those in the file, instead of being merged into them.
    """

    config: Settings
    absent: tuple[str, ...] = ()
    apply: str = AUTO
    consent: bool = False
    whole: bool = False

    @property
    def keys(self) -> list[str]:
        """The top-level keys it is about."""
        return [*self.config, *(dotted.split(".")[0] for dotted in self.absent)]


def in_force(name: str, settings: Settings, running: state_daemon.Running) -> str:
    """Whether the running daemon has the value that ``settings`` give a key: in force, pending or unknown."""
    wanted = settings.get(name, daemon_keys.default(name, running.version))
    given = flag(name, running)
    if name in running.observed and wanted is not None:
        has: t.Any = running.observed[name]
    elif given is not None:
        has = given
    elif running.loaded is not None:
        has = running.loaded.get(name, daemon_keys.default(name, running.version))
    elif name in running.hints:
        has = running.hints[name]
    else:
        return UNKNOWN
    same = json_text.same(daemon_keys.normal(name, wanted), daemon_keys.normal(name, has))
    return IN_FORCE if same else PENDING


def flag(name: str, running: state_daemon.Running) -> bool | None:
    """The value of a boolean flag, None if dockerd was started without it."""
    return command_line.BOOLEANS.get(running.flags.get(name, ""))


def effective(name: str, running: state_daemon.Running) -> bool | None:
    """What the running daemon does about a boolean key; None if that is unknown."""
    for value in (True, False):
        if in_force(name, {name: value}, running) == IN_FORCE:
            return value
    return None


def firewall_backend(daemon: state_daemon.Running) -> str:
    """Who filters packets for this daemon: iptables, or nftables (from Docker Engine 29)."""
    key = "firewall-backend"
    given = daemon.flags.get(key) or (daemon.loaded or {}).get(key)
    return str(given) if given and engine_version.has(daemon.version, "firewall_backend") else state_daemon.IPTABLES


def no_ip_forward(file_settings: Settings, daemon: state_daemon.Running) -> bool:
    """Whether dockerd, or its file for the next start, is set not to switch forwarding on."""
    return False in (file_settings.get("ip-forward"), effective("ip-forward", daemon))


def plan(
    path: str, raw: bytes | None, wanted: Wanted, running: state_daemon.Running, borrowed: t.Any = False
) -> DaemonPlan:
    """The steps from the file and the daemon as found to the settings wanted.

    Args:
        path: the file.
        raw: its bytes, None if it is missing.
        wanted: what the daemon is to have.
        running: the daemon.
        borrowed: what an earlier run that died left behind in ``live-restore``: False for nothing, else the one-item
            list of what the user's file had there, or the empty list if it had nothing.

    Raises:
        Refused: the file or the settings are not acceptable, or containers would stop without consent.
    """
    edit = _edit(path, raw, wanted, running, borrowed)
    settings = json_text.read(edit.after, path)
    states = {name: in_force(name, settings, running) for name in wanted.keys}
    before = json_text.read(edit.text, path)
    written = _changed(before, settings) if not running.unfinished else set(states)
    differs = [name for name, state in states.items() if _is_to_apply(state, wanted.apply, name in written)]
    if borrowed is not False and LIVE_RESTORE not in states and in_force(LIVE_RESTORE, settings, running) == PENDING:
        differs.append(LIVE_RESTORE)
    start = (StartContainers(running.stopped),) if running.stopped else ()
    steps, undo, rollback = ((*some, *start) for some in _steps(edit, differs, wanted, running))
    left = _still_unknown(states, steps, () if wanted.apply == NEVER else differs)
    return DaemonPlan(
        before=edit.on_disk,
        after=edit.after,
        steps=steps,
        warnings=_warnings(settings, states, left, wanted, running, steps, raw),
        settings=settings,
        raw=edit.raw,
        undo=undo,
        rollback=rollback,
        pending=tuple(differs) if wanted.apply == NEVER else (),
        unknown=left,
    )


def _changed(before: Settings, after: Settings) -> set[str]:
    """The keys that are in one only, or differ."""
    kept = {name for name in {*before} & {*after} if json_text.same(before[name], after[name])}
    return {*before, *after} - kept


def _is_to_apply(state: str, apply: str, written: bool) -> bool:
    """Whether the daemon is to be brought to a setting.

    Where it is unknown what the daemon has, what this run writes into the file is applied, so that the file holds
    nothing that dockerd might not start with. What is there already is left for the operator to apply.
    """
    if state != UNKNOWN:
        return state == PENDING
    return apply == ALWAYS or (written and apply == AUTO)


def _still_unknown(states: Mapping[str, str], steps: Steps, applied: Collection[str]) -> tuple[str, ...]:
    """The keys of which it is unknown after these steps whether the daemon has them."""
    restarts, kept = any(isinstance(step, Restart) for step in steps), _lived_on(steps)
    unknown = [name for name, state in states.items() if state == UNKNOWN and name not in applied]
    return tuple(name for name in unknown if not restarts or (kept and daemon_keys.of_default_bridge(name)))


def _edit(path: str, raw: bytes | None, wanted: Wanted, running: state_daemon.Running, borrowed: t.Any) -> Edit:
    """The texts, or Refused for a file or settings that are not acceptable."""
    before = text = json_text.decode(raw or b"", path)
    found = json_text.read(text, path)
    if borrowed is not False:
        found = {key: value for key, value in found.items() if key != LIVE_RESTORE}
        found.update(zip([LIVE_RESTORE], borrowed))
        text = json_text.edit(text, found, path)
        raw = text.encode()
    settings = {**found, **wanted.config} if wanted.whole else json_text.merge(found, wanted.config)
    settings = json_text.merge(settings, {}, wanted.absent)
    _refuse_flag_conflict(settings, running, path)
    schema.refuse_invalid(settings, running.version, path, running.loaded)
    combinations.refuse_start(settings, running.flags, running.version, path)
    if raw is not None and not text.strip() and not engine_version.has(running.version, "empty_file"):
        # dockerd would end on the blank file if the way back had to restart it.
        raw = b"{}\n"
    return Edit(path, raw, before, text, json_text.edit(text, settings, path))


def _steps(edit: Edit, differs: list[str], wanted: Wanted, running: state_daemon.Running) -> tuple[Steps, Steps, Steps]:
    """The steps, the way back before the restart, and the way back after it."""
    if wanted.apply == NEVER or not differs:
        return edit.write, (edit.back,), (edit.back,)
    after = json_text.read(edit.after, edit.path)
    if all(daemon_keys.reloadable(name, after) for name in differs):
        back = daemon_steps.unreload(edit, differs)
        return daemon_steps.reload(edit, differs), back, back
    if not running.unit:
        problem = f"dockerd (process {running.pid}) is not a service of systemd, so it cannot be restarted for"
        raise Refused(f"{problem} {', '.join(differs)}", edit.path, "Set apply to never, and restart it yourself")
    live_on = bool(running.observed.get(LIVE_RESTORE))
    stays_on = live_on and (bool(after.get(LIVE_RESTORE)) or flag(LIVE_RESTORE, running) is True)
    containers = running.containers
    if not after.get("userland-proxy", True):
        containers = tuple(replace(container, ports=()) for container in containers)
    bridge = [name for name in differs if daemon_keys.of_default_bridge(name)]
    if bridge and containers and live_on and wanted.consent:
        stop, restart = StopContainers(containers), Restart(running.unit, False, containers)
        return (*edit.write, stop, restart), (edit.back, stop.inverse()), (edit.back, stop, replace(restart, back=True))
    if not containers or wanted.consent or (stays_on and not bridge):
        restart = Restart(running.unit, stays_on and bool(containers), containers)
        return (*edit.write, restart), (edit.back,), (edit.back, replace(restart, back=True))
    _refuse_stopping(running, differs, bridge)
    return daemon_steps.restart_around(
        edit, Restart(running.unit, True, containers), live_on, edit.text != edit.on_disk
    )


def _lived_on(steps: Steps) -> bool:
    """Whether containers run through the restart, so that the default bridge is left as it is."""
    return any(isinstance(step, Restart) and step.containers_live_on for step in steps)


def lent(raw: bytes | None, path: str) -> list[t.Any]:
    """What the user's file has in live-restore: the one-item list of the value, or the empty list."""
    found = json_text.load(raw, path)
    return [found[LIVE_RESTORE]] if LIVE_RESTORE in found else []


def _refuse_stopping(running: state_daemon.Running, differs: list[str], bridge: list[str]) -> None:
    """Raise Refused where live-restore cannot keep the containers alive, naming those that would stop."""
    if bridge:
        differs, reason = bridge, "dockerd leaves the default bridge as it is while containers run"
    elif running.swarm:
        reason = "this is a Swarm node, where live-restore is impossible"
    elif flag(LIVE_RESTORE, running) is False:
        reason = "live-restore is switched off by a flag of dockerd"
    else:
        return
    names = ", ".join(map(str, running.containers))
    raise Refused(
        f"a restart for {', '.join(differs)} would stop {names}: {reason}",
        running.unit,
        "Set allow_container_restart to consent",
    )


def _refuse_flag_conflict(settings: Settings, running: state_daemon.Running, path: str) -> None:
    """dockerd does not start with an option both as a flag and in the file, even with equal values."""
    both = command_line.both(settings, running.flags)
    if both:
        raise Refused(
            f"{', '.join(both)} is also a flag of the running dockerd (--{next(iter(both))});"
            " dockerd does not start with both",
            path,
            f"Take the flag out of {running.unit} and its drop-ins",
        )


def _warnings(
    settings: Settings,
    states: Mapping[str, str],
    unknown: Collection[str],
    wanted: Wanted,
    running: state_daemon.Running,
    steps: Steps,
    raw: bytes | None,
) -> tuple[str, ...]:
    """What the operator should know: foreign edits that get applied on the way, and what stays open."""
    found = []
    if any(isinstance(step, (Reload, Restart)) for step in steps):
        kept = _lived_on(steps)
        foreign = [
            name for name in _foreign(settings, states, running) if not (kept and daemon_keys.of_default_bridge(name))
        ]
        pending = [name for name in foreign if in_force(name, settings, running) == PENDING]
        if pending:
            found.append(
                f"this also applies edits of others that the running daemon did not have yet: {', '.join(pending)}"
            )
        others = [name for name in foreign if in_force(name, settings, running) == UNKNOWN]
        if others and any(isinstance(step, Restart) for step in steps):
            found.append(f"this also applies keys that the running daemon may not have: {', '.join(others)}")
    if unknown and wanted.apply == AUTO:
        found.append(
            f"it is unknown whether the running daemon has {', '.join(unknown)}: the file may be newer than it;"
            " apply: always restarts it"
        )
    if raw is not None and not raw.strip() and not engine_version.has(running.version, "empty_file"):
        found.append(f"the file is empty; Docker Engine {running.version} would not start on it")
    strangers = schema.unknown(settings, running.version)
    if strangers:
        found.append(f"keys that are not in our table are kept as they are: {', '.join(strangers)}")
    return tuple(found)


def foreign_pending(settings: Settings, ours: Collection[str], running: state_daemon.Running) -> list[str]:
    """Keys that others put into, or took out of, the file since the daemon read it."""
    return [name for name in _foreign(settings, ours, running) if in_force(name, settings, running) == PENDING]


def _foreign(settings: Settings, ours: Collection[str], running: state_daemon.Running) -> list[str]:
    """Keys that others have in the file, or had when the daemon read it."""
    return sorted({*settings, *(running.loaded or {})} - set(ours))


def loaded_after(plan: DaemonPlan, running: state_daemon.Running) -> Settings | None:
    """The settings that the daemon has read once a plan is carried out; None if that is unknown."""
    if plan.restarts and (running.loaded is None or not _lived_on(plan.steps)):
        return t.cast("Settings", plan.settings)
    if plan.restarts and running.loaded is not None:
        bridge = {name: value for name, value in running.loaded.items() if daemon_keys.of_default_bridge(name)}
        others = {name: value for name, value in plan.settings.items() if not daemon_keys.of_default_bridge(name)}
        return {**others, **bridge}
    if running.loaded is None or not plan.reloads:
        return running.loaded
    kept = {name: value for name, value in running.loaded.items() if not daemon_keys.reloadable(name, plan.settings)}
    read = {name: value for name, value in plan.settings.items() if daemon_keys.reloadable(name, plan.settings)}
    return {**kept, **read}
