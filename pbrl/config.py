"""Every setting of a run, with its unit and the paper's value as the default.

Frozen dataclasses: each layer of the program receives its own part and nobody changes it. "The
paper" is Christiano et al. 2017 (arXiv 1706.03741), section 2.2 and appendix A.1; what it leaves
open says so.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, Literal

RewardTeacher = Literal["oracle", "mistake", "stoc", "skip", "myopic", "equal", "target"]
BehaviourName = Literal["backflip", "one-leg", "level"]
TeacherName = RewardTeacher | BehaviourName
RewardSource = Literal["preferences", "true", "teacher"]
AnnotatorName = Literal["teacher", "human", "none"]
Device = Literal["auto", "cpu", "cuda"]
Activation = Literal["tanh", "relu"]
PictureFormat = Literal["auto", "contiguous", "channels_last", "bfloat16"]
FOR_QUESTIONS = ("reward", "query", "teacher", "teacher_clips")
"""Parts of a run's settings, and settings, that a run on the true reward does not use; one on a
teacher's score uses `teacher` alone of them."""


@dataclass(frozen=True, slots=True)
class EnvConfig:
    """What the agent acts in."""

    env_id: str = "pbrl/HalfCheetah-v0"
    """Gymnasium id of the task."""
    num_envs: int = 8
    """Environments stepped in parallel."""
    allow_termination: bool = False
    """Accept a task whose episodes can end early (their end tells the agent about the reward)."""
    true_reward: bool = True
    """Whether the task's own reward means anything; without it, only people can judge."""
    blanks: tuple[tuple[int, int, int, int], ...] = ()
    """Rectangles that are blacked out of a game's pictures: row and column of the upper left
    corner, height and width, in pixels of 210 rows and 160 columns."""
    episode_steps: int = 0
    """Steps after which an episode ends while the agent is trained, of the suite's MuJoCo tasks; 0
    for the task's own, which fresh episodes have in any case."""
    wrap_angle: bool = False
    """Observe the torso's angle without the whole turns that it has made, so that after a
    somersault all looks as before; of Hopper, Walker2d and HalfCheetah."""


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """PPO in place of the paper's TRPO; discount, lambda and entropy bonus are the paper's."""

    rollout_steps: int = 256
    """Steps in each environment between two updates of the policy."""
    batch_size: int = 64
    """Steps in a minibatch."""
    epochs: int = 10
    """Passes over a rollout."""
    lr: float = 3e-4
    """Learning rate of Adam at the start."""
    lr_decay: bool = True
    """Lower the learning rate linearly to 0 at the end of the run."""
    gamma: float = 0.995
    """Discount per step."""
    gae_lambda: float = 0.97
    """Lambda of the generalised advantage estimate."""
    entropy_bonus: float = 0.01
    """Weight of the policy's entropy in the loss."""
    clip_range: float = 0.2
    """Clipping of the probability ratio."""
    target_kl: float = 0.0
    """KL divergence of the policy from the one that acted, beyond one and a half of which learning
    from a rollout ends; 0 sets no limit (Stable-Baselines3's `target_kl`)."""
    value_coef: float = 0.5
    """Weight of the value function's error in the loss."""
    max_grad_norm: float = 0.5
    """Norm that gradients are clipped to."""
    initial_std: float = 1.0
    """Standard deviation of continuous actions before training."""
    hidden_sizes: tuple[int, ...] = (64, 64)
    """Units in each hidden layer of policy and value network."""
    activation: Activation = "tanh"
    """Nonlinearity of policy and value network."""
    normalize_observations: bool = True
    """Give the networks observations of zero mean and unit deviation."""
    normalize_reward: bool = True
    """Divide rewards by the running deviation of the discounted return."""
    picture_format: PictureFormat = "auto"
    """How a game's network computes: `contiguous` is Stable-Baselines3's way, `bfloat16` is less
    exact; `auto` takes the fastest, measured at the start."""
    clip_true_reward: bool = False
    """Clip the true reward to [-1, 1] where the agent is trained on it; what is reported is not."""


