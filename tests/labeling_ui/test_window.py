"""The real window under Xvfb, with keys and clicks that another process sends through XTest."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest

from labeling_ui.layout import lay_out
from pbrl.store import LabelStore


@pytest.fixture
def store(hopper_run) -> Iterator[LabelStore]:
    with closing(LabelStore(hopper_run / "labels.db")) as store:
        yield store


def side(facts: dict, key: str) -> str:
    """What a key means, given which clip stands left."""
    chosen = facts["left"] if key == "Left" else 1 - facts["left"]
    return ("first", "second")[chosen]


def changes(desktop, seconds: float = 0.4) -> bool:
    """Whether the clips move."""
    x, y, wide, tall = desktop.place()
    left = lay_out(wide, tall).clips[0]
    part = np.s_[left.top : left.bottom, left.left : left.right]
    before = desktop.picture()[part]
    time.sleep(seconds)
    return not np.array_equal(before, desktop.picture()[part])


def still(desktop) -> None:
    """Waits until nothing moves, that is until all pictures are drawn and the clips are paused."""
    quiet = 0
    for _ in range(100):
        quiet = 0 if changes(desktop) else quiet + 1
        if quiet == 3:
            return
    raise AssertionError("The clips never stood still.")


@pytest.mark.parametrize("desktop", ["remote"], indirect=True)
def test_a_sitting_at_the_display_of_another_machine(open_viewer, hopper_run, store, desktop):
    assert desktop.name.startswith("127.0.0.1:")
    viewer = open_viewer(hopper_run)
    facts = viewer.next()
    assert changes(desktop)
    desktop.key("Left")
    viewer.next()
    assert [(a.number, a.text) for a in store.answers("hopper")] == [
        (facts["number"], side(facts, "Left"))
    ]
    assert viewer.close()[0] == 0


def test_a_sitting_by_keyboard(open_viewer, hopper_run, store, desktop, desktops):
    viewer = open_viewer(hopper_run)
    expected = []
    for key in ("Left", "Right", "Up", "Down"):
        facts = viewer.next()
        meant = {"Up": "tie", "Down": "cant_tell"}
        expected.append((facts["number"], meant.get(key) or side(facts, key), facts["left"]))
        desktop.key(key)
    viewer.next()
    records = store.answer_records("hopper")
    assert [(r.number, r.text, r.left) for r in records] == expected
    assert all(r.annotator == "anna" and r.role == "label" for r in records)
    assert all(0 < r.reaction_seconds < 60 and r.shown_at < r.answered_at for r in records)

    desktop.key("u")  # and again, two steps back
    assert viewer.next()["number"] == expected[3][0]
    desktop.key("BackSpace")
    facts = viewer.next()
    assert facts["number"] == expected[2][0]
    assert facts["left"] == expected[2][2]
    assert len(store.answers("hopper")) == 2
    desktop.key("Left")
    viewer.next()
    assert len(store.answers("hopper")) == 3

    code, out, err = viewer.close()
    assert (code, err) == (0, "")
    assert "Pairs judged: 3" in out
    assert store.viewers("hopper") == []
    assert store.progress("hopper").leased == 0

    again = open_viewer(hopper_run)
    assert again.next()["number"] == 3
    again.close()
    assert len(store.answer_records("hopper", retracted=True)) == 5


def test_the_clips_run_pause_step_and_change_speed(open_viewer, hopper_run, desktop):
    viewer = open_viewer(hopper_run)
    viewer.next()
    assert changes(desktop)
    desktop.key("space")
    still(desktop)
    before = desktop.picture()
    desktop.key("period")
    time.sleep(0.3)
    assert not np.array_equal(before, desktop.picture())
    desktop.key("comma")
    time.sleep(0.3)
    assert np.array_equal(before, desktop.picture())
    desktop.key("minus")
    desktop.key("space")
    time.sleep(0.2)
    assert changes(desktop)
    assert viewer.close()[0] == 0


def test_a_sitting_by_mouse(open_viewer, hopper_run, store, desktop):
    viewer = open_viewer(hopper_run)
    facts = viewer.next()
    x, y, wide, tall = desktop.place()
    layout = lay_out(wide, tall)
    row, player = layout.answers, layout.player
    desktop.click(x + row.left + 40, y + row.centery)  # left is better
    viewer.next()
    (answered,) = store.answers("hopper")
    assert answered.text == side(facts, "Left")
    facts = viewer.shown[-1]
    desktop.click(x + row.right - 40, y + row.centery)
    viewer.next()
    assert store.answers("hopper")[1].text == side(facts, "Right")

    # Scrubbing pauses: the clip follows the mouse while the button is held.
    desktop.move(x + player.left + 200, y + player.centery)
    desktop.press()
    still(desktop)
    before = desktop.picture()
    desktop.move(x + player.left + 400, y + player.centery)
    time.sleep(0.3)
    assert not np.array_equal(before, desktop.picture())
    desktop.let_go()
    time.sleep(0.3)
    before = desktop.picture()
    desktop.move(x + player.left + 600, y + player.centery)  # moves nothing any more
    time.sleep(0.3)
    clips = np.s_[layout.clips[0].top : layout.clips[0].bottom, : layout.clips[1].right]
    assert np.array_equal(before[clips], desktop.picture()[clips])
    assert viewer.close()[0] == 0


def test_after_a_resize_everything_is_there_and_the_clips_are_redrawn(
    open_viewer, hopper_run, store, desktop
):
    viewer = open_viewer(hopper_run)
    facts = viewer.next()
    for size in ((1500, 980), (800, 500)):
        desktop.resize(*size)
        time.sleep(1.0)
        assert desktop.picture().shape == (size[1], size[0], 3)
        assert changes(desktop)
        desktop.key("Left")
        previous, facts = facts, viewer.next()
        assert store.answers("hopper")[-1].text == side(previous, "Left")
    assert viewer.close()[0] == 0


def test_help_and_earlier_answers_answer_nothing(open_viewer, hopper_run, store, desktop):
    viewer = open_viewer(hopper_run)
    viewer.next()
    desktop.key("Left")
    viewer.next()
    desktop.key("h")
    desktop.key("Left")
    desktop.key("h")
    desktop.key("b")
    time.sleep(0.5)
    desktop.key("Left")
    desktop.key("Up")
    desktop.key("b")
    assert viewer.next()["number"] == 1  # the pair that was set aside
    assert len(store.answers("hopper")) == 1
    desktop.key("Right")
    viewer.next()
    assert len(store.answers("hopper")) == 2
    assert viewer.close()[0] == 0


def test_practice_is_for_the_first_sitting_and_stored_nowhere(
    open_viewer, hopper_run, store, desktop
):
    viewer = open_viewer(hopper_run, "--practice", "2")
    for _ in range(2):
        assert viewer.next()["role"] == "practice"
        desktop.key("Left")
        time.sleep(0.2)
        desktop.key("Return")
    assert viewer.next()["role"] == "label"
    assert store.answer_records("hopper") == []
    assert viewer.close()[0] == 0


def test_other_keys_and_much_better(open_viewer, hopper_run, store, desktop, tmp_path):
    keys = tmp_path / "keys.toml"
    keys.write_text('[keys]\nleft = "a"\nright = ["d"]\nmuch_left = "ctrl+a"\n')
    viewer = open_viewer(hopper_run, "--keys", str(keys), "--strength")
    facts = viewer.next()
    desktop.key("Left")  # means nothing now
    desktop.key("d")
    second = viewer.next()
    desktop.key("a", "Control_L")
    viewer.next()
    records = store.answer_records("hopper")
    assert [one.text for one in records] == [side(facts, "Right"), side(second, "Left")]
    assert [one.strength for one in records] == [1, 2]
    assert viewer.close()[0] == 0


def test_a_viewer_that_is_killed_loses_no_answer_and_its_pairs_come_back(
    open_viewer, hopper_run, store, desktop
):
    viewer = open_viewer(hopper_run)
    facts = viewer.next()
    desktop.key("Right")
    viewer.next()
    viewer.process.kill()
    viewer.process.communicate()
    (answered,) = store.answers("hopper")
    assert answered.text == side(facts, "Right")
    assert store.progress("hopper").leased > 0  # until the leases run out


def test_a_display_that_does_not_answer_is_a_sentence(hopper_run, viewers):
    done = subprocess.run(
        [sys.executable, "-c", viewers.RUN_VERB, str(hopper_run)],
        env={**os.environ, "DISPLAY": ":4711", "XDG_RUNTIME_DIR": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "cannot open a window on :4711" in done.stderr
