"""The page around the sections: head, title, table of contents, style.

A content security policy forbids the page to load anything and to run any script, whatever it
holds: the browser itself keeps what the report promises.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.report.markup import Markup, element, joined

STYLE = Path(__file__).with_name("page.css")
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src data:; "
    "base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report."""

    anchor: str
    """Its identity in links."""
    title: str
    """Its heading."""
    body: Markup
    """What it says."""


def page(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Returns the whole file.

    Args:
        title: What the report is about.
        subtitle: When and by what it was made.
        sections: Its parts, in order.
    """
    contents = element(
        "nav",
        element("p", "Contents", class_="toc"),
        element("ol", *(_entry(one) for one in sections)),
        aria_label="Contents",
    )
    top = element("header", element("h1", title), element("p", subtitle, class_="quiet"))
    main = element("main", top, *(_section(one) for one in sections))
    body = element("body", element("div", contents, main, class_="page"))
    return f"<!DOCTYPE html>\n{element('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name_="color-scheme", content="light dark"),
        element("title", title),
        element("style", Markup(STYLE.read_text())),
    )


def _entry(section: Section) -> Markup:
    return element("li", element("a", section.title, href=f"#{section.anchor}"))


def _section(section: Section) -> Markup:
    heading = element("h2", section.title)
    return element("section", joined([heading, section.body]), id=section.anchor)
