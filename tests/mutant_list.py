"""Ways to break the recipe, one at a time, and the tests that must notice.

Each is a line of `docs/recipe.md`, or one of the mistakes that it lists, made in the source. The
old text stands exactly once in its file. `mutants.py` runs them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to break the source."""

    name: str
    """The line of the recipe that it breaks, or the mistake that it makes."""
    file: str
    """Where, from the root of the repository."""
    old: str
    """Text that stands there exactly once."""
    new: str
    """What is put in its place."""
    tests: str
    """What pytest runs, parted by spaces."""


# All of these run within seconds, uncompiled.
ACQUISITION = "tests/query/test_acquisition.py"
BOOTSTRAP = "tests/reward/test_bootstrap.py"
BUFFER = "tests/test_buffer.py"
CANDIDATES = "tests/query/test_candidates.py"
COMPARISONS = "tests/feedback/test_comparison.py"
FITTING = "tests/reward/test_fitting.py"
LABELS = "tests/recipe/test_labels.py"
LIKELIHOOD = "tests/test_likelihood.py"
LOOP = "tests/recipe/test_loop.py"
NETWORK = "tests/reward/test_network.py"
NOTHING_LEAKS = "tests/recipe/test_nothing_leaks.py"
PPO = "tests/agents/test_ppo_update.py::test_equals_sb3s_train"
PREDICTORS = "tests/recipe/test_predictors.py"
PRESETS = "tests/recipe/test_presets.py"
REWARDS = "tests/envs/mujoco/test_rewards.py"
SCHEDULE = "tests/query/test_schedule.py"
SELECTION = "tests/query/test_selection.py"
SYNTHETIC = "tests/annotators/test_synthetic.py"
TABLE = "tests/envs/test_tasks.py::test_the_suite_is_the_table"
TASKS = "tests/recipe/test_tasks.py"
TEACHER = "tests/annotators/test_teacher.py"


CHOICE = (
    Mutant(
        "choice: the clip of the larger return is the likelier one",
        "pbrl/likelihood.py",
        "xp.stack([_log_sigmoid(margin), _log_sigmoid(-margin)], axis=-1)",
        "xp.stack([_log_sigmoid(-margin), _log_sigmoid(margin)], axis=-1)",
        LIKELIHOOD,
    ),
    Mutant(
        "choice: a clip is worth the sum of its steps, while fitting",
        "pbrl/reward/fitting.py",
        "return rewards.reshape(-1, b, k, t).sum(dim=-1)",
        "return rewards.reshape(-1, b, k, t).mean(dim=-1)",
        FITTING,
    ),
    Mutant(
        "choice: a clip is worth the sum of its steps, while asking",
        "pbrl/reward/ensemble.py",
        ".sum(dim=-1).cpu().numpy()",
        ".mean(dim=-1).cpu().numpy()",
        PREDICTORS,
    ),
    Mutant(
        "choice: a tie is the label (.5, .5)",
        "pbrl/feedback/comparison.py",
        "Comparison.TIE: (0.5, 0.5),",
        "Comparison.TIE: (1.0, 1.0),",
        COMPARISONS,
    ),
    Mutant(
        "choice: can't tell is not learnt from",
        "pbrl/feedback/comparison.py",
        "return answer in HALF_EACH",
        "return answer is not Comparison.SKIP",
        COMPARISONS,
    ),
    Mutant(
        "choice: what is not informative never reaches a fit",
        "pbrl/reward/labels.py",
        " if self._kind.informative(answer)]",
        "]",
        LABELS,
    ),
    Mutant(
        "response error: a tenth of the answers",
        "pbrl/config.py",
        "error_rate: float = 0.1",
        "error_rate: float = 0.0",
        PRESETS,
    ),
    Mutant(
        "response error: evenly over both clips",
        "pbrl/likelihood.py",
        "math.log(error_rate / logs.shape[-1])",
        "math.log(error_rate)",
        LIKELIHOOD,
    ),
    Mutant(
        "response error: the rest is the softmax",
        "pbrl/likelihood.py",
        "xp.logaddexp(logs + math.log1p(-error_rate), uniform)",
        "xp.logaddexp(logs, uniform)",
        LIKELIHOOD,
    ),
    Mutant(
        "response error: the fit reckons with it",
        "pbrl/reward/ensemble.py",
        "error_rate=config.error_rate,",
        "error_rate=0.0,",
        PREDICTORS,
    ),
    Mutant(
        "oracle: who answers in the presets",
        "pbrl/config.py",
        'teacher: TeacherName = "oracle"',
        'teacher: TeacherName = "mistake"',
        PRESETS,
    ),
    Mutant(
        "oracle: it makes no errors",
        "pbrl/annotators/teacher.py",
        "epsilon: float = 0.0",
        "epsilon: float = 0.1",
        TEACHER,
    ),
    Mutant(
        "oracle: the larger true return wins",
        "pbrl/annotators/teacher.py",
        "return np.sign(sums[:, 0] - sums[:, 1])",
        "return np.sign(sums[:, 1] - sums[:, 0])",
        LOOP,
    ),
    Mutant(
        "oracle: an exact tie is a tie",
        "pbrl/annotators/teacher.py",
        "return np.sign(sums[:, 0] - sums[:, 1])",
        "return np.where(sums[:, 0] >= sums[:, 1], 1.0, -1.0)",
        TEACHER,
    ),
)

