# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to a daemon, step by step, and the orders of steps that keep its containers alive."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

from ..change import file_steps
from ..change.plan import Step, Steps
from ..state import daemon as state_daemon
from . import json_text, keys

if t.TYPE_CHECKING:
    from collections.abc import Iterable

LIVE_RESTORE = "live-restore"


@dataclass(frozen=True)
class Reload(Step):
    """Let dockerd read its file again (SIGHUP) and wait until it reports live-restore as wanted."""

    live_restore: bool | None
    # On the way back there may be no daemon left to reload; its containers run on all the same.
    if_running: bool = False

    def __str__(self) -> str:
        if self.live_restore is None:
            return "reload dockerd"
        return f"reload dockerd and wait until it reports live-restore {'on' if self.live_restore else 'off'}"


@dataclass(frozen=True)
class Restart(Step):
    """Restart the daemon and wait until it is healthy.

    On the way ``back`` no container makes it fail: what is down is started once, and named.
    """

    unit: str
    containers_live_on: bool
    containers: tuple[state_daemon.RunningContainer, ...]
    back: bool = False

    @property
    def closes_ports(self) -> bool:
        """Docker makes its rules and proxies again, whether containers live on or not."""
        return bool(self.containers)

    def __str__(self) -> str:
        if not self.containers:
            return f"restart {self.unit}; no container is running"
        names = ", ".join(map(str, self.containers))
        if not self.containers_live_on:
            return f"restart {self.unit}; {names} stopped and started"
        return f"restart {self.unit}; {names} {'keeps' if len(self.containers) == 1 else 'keep'} running"


@dataclass(frozen=True)
class StopContainers(Step):
    """Stop containers, so that the next start of the daemon makes the default bridge again."""

    containers: tuple[state_daemon.RunningContainer, ...]

    @property
    def closes_ports(self) -> bool:
        """Until they are started again."""
        return True

    def __str__(self) -> str:
        return f"stop {', '.join(map(str, self.containers))}, because the default bridge is in use while they run"

    def inverse(self) -> Step:
        """The containers running."""
        return StartContainers(self.containers)


@dataclass(frozen=True)
class StartContainers(Step):
    """Start containers that were stopped; the last of them first, because the engine lists the newest first."""

    containers: tuple[state_daemon.RunningContainer, ...]

    @property
    def closes_ports(self) -> bool:
        """Until the last of them runs."""
        return True

    def __str__(self) -> str:
        return f"start {', '.join(container.name for container in self.containers)}"


class Edit(t.NamedTuple):
    """The file's part of a plan.

    Attributes:
        on_disk: the text that is in the file.
        text: the user's own, without what an earlier run that died left in it; ``raw`` its bytes, None for no file.
        after: the text wanted.
    """

    path: str
    raw: bytes | None
    on_disk: str
    text: str
    after: str

    @property
    def back(self) -> file_steps.WriteFile:
        """The file as it was."""
        return file_steps.WriteFile(self.path, self.raw, file_steps.OLD)

    @property
    def final(self) -> file_steps.WriteFile:
        """The file as wanted."""
        return file_steps.WriteFile(self.path, self.after.encode(), file_steps.WANTED)

    @property
    def write(self) -> Steps:
        """The file as wanted, unless it is so already."""
        return (self.final,) if self.after != self.on_disk else ()


def reload(edit: Edit, names: Iterable[str]) -> Steps:
    """Have the daemon read the keys again; in both directions a key that is gone is written out once."""
    return (*_reload_to(edit.path, edit.after, names), *((edit.final,) if _gone(edit.after, names) else ()))


def unreload(edit: Edit, names: Iterable[str]) -> Steps:
    """The way back from reload()."""
    return (*_reload_to(edit.path, edit.text, names), edit.back)


def _gone(text: str, names: Iterable[str]) -> list[str]:
    settings = json_text.read(text, "")
    return [name for name in names if name not in settings]


def _reload_to(path: str, text: str, names: Iterable[str]) -> Steps:
    settings = json_text.read(text, path)
    gone = {name: keys.KEYS[name].neutral for name in _gone(text, names)}
    content = json_text.edit(text, {**settings, **gone}).encode()
    why = f"{', '.join(gone)} written out as not set, for the reload" if gone else file_steps.WANTED
    expected = bool(settings.get(LIVE_RESTORE)) if LIVE_RESTORE in names else None
    return (file_steps.WriteFile(path, content, why), Reload(expected))


def restart_around(edit: Edit, restart: Restart, live_on: bool, lent: bool) -> tuple[Steps, Steps, Steps]:
    """Restart with live-restore borrowed: the steps, the way back before the restart, and the way back after it.

    The daemon that ends must have live-restore on, and so must the file that the new one reads: a start without it
    kills the containers. ``live_on`` says whether the daemon has it on already, ``lent`` whether that is an earlier
    run's doing that died.
    """
    borrow = () if live_on else _borrow(edit.path, edit.text)
    return (
        (*borrow, *_around(edit.path, edit.after, edit.after.encode(), restart, file_steps.WANTED)),
        (edit.back,) if live_on and not lent else (*_give_back(edit.path, edit.text), edit.back),
        (
            *_borrow(edit.path, edit.text, if_running=True),
            *_around(edit.path, edit.text, edit.raw, replace(restart, back=True), file_steps.OLD),
        ),
    )


def _borrow(path: str, text: str, if_running: bool = False) -> Steps:
    """Switch live-restore on in the daemon that runs, so that its containers outlive it."""
    return (
        file_steps.WriteFile(
            path, _with_live_restore(text, True).encode(), "live-restore on, for the time of the restart"
        ),
        Reload(True, if_running),
    )


def _around(path: str, text: str, final: bytes | None, restart: Restart, why: str) -> Steps:
    """Restart on a text with live-restore on, then switch it off again unless the text itself has it on."""
    if json_text.read(text, path).get(LIVE_RESTORE):
        return (file_steps.WriteFile(path, final, why), restart)
    return (
        file_steps.WriteFile(path, _with_live_restore(text, True).encode(), f"{why}, with live-restore still on"),
        restart,
        *_give_back(path, text),
        file_steps.WriteFile(path, final, why),
    )


def _give_back(path: str, text: str) -> Steps:
    """Switch live-restore to what the text says; off by an explicit false: to dockerd absent is unchanged."""
    value = bool(json_text.read(text, path).get(LIVE_RESTORE))
    content = _with_live_restore(text, value).encode()
    why = f"live-restore {'on' if value else 'off'}, written out for the reload"
    return (file_steps.WriteFile(path, content, why), Reload(value))


def _with_live_restore(text: str, value: bool) -> str:
    return json_text.edit(text, {**json_text.read(text, ""), LIVE_RESTORE: value})