@dataclass(frozen=True, slots=True)
class RewardConfig:
    """The ensemble of reward predictors and how it is fitted."""

    ensemble_size: int = 3
    """Predictors in the ensemble."""
    hidden_sizes: tuple[int, ...] = (64, 64)
    """Units in each hidden layer of a predictor."""
    leaky_slope: float = 0.01
    """Slope of the leaky ReLU below zero."""
    error_rate: float = 0.1
    """Share of answers that the likelihood takes to be uniformly random."""
    error_rate_by_annotator: bool = False
    """Replace that share by an estimate for each annotator, from their answers to pairs that were
    predicted before; it moves away from that share as they become many."""
    l2_initial: float = 1e-4
    """Weight of the squared weights in the loss at the start (not stated in the paper); 0 turns
    the regularisation off."""
    l2_ratio_low: float = 1.1
    """Validation loss over training loss below which L2 is lowered."""
    l2_ratio_high: float = 1.5
    """Validation loss over training loss above which L2 is raised."""
    l2_factor: float = 1.5
    """What one adjustment multiplies or divides L2 by (not stated in the paper)."""
    l2_every: int = 50
    """Gradient steps between two adjustments of L2 (not stated in the paper)."""
    lr: float = 1e-3
    """Learning rate of Adam (not stated in the paper)."""
    batch_size: int = 16
    """Comparisons in a minibatch, per member (not stated in the paper; 16 in Ibarz et al. 2018)."""
    initial_updates: int = 1000
    """Gradient steps of the first fit, before the agent learns (not stated in the paper)."""
    updates: int = 100
    """Gradient steps of each later fit (not stated in the paper)."""
    reward_std: float = 1.0
    """Standard deviation of a member's predicted reward over the labelled clips."""
    picture_format: PictureFormat = "contiguous"
    """How predictors that see pictures compute: `bfloat16` is less exact; `auto` takes the
    agent's. The layout is theirs in any case."""
    dropout: float = 0.0
    """Share of channels that training leaves out; of predictors that see pictures."""
    fit_stride: int = 1
    """One of how many steps of a clip a gradient step looks at, from a random one on; of predictors
    that see pictures, which overlap (the paper looks at all)."""
    label_window: int = 0
    """Latest labels that are learnt from; 0 takes all."""
    checked_labels: int = 0
    """Labels, drawn at each fit, on which its losses are measured and outputs are normalised; 0
    takes all. Of predictors that see pictures (not stated in the paper)."""
    fit_while_acting: bool = False
    """Fit while the agent collects the next rollout, which is then rewarded by what was fitted; the
    first fit comes before. Where no processor is left for that, it follows the rollout; results
    depend neither on that nor on which of the two is faster. People's answers are fitted between
    two rollouts in any case."""