ENSEMBLE = (
    Mutant(
        "ensemble: three predictors",
        "pbrl/config.py",
        "ensemble_size: int = 3",
        "ensemble_size: int = 1",
        PRESETS,
    ),
    Mutant(
        "ensemble: each fitted on as many comparisons as there are",
        "pbrl/reward/bootstrap.py",
        ".poisson(1.0, members)",
        ".poisson(0.5, members)",
        BOOTSTRAP,
    ),
    Mutant(
        "ensemble: each on a resample of its own",
        "pbrl/reward/bootstrap.py",
        ".poisson(1.0, members)",
        ".poisson(1.0, 1).repeat(members)",
        BOOTSTRAP,
    ),
    Mutant(
        "ensemble: drawn with replacement",
        "pbrl/reward/bootstrap.py",
        "> 0, counts, 1).cumsum(axis=1)",
        "> 0, counts > 0, 1).cumsum(axis=1)",
        BOOTSTRAP,
    ),
    Mutant(
        "ensemble: members start apart",
        "pbrl/reward/network.py",
        "draw = torch.rand((members, (fan_in + 1) * fan_out), generator=rng)",
        "draw = torch.rand((1, (fan_in + 1) * fan_out), generator=rng).repeat(members, 1)",
        NETWORK,
    ),
    Mutant(
        "ensemble: each normalised by itself",
        "pbrl/reward/ensemble.py",
        "self.output_std = rewards.std(dim=1).clamp_min(SMALLEST_STD)",
        "self.output_std = rewards.std().expand(len(rewards))",
        PREDICTORS,
    ),
    Mutant(
        "ensemble: then averaged",
        "pbrl/reward/ensemble.py",
        "(normal * self.config.reward_std).mean(dim=0)",
        "(normal * self.config.reward_std).sum(dim=0)",
        PREDICTORS,
    ),
    Mutant(
        "normalisation: zero mean",
        "pbrl/reward/ensemble.py",
        "self.output_mean = rewards.mean(dim=1)",
        "self.output_mean = rewards.mean(dim=1) * 0",
        PREDICTORS,
    ),
    Mutant(
        "normalisation: a standard deviation of 1",
        "pbrl/config.py",
        "reward_std: float = 1.0",
        "reward_std: float = 0.05",
        PRESETS,
    ),
    Mutant(
        "regularisation: L2 is in the loss",
        "pbrl/reward/fitting.py",
        "return (fit + l2 * squared_weights(mlp, params)).sum()",
        "return fit.sum()",
        FITTING,
    ),
    Mutant(
        "regularisation: L2 is moved at all",
        "pbrl/reward/ensemble.py",
        "if update % config.l2_every == 0:",
        "if False:",
        PREDICTORS,
    ),
    Mutant(
        "regularisation: lowered below a ratio of 1.1",
        "pbrl/config.py",
        "l2_ratio_low: float = 1.1",
        "l2_ratio_low: float = 1.0",
        PRESETS,
    ),
    Mutant(
        "regularisation: raised above a ratio of 1.5",
        "pbrl/config.py",
        "l2_ratio_high: float = 1.5",
        "l2_ratio_high: float = 2.0",
        PRESETS,
    ),
    Mutant(
        "regularisation: validation over training loss, not the reverse",
        "pbrl/reward/ensemble.py",
        "fitting.adjusted_l2(self.l2, train, validation,",
        "fitting.adjusted_l2(self.l2, validation, train,",
        PREDICTORS,
    ),
    Mutant(
        "predictor: two layers of 64",
        "pbrl/config.py",
        '(64, 64)\n    """Units in each hidden layer of a predictor',
        '(64,)\n    """Units in each hidden layer of a predictor',
        PRESETS,
    ),
    Mutant(
        "predictor: its units leak",
        "pbrl/reward/network.py",
        "x = leaky_relu(torch.baddbmm(bias, x, weight), mlp.leaky_slope)",
        "x = torch.relu(torch.baddbmm(bias, x, weight))",
        NETWORK,
    ),
    Mutant(
        "predictor: a slope of .01",
        "pbrl/config.py",
        "leaky_slope: float = 0.01",
        "leaky_slope: float = 0.1",
        PRESETS,
    ),
    Mutant(
        "predictor: the action is an input, while fitting",
        "pbrl/reward/labels.py",
        "np.concatenate([s.observations, s.actions], axis=1)",
        "np.concatenate([s.observations, 0 * s.actions], axis=1)",
        LABELS,
    ),
    Mutant(
        "predictor: the action is an input, while rewarding",
        "pbrl/reward/ensemble.py",
        "np.concatenate([observations, actions], axis=-1)",
        "np.concatenate([observations, 0 * actions], axis=-1)",
        PREDICTORS,
    ),
)

