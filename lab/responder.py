# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small whoami server as an image, made from a static busybox: it needs no registry."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

from lab.base import IMAGE_LABEL, LabError, image_dir, locked, run, timed
from lab.images import architecture

WHOAMI = "dms-lab/whoami:latest"
CGI = r"""#!/bin/sh
# The server brackets IPv6 addresses, and shows an IPv4 client of an IPv6 socket as ::ffff:a.b.c.d.
address=${REMOTE_ADDR#[}
address=${address%]}
case $address in
  ::ffff:*.*) address=${address#::ffff:} ;;
  *:*) address="[$address]" ;;
esac
printf 'Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n\r\n'
read -r name < /proc/sys/kernel/hostname
printf 'Hostname: %s\nRemoteAddr: %s:%s\n' "$name" "$address" "$REMOTE_PORT"
printf '%s %s %s\nHost: %s\n' "$REQUEST_METHOD" "$REQUEST_URI" "$SERVER_PROTOCOL" "$HTTP_HOST"
"""
# A shell as process 1, because a process 1 without a handler would ignore `docker stop` for ten seconds.
WHOAMI_START = """#!/bin/sh
trap 'kill $pids; exit 0' TERM INT
for place in ${LISTEN:-[::]:80}; do
  httpd -f -p "$place" -h /www &
  pids="$pids $!"
done
wait
"""
WHOAMI_TOOLS = (
    "sh",
    "httpd",
    "cat",
    "kill",
    "printf",
    "ls",
    "ps",
    "wget",
    "ip",
    "sleep",
    "nc",
    "netstat",
    "nslookup",
    "ping",
)


def whoami_archive() -> tuple[Path, str]:
    """An archive for `docker load` with a whoami server, and the image id that loading it gives."""
    recipe_text = json.dumps([CGI, WHOAMI_START, WHOAMI_TOOLS, "2"])
    digest = hashlib.sha256(recipe_text.encode()).hexdigest()[:12]
    path = image_dir() / f"whoami-{architecture()}-{digest}.tar"
    with locked("image-whoami"):
        if not path.exists():
            image_dir().mkdir(parents=True, exist_ok=True)
            for old in image_dir().glob(f"whoami-{architecture()}-*.tar"):
                old.unlink()
            with timed("whoami: building the image"):
                partial = path.with_suffix(".partial")
                partial.write_bytes(_whoami_archive(_static_busybox()))
                partial.rename(path)
    with tarfile.open(path) as archive:
        manifest = archive.extractfile("manifest.json")
        assert manifest is not None
        config = str(json.load(manifest)[0]["Config"])
    return path, "sha256:" + config.removesuffix(".json")


def _static_busybox() -> bytes:
    """The static busybox of Debian's package; the machine's own need not be static."""
    with tempfile.TemporaryDirectory(prefix="dms-lab-") as folder:
        argv = ["apt-get", "download", "busybox-static"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
        debs = list(Path(folder).glob("*.deb"))
        if not debs:
            raise LabError(
                f"apt-get download busybox-static failed:\n{done.stderr.strip()}\nTry `apt-get update` first."
            )
        run(["dpkg-deb", "-x", str(debs[0]), folder], "unpacking busybox-static")
        found = [path for path in Path(folder).rglob("busybox") if path.is_file() and path.parent.name == "bin"]
        return found[0].read_bytes()


def _whoami_archive(busybox: bytes) -> bytes:
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        for folder in ("bin", "tmp", "www", "www/cgi-bin"):
            _add(tar, folder, None)
        _add(tar, "bin/busybox", busybox)
        for tool in WHOAMI_TOOLS:
            _add(tar, f"bin/{tool}", "busybox")
        _add(tar, "whoami", WHOAMI_START.encode())
        # A file costs a poller that asks a hundred times a second far less than the script does.
        _add(tar, "www/alive", b"alive\n")
        # The server runs this one for the address `/`.
        _add(tar, "www/cgi-bin/index.cgi", CGI.encode())
    content = layer.getvalue()
    config = json.dumps(
        {
            "architecture": architecture(),
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {
                "Cmd": ["/whoami"],
                "Env": ["PATH=/bin"],
                "ExposedPorts": {"80/tcp": {}},
                "Labels": {IMAGE_LABEL: "whoami"},
            },
            "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(content).hexdigest()]},
            "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "dms-lab"}],
        }
    ).encode()
    name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps([{"Config": name, "RepoTags": [WHOAMI], "Layers": ["layer.tar"]}]).encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for path, data in ((name, config), ("layer.tar", content), ("manifest.json", manifest)):
            _add(tar, path, data)
    return archive.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes | str | None) -> None:
    """Add a file (bytes), a link (text) or a folder (None), without owner or time: the id stays the same."""
    entry = tarfile.TarInfo(name)
    entry.mode = 0o755
    if content is None:
        entry.type = tarfile.DIRTYPE
        tar.addfile(entry)
    elif isinstance(content, str):
        entry.type, entry.linkname = tarfile.SYMTYPE, content
        tar.addfile(entry)
    else:
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
