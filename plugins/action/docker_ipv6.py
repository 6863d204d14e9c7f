# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs docker_ipv6, drops the connection, and confirms over a new one, all in one task: no host waits for another."""

from __future__ import annotations

import time

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.dms.ipv6.plugins.plugin_utils.action.own_result import OwnResult, Result

CHANGE, CONFIRM, REVERT = "dms.ipv6.docker_ipv6", "dms.ipv6.host_transaction_confirm", "dms.ipv6.host_transaction"
# How long the host may be out of reach after the change, as a share of the time in which it takes the change back.
SHARE = 0.5
BETWEEN_TRIES_S = 2.0
BY_ITSELF = "What was not confirmed there is undone by the host itself."
STAYS = "With confirm_within 0, what was changed there stays."
AS_BEFORE = "Everything is as it was before this run."
UNCONFIRMED = (
    "unconfirmed: over a local connection it is not seen whether the host can still be reached from outside. Name a"
    " HOST:PORT that it must reach in confirm_reach (dms_ipv6_confirm_reach)."
)


class ActionModule(OwnResult):
    """Ansible's way in, on the controller."""

    _supports_async = False  # it waits for the host anyway

    def run(self, tmp: None = None, task_vars: Result | None = None) -> Result:
        """Change, and confirm where the host waits for it."""
        refused = self.refused(task_vars)
        if refused:
            return refused
        within, reach = self._task.args.get("confirm_within", 0), self._task.args.get("confirm_reach", "")
        end = STAYS if str(within) == "0" else BY_ITSELF
        try:
            done = self.on_host(CHANGE, dict(self._task.args), task_vars)
        except AnsibleConnectionFailure as error:
            return _lost(error, end)
        if done.get("failed") and "module_stdout" in done:  # the module was killed, or its host was: it says nothing
            return {**done, **_lost(done.get("msg", ""), end)}
        transaction = done.pop("transaction", None)
        if transaction is None or done.get("failed"):
            return done
        if self._connection.transport.endswith("local") and not reach:
            done.setdefault("warnings", []).append(UNCONFIRMED)
        return self._confirm(done, {"transaction": transaction, "reach": reach}, float(within), task_vars)

    def _confirm(self, done: Result, options: Result, within: float, task_vars: Result | None) -> Result:
        """What was done, if it is confirmed; else what becomes of it."""
        try:
            confirmed = self._afresh(options, time.monotonic() + within * SHARE, task_vars)
        except AnsibleConnectionFailure as error:
            return _lost(error, BY_ITSELF)
        if not confirmed.get("failed"):
            return done
        return self._taken_back(str(confirmed.get("msg", "it was not confirmed")), options["transaction"], task_vars)

    def _afresh(self, options: Result, until: float, task_vars: Result | None) -> Result:
        """Confirm over a new connection, because the old one may outlive the way that it came."""
        while True:
            try:
                self._connection.reset()
                return self.on_host(CONFIRM, options, task_vars)
            except AnsibleConnectionFailure:
                if time.monotonic() > until:
                    raise
                time.sleep(BETWEEN_TRIES_S)

    def _taken_back(self, reason: str, transaction: str, task_vars: Result | None) -> Result:
        """Take the change back at once; what to say of it."""
        try:
            back = self.on_host(REVERT, {"state": "reverted", "transaction": transaction}, task_vars)
        except AnsibleConnectionFailure as error:
            return _lost(error, f"{reason} {BY_ITSELF}")
        failed = bool(back.get("failed"))
        msg = f"{reason} {back.get('msg', '') if failed else AS_BEFORE}"
        return {"failed": True, "rolled_back": not failed, "msg": msg}


def _lost(error: object, rest: str) -> Result:
    """It failed, and the run goes on to say so: of a host that is unreachable, Ansible leaves out all other tasks."""
    return {"failed": True, "rolled_back": False, "msg": f"no answer came from it ({str(error).strip()}). {rest}"}