QUESTIONS = (
    Mutant(
        "selection: ten candidates for each query",
        "pbrl/config.py",
        "candidates_per_query: int = 10",
        "candidates_per_query: int = 2",
        PRESETS,
    ),
    Mutant(
        "selection: so many candidates are scored",
        "pbrl/query/selection.py",
        "count = config.candidates_per_query * len(numbers)",
        "count = 2 * len(numbers)",
        LOOP,
    ),
    Mutant(
        "selection: by disagreement",
        "pbrl/config.py",
        'acquisition: Acquisition = "disagreement"',
        'acquisition: Acquisition = "uniform"',
        PRESETS,
    ),
    Mutant(
        "selection: the variance is that across the ensemble",
        "pbrl/query/acquisition.py",
        "softmax(returns, axis=-1).var(axis=0).sum(axis=-1)",
        "softmax(returns, axis=-1).mean(axis=0).var(axis=-1)",
        ACQUISITION,
    ),
    Mutant(
        "selection: the predictors are asked as soon as they have seen answers",
        "pbrl/reward_learning.py",
        "self.ensemble.returns if self.ready else None",
        "None",
        LOOP,
    ),
    Mutant(
        "selection: predictors without an answer are not asked",
        "pbrl/reward_learning.py",
        "self.ensemble.returns if self.ready else None",
        "self.ensemble.returns",
        LOOP,
    ),
    Mutant(
        "clips: a second and a half",
        "pbrl/config.py",
        "segment_seconds: float = 1.5",
        "segment_seconds: float = 1.0",
        PRESETS,
    ),
    Mutant(
        "clips: at the rate at which they are shown, not the simulation's",
        "envs/mujoco/hopper.py",
        "clip_fps=40.0",
        "clip_fps=125.0",
        PRESETS,
    ),
    Mutant(
        "labels: the middle one of the paper's budgets",
        "pbrl/config.py",
        "label_budget: int = 700",
        "label_budget: int = 500",
        PRESETS,
    ),
    Mutant(
        "labels: a quarter at first",
        "pbrl/config.py",
        "initial_fraction: float = 0.25",
        "initial_fraction: float = 0.5",
        PRESETS,
    ),
    Mutant(
        "labels: the first before training",
        "pbrl/trainer.py",
        "return self.learning.reward(rollout) if self.learning.ready else None",
        "return self.learning.reward(rollout)",
        LOOP,
    ),
    Mutant(
        "labels: the hyperbola has its bend at two million steps",
        "pbrl/config.py",
        "schedule_steps: float = 2e6",
        "schedule_steps: float = 2e5",
        PRESETS,
    ),
    Mutant(
        "labels: the hyperbola counts steps of training",
        "pbrl/reward_learning.py",
        "labels_due(query, steps - query.initial_steps, total_steps - query.initial_steps)",
        "labels_due(query, steps, total_steps)",
        LOOP,
    ),
    Mutant(
        "labels: the budget is spent by the end",
        "pbrl/trainer.py",
        "(round_begins or self.steps >= self.total_steps)",
        "round_begins",
        LOOP,
    ),
    Mutant(
        "nothing leaks: the true reward stays out of the learned one",
        "pbrl/trainer.py",
        "return self.learning.reward(rollout) if",
        "return self.learning.reward(rollout) + 1e-3 * rollout.true_rewards if",
        NOTHING_LEAKS,
    ),
    Mutant(
        "nothing leaks: nor does it choose what is asked",
        "pbrl/query/selection.py",
        "asked = candidates.take(",
        "rewards = [buffer.cut(e[0], s[0], length).true_return for e, s in\n"
        "            zip(candidates.envs, candidates.starts, strict=True)]\n"
        "        returns = returns * np.array(rewards)[:, None]\n"
        "        asked = candidates.take(",
        NOTHING_LEAKS,
    ),
    Mutant(
        "nothing leaks: labels are read without it",
        "pbrl/reward/labels.py",
        "true_rewards=False",
        "true_rewards=True",
        LABELS,
    ),
)

