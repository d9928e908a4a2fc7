"""`pbrl labels`: how good labels are, and their way to files and other stores."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console

from pbrl.cli.labels_report import print_statistics
from pbrl.errors import ConfigError, StoreError
from pbrl.feedback import find_kind
from pbrl.labels.addition import add_contents
from pbrl.labels.contents import store_contents
from pbrl.labels.exchange import read_labels, write_labels
from pbrl.labels.findings import warnings
from pbrl.labels.merge import describe, merge_stores
from pbrl.labels.opening import OpenLabels, open_labels, open_or_new
from pbrl.labels.statistics import label_statistics
from pbrl.runs import installed_versions, write_whole
from pbrl.whole_numbers import counted

WHERE = "a run's folder, or the path or URL of a label store"


def main(arguments: Sequence[str]) -> int:
    """Runs the verb."""
    options = _parser().parse_args(arguments)
    return options.action(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pbrl labels",
        description="Say how good labels are; take them to files and to other stores.",
        allow_abbrev=False,
    )
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    stats = _action(actions, "stats", _stats, "say how each annotator answers, and what looks odd")
    stats.add_argument("--json", type=Path, metavar="FILE", help="write it all as JSON too")
    export = _action(actions, "export", _export, "write labels to FILE.jsonl or FILE.csv")
    export.add_argument("file", type=Path, help="where to; CSV holds the answers alone")
    export.add_argument(
        "--clips", action="store_true", help="with the clips, so that any store can take them"
    )
    importing = _action(
        actions, "import", _import, "add the labels of a file, all or none", run=False
    )
    importing.add_argument("file", type=Path, help="FILE.jsonl or FILE.csv, from an export")
    forget = _action(actions, "forget", _forget, "take a person's name off all answers", run=False)
    forget.add_argument("name", help="the name; a made-up one takes its place in the whole store")
    gold = _action(actions, "gold", _gold, "mark pairs whose right answer is known, or list them")
    gold.add_argument(
        "marks", nargs="*", metavar="NUMBER=ANSWER", help="for example 17=first; none: list them"
    )
    merging = actions.add_parser("merge", help="add the labels of stores to another store")
    merging.set_defaults(action=merge)
    add_merge_options(merging)
    return parser


def _action(
    actions: Any, name: str, action: Any, text: str, *, run: bool = True
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(action=action)
    parser.add_argument("where", metavar="STORE_OR_RUN", help=WHERE)
    if run:
        parser.add_argument("--run", metavar="NAME", help="one run of a store that has several")
    return parser


def add_merge_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `merge`, which `pbrl runs` has too."""
    parser.add_argument("stores", nargs="+", metavar="STORE_OR_RUN", help=WHERE)
    parser.add_argument(
        "--into", required=True, metavar="STORE", help="the store that takes them; made if missing"
    )
    parser.add_argument(
        "--rename",
        action="store_true",
        help="give a run another name if the store has another run of its name",
    )


def _stats(options: argparse.Namespace) -> int:
    with open_labels(options.where, options.run) as labels:
        statistics = label_statistics(labels.store, labels.runs)
        told = warnings(statistics)
        print_statistics(Console(), labels.store.name, statistics, told)
    if options.json is not None:
        content = dataclasses.asdict(statistics) | {"warnings": told}
        write_whole(options.json, json.dumps(content, indent=2).encode())
    return 0


def _export(options: argparse.Namespace) -> int:
    if options.clips and options.file.suffix == ".csv":
        raise ConfigError("A table has no room for clips: leave --clips out, or export to .jsonl.")
    with open_labels(options.where, options.run) as labels:
        contents = store_contents(labels.store, labels.runs, clips=options.clips)
        write_labels(options.file, contents, _versions(labels))
    clips = f", {len(contents.clips):,} clips" if options.clips else ""
    print(
        f"{options.file} has {len(contents.answers):,} answers to {len(contents.queries):,} "
        f"queries of {counted(len(contents.runs), 'run')}{clips}."
    )
    return 0


def _versions(labels: OpenLabels) -> dict[str, str]:
    """Returns the versions here and, as `run ...`, those that wrote the run."""
    versions = installed_versions()
    if labels.folder is not None and (file := labels.folder / "versions.json").is_file():
        try:
            saved = json.loads(file.read_text())
        except ValueError:
            return versions
        versions |= {f"run {n}": str(v) for n, v in saved.items() if isinstance(v, str)}
    return versions


def _import(options: argparse.Namespace) -> int:
    contents = read_labels(options.file)
    with open_or_new(options.where) as store:
        [added] = add_contents(store, [contents])
        print(f"{store.name}: {describe(added)}")
    return 0


def _forget(options: argparse.Namespace) -> int:
    with open_labels(options.where) as labels:
        touched = labels.store.forget(options.name)
        print(
            f"{options.name!r} is gone from {labels.store.name}; {touched:,} answers stay, under "
            "another name. Copies, exports and checkpoints of the store still have it."
        )
    return 0


def _gold(options: argparse.Namespace) -> int:
    marks = [_mark(text) for text in options.marks]
    with open_labels(options.where, options.run) as labels:
        if not marks:
            marked = {run: sorted(labels.store.gold(run).items()) for run in labels.runs}
            for run, pairs in marked.items():
                for number, answer in pairs:
                    print(f"{run}: {number}={answer}")
            if not any(marked.values()):
                print("No pair is marked: NUMBER=ANSWER marks one.")
            return 0
        if len(labels.runs) != 1:
            raise StoreError(
                f"{labels.store.name} has {len(labels.runs)} runs: say which one with --run. "
                f"There is: {', '.join(labels.runs)}."
            )
        kind = find_kind(labels.store.run_info(labels.runs[0]).kind)
        for _, answer in marks:
            kind.check(kind.decode(answer), 2)
        labels.store.queries(labels.runs[0], [number for number, _ in marks])  # that all are there
        for number, answer in marks:
            labels.store.mark_gold(labels.runs[0], number, answer)
        print(f"Marked {counted(len(marks), 'pair')} of run {labels.runs[0]!r}.")
    return 0


def _mark(text: str) -> tuple[int, str]:
    number, _, answer = text.partition("=")
    if not number.isdecimal() or not answer:
        raise StoreError(f"{text!r} marks no pair: expected NUMBER=ANSWER, for example 17=first.")
    return int(number), answer


def merge(options: argparse.Namespace) -> int:
    """Merges stores; `pbrl runs merge` is the same."""
    with ExitStack() as stack:
        sources = [stack.enter_context(open_labels(where)) for where in options.stores]
        target = stack.enter_context(open_or_new(options.into))
        stores, runs = [one.store for one in sources], [one.runs for one in sources]
        for sentence in merge_stores(stores, target, runs=runs, rename=options.rename):
            print(sentence)
    return 0
