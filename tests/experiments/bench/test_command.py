import json

import pytest

from experiments.bench import command
from experiments.bench.drivers.pbrl_preferences import configured
from experiments.bench.extent import Extent
from experiments.bench.measure import Contender, Figure, Scene, ratio
from experiments.bench.parts import PARTS
from experiments.bench.peers import PEERS, PeerError
from experiments.bench.running import DriverError
from pbrl.errors import ConfigError


@pytest.fixture
def bench(monkeypatch, tmp_path, capsys):
    """Returns a function that runs a bench of a scene with drivers that a function stands for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    contenders = (
        Contender("ours", "ours", {"threads": 1}),
        Contender("peer", "peer", {"threads": 1}, peer="sbx"),
    )
    scene = Scene(
        "ppo", "a run", "steps/s", contenders, (Figure("ours / peer", ratio("ours", "peer"), 2.0),)
    )
    monkeypatch.setitem(command.PARTS, "ppo", lambda extent: [scene])

    def run(drive, *arguments):
        monkeypatch.setattr(command, "run_driver", lambda _, driver, __: drive(driver))
        folder = tmp_path / "out"
        code = command.main(["--parts", "ppo", "--out", str(folder), *arguments])
        printed = capsys.readouterr().out
        return code, printed, json.loads((folder / "bench.json").read_text())

    return run


@pytest.fixture
def installed(monkeypatch):
    """Peers are there."""
    monkeypatch.setattr(command, "peer_python", lambda *_: command.Path("python"))


def test_contenders_take_turns(bench, installed):
    turns = []

    def drive(driver):
        turns.append(driver)
        return {"value": {"ours": 6.0, "peer": 2.0}[driver]}

    code, printed, written = bench(drive, "--repeats", "2")
    assert code == 0
    assert turns == ["ours", "peer", "ours", "peer"]
    assert "| a run | ours / peer | ≥ 2 | 3.00 | 3.00 to 3.00 | 2 |" in printed
    assert written["figures"][0]["per_repeat"] == [3, 3]
    assert {"processor", "processors", "load_average", "versions", "date"} == set(written["about"])


def test_a_peer_that_cannot_be_installed_is_named_and_the_rest_goes_on(bench, monkeypatch):
    def fails(*_):
        raise PeerError("sbx-rl could not be installed: ERROR: no network")

    monkeypatch.setattr(command, "peer_python", fails)
    code, printed, written = bench(lambda _: {"value": 6.0})
    assert code == 0
    assert "- sbx-rl: sbx-rl could not be installed: ERROR: no network" in printed
    assert [one["contender"] for one in written["measurements"]] == ["ours"] * 3


def test_a_contender_that_fails_is_named_and_the_rest_goes_on(bench, installed):
    def drive(driver):
        if driver == "peer":
            raise DriverError("it crashed")
        return {"value": 6.0}

    _, printed, written = bench(drive)
    assert "- peer in a run: it crashed" in printed
    assert len(written["measurements"]) == 3


def test_what_was_measured_before_ctrl_c_is_kept(bench, installed):
    def drive(driver):
        if driver == "peer":
            raise KeyboardInterrupt
        return {"value": 6.0}

    code, _, written = bench(drive)
    assert code == 130
    assert [one["value"] for one in written["measurements"]] == [6.0]


def test_only_parts_that_there_are(capsys):
    with pytest.raises(SystemExit):
        command.main(["--parts", "sleeping"])
    assert "sleeping" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main(["--repeats", "0"])


def test_runs_that_would_end_before_they_learn_are_refused():
    with pytest.raises(ConfigError, match="is 16,384, but must be at least 40,960"):
        command.main(["--steps", "16384"])


@pytest.mark.parametrize("part", PARTS)
def test_figures_are_made_of_contenders_that_there_are(part):
    """And a tiny bench needs no peer."""
    for tiny in (False, True):
        for scene in PARTS[part](Extent(1_000_000, tiny)):
            names = {one.name for one in scene.contenders}
            assert len(names) == len(scene.contenders)
            for figure in scene.figures:
                if " / " in figure.name and part != "split":
                    assert set(figure.name.split(" / ")) <= names
            peers = {one.peer for one in scene.contenders} - {None}
            assert peers <= set(PEERS) and not (tiny and peers)


def test_a_tiny_bench_for_real(tmp_path, capsys):
    assert command.main(["--tiny", "--out", str(tmp_path)]) == 0
    written = json.loads((tmp_path / "bench.json").read_text())
    assert written["missing"] == {}
    assert {one["part"] for one in written["measurements"]} == set(PARTS) - {"games-gpu"}
    assert len(written["figures"]) == sum(
        len(scene.figures) for part in PARTS for scene in PARTS[part](Extent(8192, True))
    )
    assert all(one["value"] > 0 for one in written["measurements"])
    assert (tmp_path / "bench.md").read_text() in capsys.readouterr().out


def test_the_part_for_a_gpu_is_named_where_there_is_none(bench, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    code, printed, written = bench(lambda driver: {"value": 6.0}, "--parts", "games-gpu")
    assert code == 0
    assert "- games-gpu: it needs a GPU that torch finds" in printed
    assert written["measurements"] == []


def test_on_a_gpu_two_million_steps_are_measured_at_least(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    (scene,) = PARTS["games-gpu"](Extent(100_000, tiny=False))
    assert [one.settings["steps"] for one in scene.contenders] == [2_000_000] * 2
    assert [configured(dict(one.settings)).device for one in scene.contenders] == ["cuda"] * 2
    sources = [configured(dict(one.settings)).reward_source for one in scene.contenders]
    assert sources == ["true", "preferences"]
    assert [figure.at_least for figure in scene.figures] == [None, 17_000]
    assert not PARTS["games-gpu"](Extent(100_000, tiny=True))