AGENT_AND_TASKS = (
    Mutant(
        "agent: gamma .995",
        "pbrl/config.py",
        "gamma: float = 0.995",
        "gamma: float = 0.99",
        PRESETS,
    ),
    Mutant(
        "agent: lambda .97",
        "pbrl/config.py",
        "gae_lambda: float = 0.97",
        "gae_lambda: float = 0.95",
        PRESETS,
    ),
    Mutant(
        "agent: lambda reaches the agent",
        "pbrl/agents/build.py",
        "gae_lambda=config.gae_lambda,",
        "gae_lambda=config.gamma,",
        PRESETS,
    ),
    Mutant(
        "agent: an entropy bonus of .01",
        "pbrl/config.py",
        "entropy_bonus: float = 0.01",
        "entropy_bonus: float = 0.0",
        PRESETS,
    ),
    Mutant(
        "agent: an entropy bonus of .001 for Swimmer",
        "experiments/presets.py",
        "entropy_bonus=0.001",
        "entropy_bonus=0.01",
        PRESETS,
    ),
    Mutant(
        "agent: entropy is a bonus, not a penalty",
        "pbrl/agents/ppo_update.py",
        "policy_loss - hyper.ent_coef * entropy",
        "policy_loss + hyper.ent_coef * entropy",
        PPO,
    ),
    Mutant(
        "tasks: no reward for saving torque",
        "envs/mujoco/half_cheetah.py",
        "return velocity\n",
        "return velocity - 0.1 * np.square(physics.qfrc_actuator).sum(axis=1)\n",
        TASKS,
    ),
    Mutant(
        "tasks: a low torso costs the hopper, in place of an early end",
        "envs/mujoco/hopper.py",
        "return velocity + physics.qpos[:, 1]",
        "return velocity",
        TASKS,
    ),
    Mutant(
        "tasks: a low torso costs the walker",
        "envs/mujoco/walker2d.py",
        "return velocity + physics.qpos[:, 1] - 1.0",
        "return velocity",
        REWARDS,
    ),
    Mutant(
        "tasks: the ant's height counts from 1.2",
        "envs/mujoco/ant.py",
        "return velocity + physics.qpos[:, 2] - 1.2",
        "return velocity + physics.qpos[:, 2]",
        REWARDS,
    ),
    Mutant(
        "tasks: a low tip costs the double pendulum",
        "envs/mujoco/inverted_double_pendulum.py",
        "return alive - distance - speed + 10.0 * (z - 1.0)",
        "return alive - distance - speed",
        REWARDS,
    ),
    Mutant(
        "tasks: the pendulum's angle costs",
        "envs/mujoco/inverted_pendulum.py",
        "return 1.0 - np.square(physics.qpos[:, 1])",
        "return 1.0 - 0.0 * physics.qpos[:, 1]",
        TASKS,
    ),
    Mutant(
        "tasks: the reacher's distance costs",
        "envs/mujoco/reacher.py",
        "return -np.linalg.norm(_reach(physics), axis=1)",
        "return np.linalg.norm(_reach(physics), axis=1)",
        REWARDS,
    ),
    Mutant(
        "tasks: no early end",
        "envs/mujoco/batched.py",
        "terminations = np.zeros(self.num_envs, np.bool_)",
        "terminations = self._simulation.qpos[:, 1] < -0.7",
        TASKS,
    ),
    Mutant(
        "tasks: a fixed number of steps",
        "envs/mujoco/hopper.py",
        "episode_steps=1000",
        "episode_steps=500",
        TABLE,
    ),
    Mutant(
        "tasks: a time limit tells the agent nothing",
        "pbrl/agents/learning.py",
        "rewards.astype(np.float32) + gamma * recording.final_values",
        "rewards.astype(np.float32)",
        PPO,
    ),
)

