"""HTML that is escaped by construction: only what `element` and its like made is not text.

Names of runs, of people and of tasks, settings and messages are other people's text. Whatever is
no `Markup` is escaped, so that none of it can become part of the page.
"""

import base64
import html
from collections.abc import Iterable, Sequence

import numpy as np

VOID = {"meta", "br", "hr", "circle", "line", "path", "polyline", "rect"}
"""Elements without content; those of SVG are written as XML wants them."""


class Markup(str):
    """HTML; any other string is text."""

    __slots__ = ()


Content = str | None
"""What an element holds: markup, text, or nothing."""


def element(name: str, *content: Content, **attributes: str | float | bool | None) -> Markup:
    """Returns an element.

    Args:
        name: Its tag.
        *content: What it holds, in order; text is escaped, None is left out.
        **attributes: Their values are escaped; None and False are left out, True stands alone. A
            final underscore of a name is dropped, others become hyphens.
    """
    written = "".join(
        f" {_name(key)}" + ("" if value is True else f'="{html.escape(_value(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in VOID:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{joined(content)}</{name}>")


def joined(content: Iterable[Content]) -> Markup:
    """Returns pieces one after the other, text among them escaped."""
    return Markup("".join(_escaped(one) for one in content if one is not None))


def paragraphs(*sentences: Content) -> Markup:
    """Returns a paragraph of each."""
    return joined(element("p", one) for one in sentences if one)


def table(header: Sequence[Content], rows: Iterable[Sequence[Content]], words: int = 1) -> Markup:
    """Returns a table that scrolls sideways where the page is narrow.

    Args:
        header: A title for each column.
        rows: The cells.
        words: Columns, from the left, that hold words; the others hold numbers.
    """

    def cells(tag: str, row: Sequence[Content]) -> Markup:
        return element(
            "tr",
            *(element(tag, one, class_=None if i < words else "n") for i, one in enumerate(row)),
        )

    head = element("thead", cells("th", header))
    body = element("tbody", *(cells("td", row) for row in rows))
    return element("div", element("table", head, body), class_="wide")


def number(value: float, form: str = ",.1f", nothing: str = "–") -> str:
    """Returns a number, or a dash where it is not known."""
    return nothing if np.isnan(value) else f"{value:z{form}}".replace("-", "−")


def data_uri(content: bytes, media_type: str) -> str:
    """Returns content as an address that holds it."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _escaped(content: str) -> str:
    return content if isinstance(content, Markup) else html.escape(content)


def _name(key: str) -> str:
    return key.removesuffix("_").replace("_", "-")


def _value(value: str | float) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
