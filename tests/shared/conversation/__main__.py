"""`make compare-kubelet`: what nodes ask of the API beside what a kubelet asks (see CONTRIBUTING.md)."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from conversation.kubelet import NOT_HERE, kubemark
from conversation.play import Cast, audited, play
from conversation.table import Table, shown

KEPT = Path(__file__).parents[2] / "fleet" / "kubelet.json"
"""What a kubelet was heard to ask, for where there is none."""


def main() -> int:
    given = _arguments()
    program = kubemark()
    if program is None:
        print(NOT_HERE)
        return 1
    idle_s = given.minutes * 60
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["KUBEDRILL_STATE"] = str(folder / "state")
        cluster = stack.enter_context(audited(folder))
        heard = play(cluster, folder, Cast(given.nodes, given.kubelets, program), idle_s)
    tables = {player: Table.of(heard, player, idle_s) for player in heard.nodes}
    print("\n".join(shown(tables)))
    if given.keep:
        kept = {"kubelet": _version(program), **tables["kubelet"].as_json()}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    return 0


def _version(program: Path) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return f"kubemark --morph=kubelet, {said.stdout.strip()}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m conversation")
    parser.add_argument("--minutes", type=float, default=11.0, help="how long they are idle")
    parser.add_argument("--kubelets", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=20)
    parser.add_argument("--keep", action="store_true", help=f"keep what is heard in {KEPT.name}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
