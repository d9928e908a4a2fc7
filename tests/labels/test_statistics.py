"""What is said of annotators: hand-computed cases, and people whose flaws are known."""

import numpy as np
import pytest

from pbrl.labels.addition import add_contents
from pbrl.labels.agreement import Share
from pbrl.labels.contents import AnswerFacts, Contents
from pbrl.labels.findings import annotator_warnings, warnings
from pbrl.labels.statistics import label_statistics, rate_per_minute
from pbrl.store import Query

RUN = "run"


def of(store, name="ann", runs=(RUN,)):
    found = {one.annotator: one for one in label_statistics(store, runs).annotators}
    return found[name]


# Counted by hand


def test_the_pace_leaves_breaks_out():
    # Three answers 6 s apart, a break of 10 minutes, two answers 12 s apart: 3 gaps in 24 s.
    assert rate_per_minute(np.array([0.0, 6, 12, 612, 624])) == pytest.approx(3 / 24 * 60)
    assert rate_per_minute(np.array([12.0, 0, 6])) == pytest.approx(10)
    assert rate_per_minute(np.array([0.0, 121])) is None
    assert rate_per_minute(np.array([0.0, 120])) == pytest.approx(0.5)
    assert rate_per_minute(np.array([5.0])) is None


def test_counts_by_hand(store):
    texts = ["first", "second", "tie", "cant_tell", "skip", "first"]
    for number, text in enumerate(texts):
        times = {"answered_at": 10.0 * number, "reaction_seconds": float(number)}
        store.answer(RUN, number, text, "ann", left=0, **times)
    store.answer(RUN, 0, "first", "ann", role="repeat", left=1, answered_at=60.0)
    back = store.answer(RUN, 6, "first", "ann", left=0, answered_at=70.0)
    store.retract(back, "ann")
    ann = of(store)
    assert (ann.labels, ann.checks, ann.taken_back, ann.synthetic) == (6, 1, 1, False)
    assert (ann.ties, ann.cant_tells, ann.skips) == (Share(1, 7), Share(1, 7), Share(1, 7))
    assert ann.left == Share(2, 4)  # first, first with the first left; second; first, right
    assert ann.labels_per_minute == pytest.approx(6)
    assert ann.median_reaction_seconds == 2.5
    assert ann.with_others is None
    assert (ann.gold, ann.with_ensemble, ann.error_rate) == (None, None, None)


def test_a_side_counts_only_where_it_was_noted_and_one_was_chosen(store):
    for number, (text, left) in enumerate(
        [("first", 0), ("second", 1), ("first", 1), ("tie", 0), ("first", None)]
    ):
        store.answer(RUN, number, text, "ann", left=left)
    assert of(store).left == Share(2, 3)


def test_much_better_is_a_share_of_the_choices_of_which_it_was_asked(store):
    for number, strength in enumerate([2, 1, None, 1, 2]):
        store.answer(RUN, number, "first", "ann", strength=strength)
    store.answer(RUN, 5, "tie", "ann")
    store.retract(store.answer(RUN, 6, "first", "ann", strength=2), "ann")
    store.answer(RUN, 7, "second", "ann", strength=1, role="repeat")
    store.answer(RUN, 8, "first", "bob")
    assert (of(store).much, of(store, "bob").much) == (Share(2, 5), None)


def test_agreement_with_self_is_about_the_clips_not_the_sides(store):
    labels = ["first", "second", "tie", "first", "cant_tell", "first"]
    repeats = ["first", "first", "tie", "cant_tell", "first", "second"]
    for number, (label, repeat) in enumerate(zip(labels, repeats, strict=True)):
        store.answer(RUN, number, label, "ann", left=0)
        store.answer(RUN, number, repeat, "ann", left=1, role="repeat")
        store.answer(RUN, number, "first", "bob", left=1, role="repeat")  # without a label
    assert of(store).with_self == Share(2, 4)
    assert of(store, "bob").with_self is None


def test_gold_pairs(store):
    for number, text in enumerate(["first", "second", "first", "tie"]):
        store.mark_gold(RUN, number, text)
    store.mark_gold(RUN, 2, "second")  # the last mark counts
    given = [("first", "gold"), ("second", "label"), ("first", "gold"), ("cant_tell", "gold")]
    for number, (text, role) in enumerate(given):
        store.answer(RUN, number, text, "ann", role=role)
    store.answer(RUN, 0, "second", "ann", role="repeat")  # not a second time
    store.answer(RUN, 5, "first", "ann")
    assert of(store).gold == Share(2, 3)


