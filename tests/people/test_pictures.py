"""A task that cannot be drawn from states: people see pictures recorded while the agent acted."""

from contextlib import closing

import cv2
import numpy as np
import pytest

from pbrl.checkpoints import latest_checkpoint
from pbrl.cli.assembly import describe_task, records_frames
from pbrl.cli.frame_costs import cost_of_frames
from pbrl.store import LabelStore


@pytest.fixture
def sit_at_pendulum(sit):
    return lambda: sit(env__env_id="Pendulum-v1", query__segment_seconds=0.5)


def test_clips_in_the_store_have_pictures_also_after_a_resume(sit_at_pendulum):
    sitting = sit_at_pendulum()

    def act(status):
        if status.phase.startswith("Training waits"):
            sitting.trainer.stopping = True

    sitting.desk.act = act
    sitting.trainer.train()
    assert latest_checkpoint(sitting.run, pytest.fail).steps == 200
    again = sit_at_pendulum()

    def go_on(status):
        if status.phase.startswith("Training waits"):
            again.person.answer(32)
        elif status.steps >= 500:
            again.trainer.stopping = True

    again.desk.act = go_on
    again.trainer.train()
    with closing(LabelStore(again.run.labels_file)) as store:
        (name,) = store.runs()
        numbers = [query.number for query in store.queries(name)]
        assert len(numbers) > 8
        for clips in store.segments(name, numbers).values():
            for clip in clips:
                assert len(clip.frames) == len(clip) == 15
                picture = cv2.imdecode(np.frombuffer(clip.frames[3], np.uint8), cv2.IMREAD_COLOR)
                assert picture.shape == (256, 256, 3)
                assert picture.std() > 1


def test_the_cost_is_said_in_a_sentence(sit_at_pendulum):
    config = sit_at_pendulum().trainer.config
    task = describe_task("Pendulum-v1")
    assert records_frames(config, task)
    sentence = cost_of_frames(config, task)
    assert "Pendulum-v1 cannot be drawn from its states" in sentence
    assert "MB per 1,000 steps" in sentence
    assert "The first clips are there after about" in sentence
