"""The whole page: of real runs, of odd ones, and of names that would like to be part of it."""

import re
from dataclasses import replace

import pytest

from experiments.report.command import report
from experiments.report.recorded import CORRELATION, TRUE_RETURN, read_run
from pbrl.cli import main
from pbrl.store import LabelStore

SECTIONS = ["runs", "learning", "labels", "calibration", "reward", "clips", "film", "again"]
NASTY = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def text_of(page, parsed):
    return " ".join(parsed(page).text.split())


def test_nothing_in_the_page_leads_outside(debug_page, parsed):
    page = parsed(debug_page)
    assert page.addresses
    assert all(one.startswith(("#", "data:")) for one in page.addresses)
    assert not re.search(r"url\(|@import|https?://", debug_page)
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert ("http-equiv", "Content-Security-Policy") in page.attributes
    assert any("default-src 'none'" in (value or "") for _, value in page.attributes)


def test_the_page_is_whole(debug_page, parsed):
    page = parsed(debug_page)
    assert page.open == []
    anchors = [value for name, value in page.attributes if name == "id"]
    assert anchors == SECTIONS
    linked = {one[1:] for one in page.addresses if one.startswith("#")}
    assert linked == set(SECTIONS)
    assert ("lang", "en") in page.attributes
    assert len(page.videos) >= 7  # three most and three least sure, and the film
    assert len(debug_page) < 2e6


def test_it_tells_what_there_is(debug_page, parsed):
    text = text_of(debug_page, parsed)
    assert "InvertedPendulum, 40 labels" in text
    assert "InvertedPendulum, 40 labels: 30 answers" in text
    assert "10 further answers are left out" in text
    assert "pbrl train debug" in text and "stable-baselines3" in text
    assert '"label_budget": 40' in text
    assert "Most sure" in text and "predicted return" in text and "annotator oracle" in text


def test_it_is_written_where_it_is_asked_for(debug_run, tmp_path, capsys):
    place = tmp_path / "page.html"
    assert main(["report", str(debug_run), "--films", "0", "--to", str(place)]) == 0
    assert "Nobody was asked" not in place.read_text()  # but no clip is shown
    assert str(place) in capsys.readouterr().out
    assert place.read_text().startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{tmp}"], "is not a run"),
        (["{run}", "--to", "{tmp}/report.txt"], "ends in .html"),
        (["{run}", "--to", "{tmp}/none/report.html"], "no folder"),
    ],
)
def test_bad_input_is_a_sentence(arguments, words, debug_run, tmp_path, capsys):
    given = [one.format(run=debug_run, tmp=tmp_path) for one in arguments]
    assert main(["report", *given]) == 2
    said = capsys.readouterr().err
    assert said.startswith("pbrl: ") and words in said and said.rstrip().endswith(".")


def test_runs_side_by_side(changed, debug_run, true_reward_run, parsed):
    runs = [debug_run, changed("two", seed=2), true_reward_run]
    page = report([read_run(run) for run in runs], films=0)
    text = text_of(page, parsed)
    assert "InvertedPendulum: 3 runs" in text
    assert "60 answers" in text  # of both seeds together
    assert "Unfinished" not in text
    assert "two or more label budgets" in text
    assert parsed(page).videos == []


def test_several_budgets_say_how_many_labels_are_needed(changed, debug_run, parsed):
    """The runs are the same in all but what their settings say."""
    budgets = [changed(f"b{n}", query__label_budget=n, seed=n) for n in (20, 80)]
    baseline = changed("true", reward_source="true", drop=[CORRELATION])
    page = report([read_run(run) for run in [debug_run, *budgets, baseline]], films=0)
    text = text_of(page, parsed)
    assert "labels for a score of 0.9" in text
    assert "at most 20" in text


def test_an_unfinished_run_says_so(changed, parsed):
    text = text_of(report([read_run(changed(lines=20))], films=0), parsed)
    assert "Unfinished: the run." in text
    assert "unfinished: 10,240 of 20,480 steps" in text


def test_a_run_before_its_first_labels_and_checkpoint(changed, parsed):
    folder = changed(lines=2)
    (folder / "labels.db").unlink()
    (folder / "checkpoints").rename(folder / "elsewhere")
    text = text_of(report([read_run(folder)]), parsed)
    assert "There is no label store" in text
    assert "There is no film. The run has no checkpoint yet." in text
    assert "nothing to compare" in text


def test_a_run_on_the_true_reward(true_reward_run, parsed):
    page = report([read_run(true_reward_run)])
    text = text_of(page, parsed)
    assert "Nobody was asked" in text
    assert len(parsed(page).videos) == 1
    assert "true return" in text


def test_where_the_true_reward_means_nothing_none_is_shown(changed, parsed):
    folder = changed(env__true_reward=False, annotator="human", drop=[TRUE_RETURN, CORRELATION])
    page = report([read_run(folder)])
    text = text_of(page, parsed)
    assert "No true reward is shown of the run" in text
    shown = [words for words in re.findall(r"<td[^>]*>([^<]*)</td>", page)]
    assert "true return" not in shown
    assert not re.search(r"true return [−\d]", text)
    assert "40 labels, people" in text


def test_a_task_whose_clips_hold_nothing_to_be_drawn(discrete_run, parsed):
    page = report([read_run(discrete_run)])
    assert "Its clips hold nothing to be drawn." in page
    assert len(parsed(page).videos) == 1  # the film is recorded while it plays


def test_a_warning_stands_at_the_top(changed, parsed):
    folder = changed()
    run = read_run(folder)
    lines = tuple(line | ({CORRELATION: 0.1} if CORRELATION in line else {}) for line in run.lines)
    text = text_of(report([replace(run, lines=lines)], films=0), parsed)
    assert "Learned and true reward part in the run: see below." in text
    assert "little in common: their correlation is 0.10" in text


def test_names_and_texts_of_others_are_never_part_of_the_page(changed, parsed):
    folder = changed(name="a<script>alert(1)<b>", look_for=NASTY, annotator="human")
    store = LabelStore(folder / "labels.db")
    name = store.runs()[0]
    for query in store.queries(name):
        store.answer(name, query.number, "first", NASTY)
    store.close()
    (folder / "versions.json").write_text('{"python": "<img src=x>", "<b>": ["<script>"]}')
    page = parsed(report([read_run(folder)]))
    assert not {"script", "img"} & set(page.tags)
    assert not [key for key, _ in page.attributes if key.startswith("on")]
    assert NASTY in page.text and "a<script>alert(1)<b>" in page.text