TEACHERS = (
    Mutant(
        "teachers: skip where both clips are poor, not one",
        "pbrl/annotators/teacher.py",
        "(returns.max(-1) <= threshold)",
        "(returns.min(-1) <= threshold)",
        TEACHER,
    ),
    Mutant(
        "teachers: rationality steepens the choice",
        "pbrl/annotators/teacher.py",
        "choice_probability(self.beta * scale * sums)",
        "choice_probability(scale * sums)",
        TEACHER,
    ),
    Mutant(
        "teachers: a mistake turns the choice around",
        "pbrl/annotators/teacher.py",
        "np.where(draws[:, 1] < self.epsilon, -preference, preference)",
        "np.where(draws[:, 1] < self.epsilon, 1.0, preference)",
        TEACHER,
    ),
    Mutant(
        "teachers: equal looks at undiscounted sums",
        "pbrl/annotators/teacher.py",
        "returns = scale.returns(true_rewards)",
        "returns = scale.returns(true_rewards * weights)",
        TEACHER,
    ),
    Mutant(
        "teachers: thresholds are those of a clip's share of an episode",
        "pbrl/annotators/synthetic.py",
        "episode_return / self.episode_steps",
        "episode_return",
        SYNTHETIC,
    ),
    Mutant(
        "teachers: thresholds follow the last ten episodes",
        "pbrl/trainer.py",
        "TEACHER_WINDOW = 10",
        "TEACHER_WINDOW = 100",
        LOOP,
    ),
    Mutant(
        "teachers: rewards are shifted at every step",
        "pbrl/annotators/reward_scale.py",
        "self.shift * true_rewards.shape[-1]",
        "self.shift",
        "tests/annotators/test_reward_scale.py",
    ),
)

