#!/usr/bin/env python3
# Copyright: (c) 2026, dms.ipv6 contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Docker hosts on one machine, as an Ansible inventory names them."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

import docker

# Run as a script, Python would look for this package in the folder of this very file.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from lab import bundles, engine, engines, hosts, inventory, leftovers, namespace  # noqa: E402
from lab.base import LabError, image_dir, locked, remove_state, say, state_dir  # noqa: E402


def command_up(options: argparse.Namespace) -> None:
    lab = inventory.read_inventory(options.inventory)
    # Shared: a `down` of another lab must not take the engine away while this one is being built.
    with locked("use", shared=True), locked(f"lab-{lab.name}"):
        leftovers.remember()
        hosts.up(engine.ensure_engine(), lab)


def command_down(options: argparse.Namespace) -> None:
    if not options.all and not options.inventory:
        raise LabError("down needs an inventory, or --all")
    lab = None if options.all else inventory.read_inventory(options.inventory).name
    if lab:
        engine.refuse_silent()
    with locked("use", shared=True), locked(f"lab-{lab or 'all'}"):
        found = engine.find_engine()
        if found is None and (state_dir() / "dockerd.json").exists():
            # Our engine died: started once more it cleans up after itself better than we could.
            try:
                found = engine.ensure_engine()
            except LabError as error:
                say(f"our engine is dead and does not start again, so what it left is removed by hand: {error}")
        if found is not None:
            hosts.down(found, lab)
    with locked("use", wait=False) as alone:
        if alone:
            # As it is now: another lab may have started it since we looked.
            _remove_engine(engine.find_engine())
        else:
            say("another lab is being built: the engine stays")


def _remove_engine(found: engine.Engine | None) -> None:
    if found is not None and hosts.labs(found):
        return
    hosts.restore_limits()
    if found is not None and not found.own:
        hosts.remove_images(found)
    elif (state_dir() / "daemon.json").exists():
        engine.stop_own()
    leftovers.remove()
    remove_state()
    say("nothing is left of the lab but the cached images")


def command_clean(options: argparse.Namespace) -> None:
    options.all = True
    command_down(options)
    shutil.rmtree(image_dir(), ignore_errors=True)
    say(f"{image_dir()} is gone too")


def command_env(_options: argparse.Namespace) -> None:
    # Its own engine's address even before it runs: the command that gets it may be the one that starts it.
    print(f"DOCKER_HOST={(engine.find_engine() or engine.own_engine()).url}")


def command_guard(options: argparse.Namespace) -> None:
    if not _running().own:
        print(json.dumps({"packets": None, "reason": "this is your own Docker: the lab adds no firewall rules to it"}))
        return
    if options.reset:
        namespace.reset_guard()
    print(json.dumps(namespace.read_guard()))


def _running() -> engine.Engine:
    found = engine.find_engine()
    if found is None:
        raise LabError("no Docker engine answers: start a lab with `up` first")
    return found


def command_status(_options: argparse.Namespace) -> None:
    found = engine.find_engine()
    if found is None:
        print("no engine is running, so no lab is")
        return
    print(f"engine {found.client().version()['Version']} at {found.url} ({'our own' if found.own else 'yours'})")
    for name, lines in hosts.labs(found).items():
        print(f"lab {name}", *lines, sep="\n  ")


def command_pack(options: argparse.Namespace) -> None:
    target = Path(options.file).absolute()
    if not engines.BUNDLE.match(target.name):
        raise LabError(f"{target}: call it docker-VERSION.tgz, by the version of the engine")
    bundles.pack(_running().client().containers.get(options.host), options.host, target)
    say(f"{target} does on hosts of the same release")


def command_does(options: argparse.Namespace) -> None:
    print(json.dumps(engines.does(options.host, options.word)))


def command_engines(_options: argparse.Namespace) -> None:
    print(engines.page())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    add = commands.add_parser("up", help="bring up the hosts of an inventory")
    add.add_argument("inventory")
    add.set_defaults(run=command_up)
    add = commands.add_parser("down", help="remove a lab; with the last one everything but the cache")
    add.add_argument("inventory", nargs="?")
    add.add_argument("--all", action="store_true", help="every lab")
    add.set_defaults(run=command_down)
    add = commands.add_parser("guard", help="packets that tried to leave the lab, as JSON")
    add.add_argument("--reset", action="store_true", help="count from zero again")
    add.set_defaults(run=command_guard)
    add = commands.add_parser("does", help="whether the engine of bookworm, trixie or sid does something, as JSON")
    add.add_argument("host")
    add.add_argument("word", help="of the table of engines")
    add.set_defaults(run=command_does)
    add = commands.add_parser("pack", help="make a bundle docker-VERSION.tgz of a running host's own engine")
    add.add_argument("host", help="its container, dms-lab-...")
    add.add_argument("file")
    add.set_defaults(run=command_pack)
    for name, function, text in (
        ("engines", command_engines, "print the table of engines"),
        ("clean", command_clean, "down --all, and delete the cached images"),
        ("env", command_env, "print DOCKER_HOST of the engine in use"),
        ("status", command_status, "list the labs that are up"),
    ):
        commands.add_parser(name, help=text).set_defaults(run=function, inventory=None)
    options = parser.parse_args()
    try:
        options.run(options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except docker.errors.DockerException as error:
        print(f"lab: the Docker engine refused: {error}. `status` shows what is up.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
