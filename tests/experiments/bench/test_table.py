from experiments.bench.measure import Measurement, Outcome
from experiments.bench.table import document, figures_table, shares_table, values_table

ABOUT = {
    "date": "2026-01-02",
    "processor": "A processor",
    "processors": 2,
    "load_average": 0.1,
    "versions": {"pbrl": "1.2"},
}


def measured(contender, repeat, value, **details):
    settings = {"threads": 2, "vectorization": "loop"}
    return Measurement("split", "a run", contender, repeat, value, "steps/s", settings, details)


def outcome(values, at_least=None, at_most=None):
    return Outcome("split", "a run", "ours / peer", values, at_least, at_most)


def test_goal_and_measured_stand_side_by_side():
    lines = figures_table([outcome((2.0, 4.0, 3.0), 3.5), outcome((2.0, 1.0), at_most=5.0)])
    row = "| a run | ours / peer | ≥ 3.5 | 3.00 (missed) | 2.00 to 4.00 | 3 |"
    assert lines[2:] == [row, "| a run | ours / peer | ≤ 5 | 1.50 | 1.00 to 2.00 | 2 |"]


def test_medians_by_contender():
    versions = {"sbx-rl": "0.28"}
    lines = values_table(
        [
            measured("peer", 0, 1000.0, true_return=10.0, versions=versions),
            measured("peer", 1, 3000.0, true_return=30.0, versions=versions),
            measured("peer", 2, 1500.0, true_return=None, versions=versions),
        ]
    )
    settings = "threads: 2, environments in: loop"
    row = f"| a run | peer | 1,500 | 1,000 to 3,000 | 20.00 |  | {settings} | sbx-rl 0.28 |"
    assert lines[2:] == [row]


def test_the_parts_of_a_run_beside_their_limits():
    """Of two runs of 100 steps, at 1 and at 2 steps a second: 100 and 50 seconds."""
    shares = [{"acting": 0.3, "fitting": 0.7}, {"acting": 0.4, "fitting": 0.6}]
    runs = [measured("one", i, 1.0 + i, shares=s, steps=100) for i, s in enumerate(shares)]
    rates = {"matrix_flops": 2e9, "copy_bytes": 3e9, "raw_steps": 4000.0}
    limit = measured("limit", 0, 9.0, limits={"acting": 12.5}, **rates)
    lines = shares_table([*runs, limit])
    assert lines[2:4] == ["| acting | 35.0% | 25.00 | 12.50 |", "| fitting | 65.0% | 50.00 |  |"]
    assert "2 Gflop/s" in lines[-1] and "3 GB/s" in lines[-1] and "4,000 steps/s" in lines[-1]
    assert len(shares_table(runs)) == 4


def test_the_document_names_machine_command_trials_and_what_is_missing():
    tried = [{"part": "split", "contender": "peer", "threads": 1, "value": 900.0}]
    missing = {"envpool": "envpool could not be installed: ERROR"}
    run = [measured("peer", 0, 1000.0)]
    text = document("--parts split", ABOUT, missing, tried, run, [outcome((2.0,))], tiny=False)
    for part in (
        "`pbrl bench --parts split` on 2026-01-02: A processor, 2 processors, load average 0.1",
        "- envpool: envpool could not be installed: ERROR",
        "- peer, threads: 1: 900",
        "| a run | ours / peer |  | 2.00 | 2.00 to 2.00 | 1 |",
    ):
        assert part in text
    assert "tiny" not in text
    assert "mean nothing" in document("", ABOUT, {}, [], run, [], tiny=True)
