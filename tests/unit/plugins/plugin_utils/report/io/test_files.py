# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report's files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.dms.ipv6.plugins.plugin_utils.report.io import files as report_files


def test_written_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a" / "b"
    report_files.write(folder, {"x": "old"})
    assert (folder / "x").read_text() == "old"

    def fails(_self: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(OSError, match="No space left"):
        report_files.write(folder, {"x": "new"})
    assert [one.name for one in folder.iterdir()] == ["x"]
    assert (folder / "x").read_text() == "old"


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("keep")
    (tmp_path / "x").symlink_to(tmp_path / "precious")
    report_files.write(tmp_path, {"x": "new"})
    assert (tmp_path / "precious").read_text() == "keep"
    assert (tmp_path / "x").read_text() == "new"


def test_no_other_user_reads_it(tmp_path: Path) -> None:
    """A folder of the operator's own keeps its mode; files of an earlier version do not."""
    old = tmp_path / "old"
    old.mkdir(mode=0o755)
    (old / "x").write_text("old")
    (old / "x").chmod(0o644)
    before = os.umask(0)
    try:
        for folder in (old, tmp_path / "a" / "b"):
            report_files.write(folder, {"x": "new"})
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (old, old / "x", tmp_path / "a" / "b", tmp_path / "a/b/x")]
    assert modes == [0o755, 0o600, 0o700, 0o600]


def test_obstacles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert report_files.obstacle(tmp_path) == ""
    assert report_files.obstacle(tmp_path / "a" / "b") == ""
    assert not (tmp_path / "a").exists()
    (tmp_path / "file").touch()
    assert report_files.obstacle(tmp_path / "file" / "b") == f"{tmp_path}/file is not a directory"
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert report_files.obstacle(tmp_path / "dangling") == f"{tmp_path}/dangling is not a directory"
    # Who may everything cannot be shown a folder that refuses.
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert report_files.obstacle(tmp_path / "a") == f"{tmp_path} cannot be written to"
