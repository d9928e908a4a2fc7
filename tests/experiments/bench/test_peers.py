import sys
from importlib import metadata
from pathlib import Path

import pytest

from experiments.bench import peers
from experiments.bench.peers import PEERS, PeerError, peer_python


class Commands:
    """Takes the place of what runs commands: makes the interpreter, or fails as told."""

    def __init__(self, failing=None):
        self.calls, self.failing = [], failing

    def __call__(self, command):
        self.calls.append(command)
        if self.failing and self.failing in command:
            raise PeerError("ERROR: No matching distribution found")
        if "venv" in command:
            python = Path(command[-1]) / "bin" / "python"
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_is_installed_once_with_our_build_of_torch(name, tmp_path):
    commands = Commands()
    python = peer_python(name, tmp_path, commands)
    assert python.is_relative_to(tmp_path) and python.exists()
    assert len(commands.calls) == 2
    constraints = Path(commands.calls[1][commands.calls[1].index("--constraint") + 1])
    torch = f"torch=={metadata.version('torch')}\n"
    assert constraints.read_text() == (torch if PEERS[name].needs_torch else "")
    assert peer_python(name, tmp_path, commands) == python
    assert len(commands.calls) == 2


def test_other_requirements_are_installed_anew(tmp_path, monkeypatch):
    commands = Commands()
    peer_python("envpool", tmp_path, commands)
    newer = peers.Peer("envpool", ("envpool==99",), needs_torch=False)
    monkeypatch.setitem(PEERS, "envpool", newer)
    peer_python("envpool", tmp_path, commands)
    assert len(commands.calls) == 4
    assert "envpool==99" in commands.calls[-1]


def test_a_peer_that_cannot_be_installed_is_a_sentence_and_is_tried_again(tmp_path):
    with pytest.raises(PeerError, match=r"^sbx-rl could not be installed: ERROR: No matching"):
        peer_python("sbx", tmp_path, Commands(failing="install"))
    again = Commands()
    assert peer_python("sbx", tmp_path, again).exists()
    assert len(again.calls) == 2


def test_the_line_that_says_error_is_the_reason():
    lines = "print('looking'); print('ERROR: none for this Python'); print('[notice] pip is old')"
    with pytest.raises(PeerError, match="^ERROR: none for this Python$"):
        peers.run_command([sys.executable, "-c", f"{lines}; raise SystemExit(1)"])
    with pytest.raises(PeerError, match="No such file"):
        peers.run_command(["/nowhere/python"])


def test_they_lie_in_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert peers.peers_folder() == tmp_path / "pbrl" / "peers"
