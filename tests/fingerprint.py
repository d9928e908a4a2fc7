"""What a finished run has come to, as hashes by which two runs are compared to the bit.

Of the last checkpoint: policy, optimiser, the rest of the agent, ensemble, buffer, environments,
counts and random streams. Of the label store: clips and answers by the number of their query. Of
the metrics: all but those of time.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pbrl.agents import PreferencePPO
from pbrl.checkpoints import latest_checkpoint
from pbrl.metrics import STEPS, read_metrics
from pbrl.runs import Run
from pbrl.store import LabelStore


def fingerprint(path: Path) -> dict[str, str]:
    """Returns a hash of each part of the run in a folder."""
    run = Run(path)
    checkpoint = latest_checkpoint(run, _refuse)
    assert checkpoint is not None
    agent = PreferencePPO.load(checkpoint.agent, device="cpu")
    statistics = agent.reward_statistics
    state = checkpoint.state()
    learning = state.pop("learning")
    parts = {
        "steps": checkpoint.steps,
        "policy": agent.policy.state_dict(),
        "optimiser": agent.policy.optimizer.state_dict(),
        "agent": {
            "rng": agent.rng_state(),
            "reward statistics": [statistics.mean, statistics.var, statistics.count],
            "running returns": agent.running_returns,
            "counts": [agent.num_timesteps, agent._n_updates],
        },
        "ensemble": learning.pop("ensemble", None),
        "buffer": learning.pop("buffer", None),
        "questions": learning,
        **state,
        "labels": labels(run) if run.labels_file.exists() else None,
        "metrics": [_without_time(line) for line in read_metrics(run)],
    }
    return {name: tree_hash(part) for name, part in parts.items()}


def labels(run: Run) -> list[Any]:
    """Returns each query's number, clips and answers."""
    store = LabelStore(run.labels_file)
    try:
        (name,) = store.runs()
        answers = store.answers(name)
        numbers = sorted({a.number for a in answers} | set(store.unanswered(name)))
        clips = store.segments(name, numbers)
        return [
            [
                number,
                [[clip.content_hash, clip.true_rewards] for clip in clips[number]],
                [[a.text, a.annotator] for a in answers if a.number == number],
            ]
            for number in numbers
        ]
    finally:
        store.close()


def tree_hash(tree: Any) -> str:
    """Returns the SHA-256 of nested dicts and lists of arrays, numbers and text."""
    digest = hashlib.sha256()

    def add(item: Any) -> None:
        if isinstance(item, dict):
            for name in sorted(item, key=str):
                digest.update(f"{name}:".encode())
                add(item[name])
        elif isinstance(item, list | tuple):
            digest.update(f"[{len(item)}]".encode())
            for entry in item:
                add(entry)
        elif isinstance(item, np.ndarray | torch.Tensor):
            array = np.asarray(item)
            digest.update(f"{array.dtype}{array.shape}".encode() + array.tobytes())
        else:
            digest.update(repr(item).encode())

    add(tree)
    return digest.hexdigest()


def _without_time(line: dict[str, Any]) -> str:
    kept = {name: value for name, value in line.items() if not name.startswith("time/")}
    return json.dumps({STEPS: line[STEPS]} | kept, sort_keys=True)


def _refuse(sentence: str) -> None:
    raise AssertionError(sentence)