def test_agreement_with_others_takes_the_pairs_that_both_judged(store):
    """Ann and bob: 3 pairs, of which 2 agree; 4 firsts, 2 seconds: 1 - 5 x 2 / (2 x 4 x 2)."""
    for number, text in enumerate(["first", "first", "second", "first"]):
        store.answer(RUN, number, text, "ann")
    for number, text in enumerate(["first", "second", "second"]):
        store.answer(RUN, number, text, "bob")
    store.answer(RUN, 9, "first", "cy")
    ann = of(store)
    assert ann.with_others == pytest.approx(1 - 5 * 2 / (2 * 3 * 3))
    assert ann.shared_pairs == 3
    assert of(store, "cy").with_others is None
    everyone = label_statistics(store, [RUN])
    assert (everyone.alpha, everyone.shared_pairs) == (pytest.approx(ann.with_others), 3)


def test_agreement_with_others_leaves_out_how_these_agree_among_themselves(store):
    """Ann and bob agree in 4 pairs, cy in 2 of them with both: 8 firsts and 8 seconds each time.

    Ann beside bob and beside cy: 2 of 8 differ, 1 - 15 x 2 x 2 / (2 x 8 x 8); cy: 4 of 8 differ.
    """
    for name, texts in {"ann": "fsfs", "bob": "fsfs", "cy": "ffss"}.items():
        for number, letter in enumerate(texts):
            store.answer(RUN, number, {"f": "first", "s": "second"}[letter], name)
    assert of(store, "ann").with_others == pytest.approx(1 - 15 * 4 / 128)
    assert of(store, "bob").with_others == pytest.approx(1 - 15 * 4 / 128)
    assert of(store, "cy").with_others == pytest.approx(1 - 15 * 8 / 128)


def test_the_last_of_two_labels_of_one_pair_is_compared(store):
    store.answer(RUN, 0, "second", "ann")
    for text, number in (("first", 0), ("second", 1)):
        store.answer(RUN, number, text, "ann")
        store.answer(RUN, number, text, "bob")
    assert of(store).with_others == 1


def test_agreement_with_the_ensemble_is_with_what_it_said_when_it_asked(open_store, query):
    store = open_store()
    # ln 3 apart is 3 to 1; two members of .75 and .5 give .625; equal returns are no opinion.
    apart = np.log(3)
    predicted = [[[apart, 0]], [[0, apart]], [[apart, 0], [0, 0]], [[1, 1]], None, [[apart, 0]]]
    store.post(RUN, [query(number, returns) for number, returns in enumerate(predicted)])
    for number, text in enumerate(["first", "first", "first", "second", "first", "tie"]):
        store.answer(RUN, number, text, "ann")
    ann = of(store)
    assert ann.with_ensemble == Share(2.5, 4)
    confidence, agreement = (0.75 + 0.75 + 0.625 + 0.5) / 4, 2.5 / 4
    assert ann.error_rate.rate == pytest.approx((confidence - agreement) / (confidence - 0.5))
    assert ann.error_rate.answers == 4


def test_runs_are_apart_and_may_be_taken_together(store, query):
    store.open_run("other", "pbrl/Ant-v0", "comparison")
    store.post("other", [query(0, seed=99)])
    store.answer(RUN, 0, "first", "ann")
    store.answer("other", 0, "second", "bob")
    assert of(store, "bob", ("other",)).labels == 1
    both = label_statistics(store, [RUN, "other"])
    assert [one.labels for one in both.annotators] == [1, 1]
    assert both.alpha is None  # query 0 of one run is not query 0 of the other


def test_a_store_without_answers_says_so(store):
    assert warnings(label_statistics(store, [RUN])) == ["There are no answers yet."]


# People whose flaws are known


