"""The command: sets peers up, measures part after part, and writes the table as it goes."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from experiments.bench.extent import Extent
from experiments.bench.measure import (
    Contender,
    Measurement,
    Scene,
    fastest,
)
from experiments.bench.parts import PARTS
from experiments.bench.peers import PEERS, PeerError, Run, peer_python, peers_folder, run_command
from experiments.bench.results import Results, about_this_machine
from experiments.bench.running import DriverError, run_driver
from pbrl.runs import disk_errors
from pbrl.whole_numbers import at_least_one

INTERRUPTED = 130


def main(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    options = _parser().parse_args(arguments)
    tiny = options.tiny
    extent = Extent(options.steps or (8192 if tiny else 1_000_000), tiny)
    repeats = options.repeats or (1 if tiny else 3)
    results = Results(shlex.join(arguments), about_this_machine(), tiny)
    out = options.out or Path("runs/bench-tiny" if tiny else "docs/results/bench")
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
    for part in options.parts:
        scenes = PARTS[part](extent)
        results.scenes += scenes
        if not scenes and not tiny:
            results.missing[part] = "it needs a GPU that torch finds"
    code = 0
    try:
        pythons = set_up(results)
        for scene in results.scenes:
            measure(scene, repeats, pythons, results, out)
    except KeyboardInterrupt:
        say("Interrupted: what was measured is kept.")
        code = INTERRUPTED
    results.write(out)
    print(results.markdown())
    print(f"Written: {out / 'bench.md'} and {out / 'bench.json'}")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl bench",
        description="Measure this suite beside its peers, on this machine and in one run, and "
        "write a table. Peers (EnvPool, SBX, imitation) are installed from PyPI into virtual "
        f"environments of their own, in {peers_folder()}. Leave the machine alone meanwhile.",
        allow_abbrev=False,
    )
    parser.add_argument(
        *("--parts", "-p"),
        nargs="+",
        choices=PARTS,
        default=list(PARTS),
        metavar="PART",
        help=f"what to measure: {', '.join(PARTS)} (default: all)",
    )
    parser.add_argument(
        "--steps", type=at_least_one, help="environment steps of each training (default: 1,000,000)"
    )
    parser.add_argument(
        "--repeats", type=at_least_one, help="measurements of each contender (default: 3)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="folder of bench.md and bench.json (default: docs/results/bench; for a tiny bench "
        "runs/bench-tiny)",
    )
    parser.add_argument(
        "--tiny",
        action="store_true",
        help="see in a minute that it works: a little of all parts, without what must be installed",
    )
    return parser


def say(sentence: str) -> None:
    """Tells how it goes, apart from the table."""
    print(sentence, file=sys.stderr, flush=True)


def set_up(results: Results, run: Run = run_command) -> dict[str | None, Path]:
    """Returns the interpreters of the peers that are needed and there; notes the others.

    Args:
        results: Whose scenes are looked at.
        run: What runs the commands that install.
    """
    needed = {one.peer for scene in results.scenes for one in scene.contenders}
    pythons: dict[str | None, Path] = {None: Path(sys.executable)}
    for name in PEERS:
        if name in needed:
            say(f"Setting up {PEERS[name].package}, once.")
            try:
                pythons[name] = peer_python(name, peers_folder(), run)
            except PeerError as error:
                say(str(error))
                results.missing[PEERS[name].package] = str(error)
    return pythons


def measure(
    scene: Scene, repeats: int, pythons: dict[str | None, Path], results: Results, out: Path
) -> None:
    """Measures a scene's contenders in turn, and writes down each measurement at once.

    Args:
        scene: What is measured.
        repeats: How often.
        pythons: The interpreters that there are; contenders of other peers are left out.
        results: Where the measurements go.
        out: Where the results are written.
    """
    running = [one for one in scene.contenders if one.peer in pythons]
    running = [found for one in running if (found := _tuned(scene, one, pythons, results))]
    for repeat in range(repeats):
        for one in list(running):
            turn = f"turn {repeat + 1} of {repeats}"
            say(f"{scene.part}, {scene.name}, {one.name}: {turn} begins.")
            try:
                details = run_driver(pythons[one.peer], one.driver, one.settings)
            except DriverError as error:
                _leave_out(scene, one, error, results)
                running.remove(one)
                continue
            rate = details.pop("value")
            names = scene.part, scene.name, one.name
            results.measurements.append(
                Measurement(*names, repeat, rate, scene.unit, one.settings, details)
            )
            say(f"{scene.part}, {scene.name}, {one.name}: {rate:,.2f} {scene.unit}")
            results.write(out)


def _tuned(
    scene: Scene, contender: Contender, pythons: dict[str | None, Path], results: Results
) -> Contender | None:
    """Returns the contender at its fastest, None where it fails."""
    if contender.variants:
        say(f"{scene.part}, {contender.name}: finding its fastest settings.")
    try:
        tuned, tried = fastest(contender, pythons[contender.peer])
    except DriverError as error:
        _leave_out(scene, contender, error, results)
        return None
    names = {"part": scene.part, "contender": contender.name}
    results.tried += [names | one for one in tried]
    return tuned


def _leave_out(scene: Scene, contender: Contender, error: DriverError, results: Results) -> None:
    say(f"{scene.part}, {scene.name}, {contender.name} failed: {error}")
    results.missing[f"{contender.name} in {scene.name}"] = str(error)