@dataclass(frozen=True, slots=True)
class QueryConfig:
    """Which pairs of clips are asked, and when."""

    label_budget: int = 700
    """Answers asked for in the whole run."""
    initial_fraction: float = 0.25
    """Share of the budget asked about the randomly initialised policy, before training."""
    initial_steps: int = 16_384
    """Steps that the randomly initialised policy takes for those clips (not stated in the paper;
    counted in the run's steps)."""
    schedule_steps: float = 2e6
    """After T steps of training the label rate is proportional to this / (T + this)."""
    every_steps: int = 16_384
    """Steps between two rounds of questions (not stated in the paper, which asks all the time)."""
    segment_seconds: float = 1.5
    """Length of a clip at the rate at which the task's clips are shown."""
    candidates_per_query: int = 10
    """Candidate pairs for each pair that is asked."""
    acquisition: str = "disagreement"
    """How pairs are chosen among the candidates: `disagreement`, `uniform`, `entropy`,
    `information_gain`, `k_centre`, or a function of one's own."""
    buffer_steps: int = 32_768
    """Most recent steps that clips are cut from (not stated in the paper)."""
    ahead: int = 10
    """Questions kept open for people beyond those that are due."""
    max_lag: int = 20
    """Answers by which people may fall behind the schedule before training waits for them; with a
    budget below 700 a thirty-fifth of it, unless --max-lag says otherwise."""
    fit_answers: int = 8
    """Answers, given or taken back by people, after which the reward is fitted anew."""
    max_age_steps: int = 100_000
    """Steps after which a question to people that nobody has begun to answer is replaced."""
    overlap: float = 0.0
    """Share of the questions that a second person is asked too, on top of the budget."""
    clip_megabytes: float = 1000.0
    """Room for clips in the label store; those of withdrawn questions give way."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """One run."""

    env: EnvConfig = field(default_factory=EnvConfig)
    agent: AgentConfig = field(default_factory=AgentConfig)
    reward: RewardConfig = field(default_factory=RewardConfig)
    query: QueryConfig = field(default_factory=QueryConfig)
    total_steps: int = 1_000_000
    """Environment steps of the whole run, those before training included."""
    seed: int = 1
    """Seed of every random stream."""
    reward_source: RewardSource = "preferences"
    """What the agent is trained on: the learned reward, or as a baseline the true one, or what the
    scripted `teacher` who knows a behaviour thinks of each step, without any comparison."""
    annotator: AnnotatorName = "teacher"
    """Who answers: the synthetic `teacher`, people at the viewer, or nobody: the reward is then
    fitted once, on the answers of `labels_from`."""
    store: str = ""
    """Label store that the run shares with others: a path, or a URL without password; its own
    `labels.db` if empty."""
    store_run: str = ""
    """The run's name in a shared store; chosen at its start."""
    look_for: str = ""
    """What people are to judge by, in place of the task's own text."""
    labels_from: str = ""
    """Where a frozen reward was learnt from: a run's folder or a label store, perhaps with
    `#RUN` at its end."""
    teacher: TeacherName = "oracle"
    """The synthetic annotator: the paper's oracle, a B-Pref teacher that errs, or a scripted
    teacher who knows a behaviour (`backflip` of Hopper, `one-leg` of HalfCheetah, `level` of
    Enduro) and sees no reward. `target` does not compare, but tells the clips' true returns."""
    teacher_clips: bool = False
    """Let the synthetic annotator judge by rewards clipped to [-1, 1]."""
    threads: int = 0
    """Threads that step the simulator; 0 takes the processors that are idle when the run starts.
    Results do not depend on it, but in the last digits where games take more than one."""
    learner_threads: int = 1
    """Threads of the learner; 0 takes as many as the simulator. Networks for numbers are too small
    to gain by more than 1. Results depend on it in their last digits."""
    device: Device = "cpu"
    """Where the networks live; `auto` takes a GPU where there is one (not measured yet: networks
    this small are said to be faster on the CPU)."""
    checkpoint_steps: int = 100_000
    """Steps between two checkpoints."""

    @property
    def feedback(self) -> str:
        """Returns the kind of feedback that is asked for, as `pbrl.feedback` names it."""
        told = self.annotator == "teacher" and self.teacher == "target"
        return "return" if told else "comparison"

    @property
    def torch_threads(self) -> int:
        """Returns the threads of the learner, where 0 stands for as many as the simulator's."""
        return self.learner_threads or self.threads or 1

    @property
    def learns_reward(self) -> bool:
        """Returns whether predictors learn the reward that the agent is trained on."""
        return self.reward_source == "preferences"

    @property
    def trained_on(self) -> str:
        """Returns what the agent is trained on, in words."""
        words = {"true": "the true reward", "teacher": f"what {self.teacher!r} thinks of each step"}
        return words.get(self.reward_source, "a learned reward")

    def in_use(self) -> "TrainConfig":
        """Returns these settings, with those at their defaults that nothing depends on.

        Where no reward is learnt nobody is asked, and no predictor is fitted.
        """
        if self.learns_reward:
            return self
        unused = {name: getattr(TrainConfig(), name) for name in FOR_QUESTIONS}
        if self.reward_source == "teacher":
            del unused["teacher"]
        return dataclasses.replace(self, **unused)

    def to_json(self) -> str:
        """Returns the configuration as indented JSON, the content of `config.json`.

        `pbrl.settings_file` reads it.
        """
        return json.dumps(dataclasses.asdict(self), indent=2)


def differing_fields(a: TrainConfig, b: TrainConfig) -> dict[str, tuple[Any, Any]]:
    """Returns the fields in which two configurations differ: dotted name to both values."""
    left, right = _flat(dataclasses.asdict(a)), _flat(dataclasses.asdict(b))
    return {name: (left[name], right[name]) for name in left if left[name] != right[name]}


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
