"""Labels as files: JSON Lines with all that a store holds of them, and CSV with the answers alone.

The first line of a JSON Lines file says what it is and which versions wrote it; then comes one
object a line: `run`, `clip` (if clips were asked for), `query` and `answer`, by the fields of
`pbrl.labels.contents`. A CSV file has a row for each answer, by the fields of `AnswerFacts`, and
the versions that wrote it. Both are read back with every field checked; a file with anything wrong
in it is refused as a whole.
"""

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pbrl.errors import StoreError
from pbrl.labels.clip_lines import ClipLines, clip_line
from pbrl.labels.contents import AnswerFacts, Contents, QueryFacts, RunFacts
from pbrl.labels.fields import (
    check_names,
    from_cells,
    from_values,
    names,
    refusal,
    to_cells,
    to_values,
)

FORMAT, VERSION = "pbrl-labels", 1
VERSIONS = "versions"
"""The column of a table that says which versions wrote it."""
FACTS: dict[str, type] = {"run": RunFacts, "query": QueryFacts, "answer": AnswerFacts}
CLIP = "clip"


def write_labels(path: Path, contents: Contents, versions: Mapping[str, str]) -> None:
    """Writes labels, as JSON Lines or CSV by the file's name; the file is there whole or not.

    Args:
        path: A name that ends in .jsonl or .csv.
        contents: What to write.
        versions: Versions of pbrl and of packages, for provenance.

    Raises:
        StoreError: The name has another ending, or the file cannot be written.
    """
    lines = {".jsonl": _json_lines, ".csv": _table_lines}[_ending(path)](contents, versions)
    draft = path.with_name(f".{path.name}.draft")
    try:
        try:
            with draft.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"Could not write {path}: {error.strerror or error}. Nothing was exported: make room "
            "or name another file."
        ) from error


def read_labels(path: Path) -> Contents:
    """Returns the labels in a file.

    Raises:
        StoreError: It is no file of labels, or something in it is wrong, which names the line.
    """
    read: Callable[[Path], Contents] = {".jsonl": _from_json, ".csv": _from_table}[_ending(path)]
    try:
        return read(path)
    except OSError as error:
        raise StoreError(f"Could not read {path}: {error.strerror or error}.") from error


def _ending(path: Path) -> str:
    if path.suffix not in (".jsonl", ".csv"):
        raise StoreError(
            f"{path.name} is neither JSON Lines nor CSV: name a file that ends in .jsonl or .csv."
        )
    return path.suffix


def _json_lines(contents: Contents, versions: Mapping[str, str]) -> Iterator[str]:
    header = {"type": "header", "format": FORMAT, "version": VERSION, VERSIONS: dict(versions)}
    yield f"{json.dumps(header)}\n"
    for content_hash in contents.clips:
        yield clip_line(content_hash, contents.clips[content_hash])
    for name, facts in zip(FACTS, (contents.runs, contents.queries, contents.answers), strict=True):
        for fact in facts:
            yield f"{json.dumps({'type': name} | to_values(fact), ensure_ascii=False)}\n"


def _table_lines(contents: Contents, versions: Mapping[str, str]) -> list[str]:
    wrote = "; ".join(f"{name} {version}" for name, version in versions.items())
    lines: list[str] = []

    class Lines:
        def write(self, line: str) -> None:
            lines.append(line)

    table = csv.DictWriter(Lines(), [*names(AnswerFacts), VERSIONS], lineterminator="\n")
    table.writeheader()
    table.writerows(to_cells(answer) | {VERSIONS: wrote} for answer in contents.answers)
    return lines


def _from_json(path: Path) -> Contents:
    clips = ClipLines(path)
    facts: dict[str, list[Any]] = {name: [] for name in FACTS}
    line = 0
    with path.open("rb") as file:
        offset = 0
        for line, raw in enumerate(file, start=1):
            values = _object(raw, line)
            name = values.pop("type", None)
            if line == 1:
                _check_header(name, values)
            elif name == CLIP:
                clips.add(values, offset, line)
            elif name in FACTS:
                facts[name].append(from_values(FACTS[name], values, line))
            else:
                raise refusal(line, f"it is a {name!r}, expected {', '.join((CLIP, *FACTS))}")
            offset += len(raw)
    if not line:
        raise StoreError(f"{path} is empty. Nothing was imported.")
    runs, queries, answers = (tuple(facts[name]) for name in FACTS)
    return Contents(runs, queries, answers, clips)


def _object(raw: bytes, line: int) -> dict[str, Any]:
    try:
        values = json.loads(raw)
    except ValueError as error:  # of UTF-8 or of JSON
        raise refusal(line, f"it is not JSON ({error})") from None
    if not isinstance(values, dict):
        raise refusal(line, "it is not a JSON object")
    return values


def _check_header(name: Any, values: Mapping[str, Any]) -> None:
    if name != "header" or values.get("format") != FORMAT:
        raise refusal(1, f'the file does not begin with {{"type": "header", "format": "{FORMAT}"}}')
    version = values.get("version")
    if version != VERSION:
        raise refusal(
            1, f"the file is of version {version}, this pbrl reads {VERSION}; install a newer one"
        )


def _from_table(path: Path) -> Contents:
    with path.open(encoding="utf-8-sig", newline="") as file:  # spreadsheets put a mark in front
        try:
            answers = tuple(_rows(csv.reader(file, strict=True)))
        except UnicodeDecodeError as error:
            raise StoreError(f"{path} is not UTF-8: {error}. Nothing was imported.") from None
    return Contents((), (), answers, {})


def _rows(table: Iterable[list[str]]) -> Iterator[AnswerFacts]:
    reader: Any = table
    try:
        header = next(reader, [])
        check_names(set(header), {*names(AnswerFacts), VERSIONS}, 1)
        for cells in reader:
            if len(cells) != len(header):
                raise refusal(
                    reader.line_num, f"it has {len(cells)} cells, the header {len(header)}"
                )
            row = dict(zip(header, cells, strict=True))
            del row[VERSIONS]
            yield from_cells(AnswerFacts, row, reader.line_num)
    except csv.Error as error:
        raise refusal(reader.line_num, f"it is not CSV ({error})") from None
