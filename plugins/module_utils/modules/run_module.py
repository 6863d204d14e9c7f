# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module: options, check mode, diff, warnings, and how it ends."""

from __future__ import annotations

import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ..core import printable
from ..core.refused import Refused

if t.TYPE_CHECKING:
    from collections.abc import Callable

    Options = dict[str, t.Any]


def run_module(spec: Options, run: Callable[[Options, bool], Options], **rules: t.Any) -> None:
    """Run a module and end this process with its result.

    Args:
        spec: its argument spec.
        run: takes the options and whether nothing may be changed (check mode); returns the result.
        rules: AnsibleModule's own, such as ``required_if``.
    """
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True, **rules)
    try:
        result = run(module.params, module.check_mode)
    except Refused as reason:
        module.fail_json(msg=str(reason), rolled_back=reason.rolled_back)
    except Exception as error:  # whatever it is, Ansible gets it in its own way
        said = printable.message(f"unexpected error: {type(error).__name__}: {error}. Report it, with what -vvv shows.")
        module.fail_json(msg=said, rolled_back=False, exception=traceback.format_exc())
    result = printable.result(result)  # names and labels of others are in it
    for warning in result.pop("warnings", ()):
        module.warn(warning)
    if not module._diff:  # whole lines of files, which callbacks and logs would keep
        result.pop("diff", None)
    module.exit_json(**result)
