"""A synthetic annotator: a teacher that answers at once, from the clips' true rewards."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pbrl.annotators.reward_scale import REWARD_SCALES, RewardScale
from pbrl.annotators.teacher import TEACHERS, Teacher
from pbrl.errors import ConfigError, TaskError, nearest
from pbrl.feedback import COMPARISON
from pbrl.seeding import numbered_generator
from pbrl.store import LabelStore, Query


@dataclass(frozen=True, slots=True)
class SyntheticAnnotator:
    """Answers comparisons as its teacher does.

    What it draws belongs to the seed and the query's number, so that a query that is answered
    again, after a crash, is answered the same.
    """

    name: str
    """The annotator's name in the label store."""
    teacher: Teacher
    """How it judges."""
    seed: int
    """The run's seed."""
    episode_steps: int
    """Length of the task's episodes, in steps."""
    scale: RewardScale
    """Shift and scale of the task's true reward."""

    def answer(
        self,
        store: LabelStore,
        run: str,
        queries: Sequence[Query],
        episode_return: float | None,
    ) -> None:
        """Answers queries that were just posted, as the store has them.

        Args:
            store: Where the queries are and the answers go.
            run: The run that asked.
            queries: What was asked.
            episode_return: Mean true return of the last ten episodes, in the task's own reward;
                None before the first has ended.

        Raises:
            TaskError: If a clip has no true reward.
        """
        if not queries:
            return
        numbers = [query.number for query in queries]
        clips = store.segments(run, numbers)
        true_rewards = np.array(
            [[clip.true_rewards for clip in clips[number]] for number in numbers]
        )  # (B, 2, T)
        if np.isnan(true_rewards).any():
            raise TaskError(
                "This task has no true reward, so a synthetic annotator cannot judge its clips: "
                "let a person answer."
            )
        answers = self.teacher.compare(
            true_rewards,
            np.array([numbered_generator(self.seed, "oracle", n).random(2) for n in numbers]),
            self._clip_return(true_rewards.shape[-1], episode_return),
            self.scale,
        )
        texts = [COMPARISON.encode(answer) for answer in answers]
        store.answer_many(run, dict(zip(numbers, texts, strict=True)), self.name)

    def _clip_return(self, clip_steps: int, episode_return: float | None) -> float:
        """What a clip of average steps earns, shifted and scaled; 0 before an episode has ended."""
        if episode_return is None:
            return 0.0
        step_reward = np.array([episode_return / self.episode_steps])
        return float(self.scale.returns(step_reward)) * clip_steps


def synthetic_annotator(
    name: str, env_id: str, episode_steps: int, seed: int
) -> SyntheticAnnotator:
    """The named teacher as an annotator of a task.

    Args:
        name: One of `TEACHERS`.
        env_id: The task's id, for the shift and scale of its reward.
        episode_steps: Length of its episodes, in steps.
        seed: The run's seed.

    Raises:
        ConfigError: If there is no such teacher, or it needs a scale that the task lacks.
    """
    if name not in TEACHERS:
        raise ConfigError(f"There is no teacher {name!r}. {nearest(name, TEACHERS)}")
    teacher = TEACHERS[name]
    if (teacher.skip or teacher.equal) and env_id not in REWARD_SCALES:
        raise ConfigError(
            f"The teacher {name!r} has thresholds on returns that assume rewards of at least 0, "
            f"and there is no shift and scale for {env_id} in pbrl.annotators.REWARD_SCALES: "
            f"choose another annotator, or one of {', '.join(REWARD_SCALES)}."
        )
    scale = REWARD_SCALES.get(env_id, RewardScale())
    return SyntheticAnnotator(name, teacher, seed, episode_steps, scale)
