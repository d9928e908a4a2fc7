"""Text is escaped, whatever it says; markup is not."""

import base64
import html

import pytest

from experiments.report.markup import Markup, data_uri, element, joined, number, table

NASTY = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & b", "'", "</style>"]


@pytest.mark.parametrize("text", NASTY)
def test_text_stays_text(text, parsed):
    page = parsed(element("p", text, title=text))
    assert page.tags == ["p"]
    assert page.text == text
    assert page.attributes == [("title", text)]


@pytest.mark.parametrize("text", NASTY)
def test_cells_of_a_table_are_text(text, parsed):
    page = parsed(table([text], [[text], [None]]))
    assert set(page.tags) == {"div", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.text == 2 * text


def test_markup_is_taken_as_it_is():
    inner = element("b", "<")
    assert element("p", inner, "<", None) == "<p><b>&lt;</b>&lt;</p>"
    assert isinstance(joined([inner]), Markup)


def test_markup_that_is_put_together_as_a_string_is_text_again():
    assert element("p", "a" + element("b", "c")) == f"<p>{html.escape('a<b>c</b>')}</p>"


def test_attributes():
    made = element("a", class_="x", aria_label="y", hidden=True, lang=None, width=1.5, loop=False)
    assert made == '<a class="x" aria-label="y" hidden width="1.5"></a>'
    assert element("br") == "<br/>"


def test_content_becomes_an_address():
    kind, _, content = data_uri(b"film", "video/mp4").partition(",")
    assert kind == "data:video/mp4;base64"
    assert base64.b64decode(content) == b"film"


def test_numbers():
    assert number(-1234.56) == "−1,234.6"
    assert number(-0.01) == "0.0"
    assert number(float("nan")) == "–"
