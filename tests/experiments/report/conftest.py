"""A report of a real run, and what a parser finds in one."""

import html.parser
import json
import shutil
from pathlib import Path

import pytest

from experiments.report.command import report
from experiments.report.recorded import read_run

VOID = {"meta", "br", "hr"}


class Parsed(html.parser.HTMLParser):
    """Elements, addresses and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.addresses: list[str] = []
        self.videos: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        given = dict(attrs)
        self.addresses += [given[name] for name in ("src", "href", "poster") if name in given]
        if tag == "video":
            self.videos.append(given["src"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] != ["style"]:
            self.text += data


@pytest.fixture(scope="session")
def parsed():
    """Returns a function that parses a page."""
    return Parsed


@pytest.fixture(scope="module")
def debug_page(debug_run) -> str:
    """The report of the run of `pbrl train debug`, films and all."""
    return report([read_run(debug_run)])


@pytest.fixture
def changed(debug_run, tmp_path):
    """Returns a function that copies the debug run, with other settings and perhaps less done."""

    def make(name="run", lines: int | None = None, drop=(), **settings) -> Path:
        folder = Path(shutil.copytree(debug_run, tmp_path / name))
        config = json.loads((folder / "config.json").read_text())
        for key, value in settings.items():
            part, _, field = key.rpartition("__")
            (config[part] if part else config)[field] = value
        (folder / "config.json").write_text(json.dumps(config))
        kept = (folder / "metrics.jsonl").read_text().splitlines()[:lines]
        kept = [{k: v for k, v in json.loads(one).items() if k not in drop} for one in kept]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(one) + "\n" for one in kept))
        return folder

    return make