def judge(store, query, *, count=600, errors=0.0, to_left=0.0, ties=0.0, seed=0, name="ann"):
    """Lets a person answer by the ensemble's model but for errors, a side and ties that are set."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(scale=2.0, size=count)
    pair = query(0).segments
    store.post(
        RUN,
        [
            Query(n, "comparison", pair, 0, np.array([[margin, 0.0]]))
            for n, margin in enumerate(margins)
        ],
    )
    answers = []
    for number, margin in enumerate(margins):
        first = rng.random() < 1 / (1 + np.exp(-margin))
        if rng.random() < errors:
            first = rng.random() < 0.5
        left = int(rng.integers(2))
        if rng.random() < to_left:
            first = left == 0
        text = "tie" if rng.random() < ties else "first" if first else "second"
        clips = tuple(segment.content_hash for segment in pair)
        about = (RUN, "pbrl/Hopper-v0", "comparison", number, clips)
        times = (None, 5.0 * number, 3.0)  # shown, answered, reaction
        given = (number, text, name, False, "label", left, *times, None, None, None)
        answers.append(AnswerFacts(*about, *given))
    add_contents(store, [Contents((), (), tuple(answers), {})])  # all in one transaction
    return of(store, name)


@pytest.mark.parametrize("errors", [0.0, 0.1, 0.3, 0.6])
def test_the_error_rate_of_a_person_is_found(open_store, query, errors):
    one = judge(open_store(), query, count=1500, errors=errors, seed=3)
    assert one.error_rate.answers == 1500
    low, high = one.error_rate.interval
    assert low <= errors <= high
    assert abs(one.error_rate.rate - errors) < 0.1
    assert high - low < 0.3


def test_the_interval_of_the_error_rate_narrows_with_answers(open_store, query):
    few = judge(open_store("few"), query, count=100, errors=0.2).error_rate
    many = judge(open_store("many"), query, count=1600, errors=0.2).error_rate
    widths = [np.diff(estimate.interval)[0] for estimate in (few, many)]
    assert widths[1] < 0.5 * widths[0]


def test_a_careful_person_is_not_warned_about(open_store, query):
    one = judge(open_store(), query, errors=0.05)
    assert annotator_warnings(one) == []
    assert one.left.interval[0] < 0.5 < one.left.interval[1]


def test_a_side_bias_is_found_and_told(open_store, query):
    one = judge(open_store(), query, to_left=0.5)
    assert one.left.share == pytest.approx(0.75, abs=0.05)
    [*_, warning] = [w for w in annotator_warnings(one) if "side" in w]
    assert warning.startswith("ann favours the left side: chose the left clip in 7")


def test_random_answers_are_told(open_store, query):
    told = annotator_warnings(judge(open_store(), query, errors=0.9))
    assert any("errs often" in warning for warning in told)


def test_many_ties_are_told(open_store, query):
    one = judge(open_store(), query, ties=0.5)
    assert one.ties.share == pytest.approx(0.5, abs=0.06)
    assert any("many ties" in warning for warning in annotator_warnings(one))


def test_pace_repeats_gold_and_others_are_told(open_store):
    store = open_store(queries=range(40))
    for number in range(40):
        mine, other = ("first", "second") if number % 2 else ("second", "first")
        store.answer(RUN, number, mine, "ann", reaction_seconds=0.3)
        store.answer(RUN, number, "first", "bob", reaction_seconds=3.0)
        store.answer(RUN, number, other, "ann", role="repeat", reaction_seconds=0.3)
        store.mark_gold(RUN, number, "first")
    told = " ".join(annotator_warnings(of(store)))
    for sign in ("faster than clips", "own earlier answer: the same answer in 0 of 40 repeats",
                 "right in 20 of 40 gold pairs", "agrees little with others"):  # fmt: skip
        assert sign in told
    assert "gold" not in " ".join(annotator_warnings(of(store, "bob")))


def test_of_few_answers_nothing_is_said(store):
    for number in range(10):
        store.answer(RUN, number, "tie", "ann", reaction_seconds=0.1)
    [warning] = annotator_warnings(of(store))
    assert warning.startswith("ann has given 10 answers: too few to say anything")


def test_a_program_has_no_pace(store):
    store.answer_many(RUN, dict.fromkeys(range(10), "first"), "oracle")
    oracle = of(store, "oracle")
    assert oracle.synthetic
    assert (oracle.labels, oracle.labels_per_minute) == (10, None)


def test_who_took_everything_back_is_still_there(store):
    store.retract(store.answer(RUN, 0, "first", "ann"), "ann")
    ann = of(store)
    assert (ann.labels, ann.taken_back, ann.ties) == (0, 1, Share(0, 1))