MISTAKES = (
    Mutant(
        "mistake 1: L2 raised where it should fall",
        "pbrl/reward/fitting.py",
        "torch.where(ratio > high, factor, torch.where(ratio < low, 1 / factor, 1.0))",
        "torch.where(ratio > high, 1 / factor, torch.where(ratio < low, factor, 1.0))",
        FITTING,
    ),
    Mutant(
        "mistake 1: a ratio of sums over splits of unequal size",
        "pbrl/reward/ensemble.py",
        "(loss * data.counts).sum(dim=1) / data.counts.sum(dim=1).clamp_min(1)",
        "(loss * data.counts).sum(dim=1)",
        PREDICTORS,
    ),
    Mutant(
        "mistake 2: a label trained on by those that left it out",
        "pbrl/reward/bootstrap.py",
        "> 0, counts, 1).cumsum(axis=1)",
        "< 0, counts, 1).cumsum(axis=1)",
        PREDICTORS,
    ),
    Mutant(
        "mistake 2: a label that changes sides when others arrive",
        "pbrl/reward/bootstrap.py",
        '"bootstrap", int(n))',
        '"bootstrap", int(n) + len(numbers))',
        BOOTSTRAP,
    ),
    Mutant(
        "mistake 3: the threshold of equal scaled twice",
        "pbrl/annotators/teacher.py",
        "< self.equal * clip_return",
        "< self.equal * self.equal * clip_return",
        TEACHER,
    ),
    Mutant(
        "mistake 3: the threshold of skip scaled twice",
        "pbrl/annotators/teacher.py",
        "threshold = self.skip * clip_return",
        "threshold = self.skip * self.skip * clip_return",
        TEACHER,
    ),
    Mutant(
        "mistake 4: myopic weights in the wrong direction",
        "pbrl/annotators/teacher.py",
        "np.arange(steps - 1, -1, -1)",
        "np.arange(steps)",
        TEACHER,
    ),
    Mutant(
        "mistake 5: the wrong end of the acquisition",
        "pbrl/query/acquisition.py",
        "np.argsort(-score(returns)",
        "np.argsort(score(returns)",
        ACQUISITION,
    ),
    Mutant(
        "mistake 6: pairs told apart by their first clip",
        "pbrl/query/candidates.py",
        "np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)",
        "np.unique(pairs[:, 0], return_index=True)",
        CANDIDATES,
    ),
    Mutant(
        "mistake 6: the same pair in another order",
        "pbrl/query/candidates.py",
        "np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)",
        "np.unique(pairs, axis=0, return_index=True)",
        CANDIDATES,
    ),
    Mutant(
        "mistake 7: a rollout beyond the asked steps",
        "pbrl/trainer.py",
        "config.total_steps // self.rollout_size * self.rollout_size",
        "-(-config.total_steps // self.rollout_size) * self.rollout_size",
        LOOP,
    ),
    Mutant(
        "mistake 7: one rollout too many",
        "pbrl/trainer.py",
        "while self.steps < self.total_steps and",
        "while self.steps <= self.total_steps and",
        LOOP,
    ),
    Mutant(
        "mistake 8: a rollout scored by two models",
        "pbrl/reward_learning.py",
        "return self.ensemble.reward(rollout.observations, rollout.actions)",
        "rewards = self.ensemble.reward(rollout.observations, rollout.actions)\n"
        "        self._fit()\n"
        "        rewards[:5] = self.ensemble.reward(rollout.observations, rollout.actions)[:5]\n"
        "        return rewards",
        LOOP,
    ),
    Mutant(
        "mistake 9: validated on all labels",
        "pbrl/reward/ensemble.py",
        "left_out = (data.counts == 0)",
        "left_out = (data.counts >= 0)",
        PREDICTORS,
    ),
    Mutant(
        "mistake 9: evaluated on all labels",
        "pbrl/reward/ensemble.py",
        "return self._report(self._fit_data(labels, counts))",
        "return self._report(self._fit_data(labels, 0 * counts))",
        PREDICTORS,
    ),
    Mutant(
        "mistake 10: clips that cross a reset",
        "pbrl/buffer.py",
        "whole = ends_before[:, last:-1] == ends_before",
        "whole = ends_before[:, last:-1] >= ends_before",
        BUFFER,
    ),
    Mutant(
        "mistake 10: a reset inside a clip that is cut out",
        "pbrl/buffer.py",
        'if clip.pop("dones")[:-1].any():',
        'if clip.pop("dones")[:0].any():',
        BUFFER,
    ),
    Mutant(
        "mistake 10: clips padded with what the ring held before",
        "pbrl/buffer.py",
        "or np.any(starts + length > self.steps_added)",
        "",
        BUFFER,
    ),
    Mutant(
        "mistake 10: a clip compared with itself or an overlapping one",
        "pbrl/query/candidates.py",
        "kept = pairs[~shared]",
        "kept = pairs",
        CANDIDATES,
    ),
    Mutant(
        "mistake 10: a clip compared with one that overlaps it",
        "pbrl/buffer.py",
        "(np.abs(starts_a - starts_b) < length)",
        "(starts_a == starts_b)",
        BUFFER,
    ),
    Mutant(
        "mistake 11: a checkpoint's name that never moves",
        "pbrl/checkpoints.py",
        'f"step_{steps:012d}"',
        'f"step_{0:012d}"',
        LOOP,
    ),
    Mutant(
        "mistake 11: a count since the last checkpoint that never moves",
        "pbrl/trainer.py",
        "self._saved = self.steps\n        return checkpoint",
        "return checkpoint",
        LOOP,
    ),
    Mutant(
        "mistake 12: the learned reward recorded as the true one",
        "pbrl/trainer.py",
        "self.true_returns.add(rollout.true_rewards, rollout.ended)\n"
        "        rewards = self._rewards(rollout)",
        "rewards = self._rewards(rollout)\n"
        "        self.true_returns.add(rollout.true_rewards if rewards is None else rewards,\n"
        "                              rollout.ended)",
        LOOP,
    ),
    Mutant(
        "mistake 12: the learned reward stored as the true one",
        "pbrl/reward_learning.py",
        "            rollout.true_rewards,\n",
        "            self.reward(rollout).astype(np.float64),\n",
        LOOP,
    ),
    Mutant(
        "mistake 13: the ensemble's loss as a mean",
        "pbrl/reward/fitting.py",
        "(fit + l2 * squared_weights(mlp, params)).sum()",
        "(fit + l2 * squared_weights(mlp, params)).mean()",
        FITTING,
    ),
    Mutant(
        "mistake 14: a skip folded into a tie",
        "pbrl/annotators/teacher.py",
        "Comparison.SKIP if is_poor else",
        "Comparison.TIE if is_poor else",
        TEACHER,
    ),
    Mutant(
        "mistake 14: can't tell stored as a tie",
        "pbrl/feedback/comparison.py",
        "return answer.value\n",
        'return "tie" if answer is Comparison.CANT_TELL else answer.value\n',
        LABELS,
    ),
    Mutant(
        "mistake 15: a normaliser of rewards over all history",
        "pbrl/reward/ensemble.py",
        "self.output_mean = rewards.mean(dim=1)",
        "self.output_mean = 0.5 * (self.output_mean + rewards.mean(dim=1))",
        PREDICTORS,
    ),
    Mutant(
        "mistake 15: a normaliser of inputs over all history",
        "pbrl/reward/ensemble.py",
        "std = rows.std(axis=0, dtype=np.float64)",
        "std = np.maximum(rows.std(axis=0, dtype=np.float64), self.input_std.numpy())",
        PREDICTORS,
    ),
    Mutant(
        "mistake 16: the ring kept alive by a clip cut from it",
        "pbrl/buffer.py",
        "{name: array.copy() for name, array in clip.items()}",
        "clip",
        BUFFER,
    ),
    Mutant(
        "mistake 17: a schedule in fractions of training",
        "pbrl/query/schedule.py",
        "math.log1p(training_steps / c) / math.log1p(total_training_steps / c)",
        "training_steps / total_training_steps + 0 * c",
        SCHEDULE,
    ),
    Mutant(
        "mistake 17: an exponential schedule",
        "pbrl/query/schedule.py",
        "math.log1p(training_steps / c) / math.log1p(total_training_steps / c)",
        "math.expm1(-training_steps / c) / math.expm1(-total_training_steps / c)",
        SCHEDULE,
    ),
    Mutant(
        "mistake 18: random actions for the first clips",
        "pbrl/agents/preference_ppo.py",
        "drawn = self._act(*weights, observations[t].to(self.device), noise[t])",
        "drawn = torch.from_numpy(\n"
        "                np.stack([self.action_space.sample() for _ in range(env.num_envs)])\n"
        "            )",
        LOOP,
    ),
)

MUTANTS = (*CHOICE, *ENSEMBLE, *QUESTIONS, *AGENT_AND_TASKS, *TEACHERS, *MISTAKES)
