# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run. A callback costs no task on any host, and sees hosts that no task ever reached."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report
type: aggregate
short_description: Write a report of what was found and done on Docker hosts
version_added: 0.1.0
description:
  - At the end of a run, writes C(report.json) and C(report.html), one page that needs nothing else, about all hosts on
    which modules of this collection ran, or would have. Nothing is written about plays without any.
  - It tells for each host what IPv6 clients get, and how that is known; findings with remedies; ports before and after;
    and what went wrong. That includes hosts that are unreachable from the start.
  - A report that cannot be written is a warning at the start and at the end, and disturbs neither the run nor a host.
  - C(docs/report.md) has the states, and C(docs/report.schema.json) describes C(report.json).
options:
  report_path:
    description:
      - The folder for both files, which is made if it is missing, readable by its owner alone (0700). The files are
        0600, also where older ones were not. A relative path is one below the working directory.
      - The variable C(dms_ipv6_report_path), of the inventory, the play or given as an extra variable, comes first.
        Facts do not count, as they are a host's own words.
    type: str
    default: dms-ipv6-report
    ini:
      - section: callback_dms_ipv6_report
        key: report_path
    env:
      - name: DMS_IPV6_REPORT_PATH
requirements:
  - It has to be enabled, by C(ANSIBLE_CALLBACKS_ENABLED=dms.ipv6.report) or C(callbacks_enabled) in C(ansible.cfg).
author:
  - dms.ipv6 contributors (@dms-ipv6)
"""

import datetime
import functools
import json
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase
from ansible.template import Templar
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import fleet as report_fleet
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import log as report_log
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import page as report_page
from ansible_collections.dms.ipv6.plugins.plugin_utils.report import tasks as report_tasks
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.io import files as report_files
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.text import text

Method = t.TypeVar("Method", bound=t.Callable[..., None])
PATH_VARIABLE = "dms_ipv6_report_path"


def harmless(method: Method) -> Method:
    """Whatever goes wrong in a report, it is no more than a warning."""

    @functools.wraps(method)
    def guarded(self: CallbackModule, *args: t.Any, **kwargs: t.Any) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # a run is worth more than its report
            self.warn(f"the report is not complete, in {method.__name__}: {type(error).__name__}: {error}")

    return t.cast("Method", guarded)


def now() -> str:
    """The time as the report writes it."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class CallbackModule(CallbackBase):
    """Collects what a report needs while the run goes on."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "dms.ipv6.report"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self.started = now()
        self.playbook = ""
        self.path = ""
        self.logs: dict[str, report_log.Log] = {}
        self.waiting: dict[str, None] = {}
        self.begun: set[str] = set()
        self.play_is_ours = False
        self.checked: set[Path] = set()

    def warn(self, message: str) -> None:
        """One line, whatever is in it."""
        self._display.warning(" ".join(f"dms.ipv6.report: {text(message)}".split()))

    @property
    def folder(self) -> Path:
        """Where the report goes: by the last play that named a folder, else by the option."""
        return Path(self.path or self.get_option("report_path")).expanduser().absolute()

    @harmless
    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        self.playbook = Path(getattr(playbook, "_file_name", "") or "").name

    @harmless
    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self.play_is_ours = report_tasks.has_ours(play)
        if not self.play_is_ours:
            return
        variables = report_tasks.variables(play)
        self.waiting.update(dict.fromkeys(variables.get("ansible_play_hosts_all") or ()))
        self.path = self._wanted_path(variables) or self.path
        if self.folder not in self.checked:
            self.checked.add(self.folder)
            obstacle = report_files.obstacle(self.folder)
            if obstacle:
                self.warn(f"no report will be written to {self.folder}: {obstacle}")

    def _wanted_path(self, variables: t.Mapping[str, t.Any]) -> str:
        value = variables.get(PATH_VARIABLE)
        return str(Templar(loader=None, variables=dict(variables)).template(value)) if value else ""

    @harmless
    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        self.begun.add(host.get_name())

    @harmless
    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._add(result, report_log.OK)

    @harmless
    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._add(result, report_log.FAILED, ignore_errors)

    @harmless
    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._add(result, report_log.UNREACHABLE)

    def _add(self, result: t.Any, outcome: str, ignored: bool = False) -> None:
        task = result._task
        ours = report_tasks.is_ours(task)
        # Others' tasks count only where they end a host that our play is about.
        if not ours and (outcome == report_log.OK or not self.play_is_ours):
            return
        name = result._host.get_name()
        event = report_tasks.event(result, outcome, ours, ignored)
        self.logs[name] = report_log.add(self.logs.get(name, report_log.Log()), event)

    @harmless
    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        waiting = [name for name in self.waiting if name not in self.begun]
        run = report_fleet.Run(self.started, now(), self.playbook)
        report = report_fleet.report(run, self.logs, waiting)
        # A play that is stopped before its first task has found nothing.
        if not any(log.ours for log in self.logs.values()):
            return
        page = report_page.page(report, report_files.parts())
        files = {"report.json": json.dumps(report, indent=1) + "\n", "report.html": page}
        try:
            report_files.write(self.folder, files)
        except OSError as error:
            self.warn(
                f"the report was not written to {self.folder}: {error.strerror or error} ({error.filename or ''})"
            )
            return
        self._display.display(f"Report: {self.folder / 'report.html'}")
