"""Ways to break the recipe, one at a time, and the tests that must notice.

Each is a line of `docs/recipe.md`, or one of the mistakes that it lists, made in the source; or
what `docs/labeling.md` promises people who judge clips. The old text stands exactly once in its
file. `mutants.py` runs them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """One way to break the source."""

    name: str
    """The line of the recipe or the promise that it breaks, or the mistake that it makes."""
    file: str
    """Where, from the root of the repository."""
    old: str
    """Text that stands there exactly once."""
    new: str
    """What is put in its place."""
    tests: str
    """What pytest runs, parted by spaces."""


# Where the tests are. All that are named below run within seconds, uncompiled.
ACQUISITION = "tests/query/test_acquisition.py"
ANSWERS = "tests/store/test_answers.py"
ATARI = "tests/envs/atari/test_batched.py"
BOOTSTRAP = "tests/reward/test_bootstrap.py"
BUFFER = "tests/test_buffer.py"
CANDIDATES = "tests/query/test_candidates.py"
CLIPS = "tests/store/test_clips.py"
CNN = "tests/reward/test_cnn.py"
COMPARISONS = "tests/feedback/test_comparison.py"
FITTING = "tests/reward/test_fitting.py"
GAMES_RECIPE = "tests/recipe/test_games.py"
HALVES = "tests/envs/atari/test_double_buffered.py"
LABELS = "tests/recipe/test_labels.py"
LEASES = "tests/store/test_leases.py"
LIKELIHOOD = "tests/test_likelihood.py"
LOOP = "tests/recipe/test_loop.py"
NETWORK = "tests/reward/test_network.py"
NOTHING_LEAKS = "tests/recipe/test_nothing_leaks.py"
PEOPLE = "tests/people/test_asking_and_waiting.py"
POSTGRESQL = "tests/store/test_postgresql.py"
PICTURE_ENSEMBLE = "tests/reward/test_picture_ensemble.py"
PPO = "tests/agents/test_ppo_update.py"
PREDICTORS = "tests/recipe/test_predictors.py"
PRESETS = "tests/recipe/test_presets.py"
READER = "tests/reward/test_labels.py"
RECTANGLES = "tests/envs/atari/test_games.py"
REWARDS = "tests/envs/mujoco/test_rewards.py"
SCALE = "tests/annotators/test_reward_scale.py"
SCHEDULE = "tests/query/test_schedule.py"
SCREEN = "tests/envs/atari/test_screen.py"
SESSION = "tests/labeling_ui/test_session.py"
SUITE = "tests/envs/test_tasks.py"
SYNTHETIC = "tests/annotators/test_synthetic.py"
TASKS = "tests/recipe/test_tasks.py"
TEACHER = "tests/annotators/test_teacher.py"
TURNS = "tests/agents/test_turns.py"


CHOICE = (
    Mutant(
        "choice: the clip of the larger return is the likelier one",
        "pbrl/likelihood.py",
        "xp.stack([log_sigmoid(margin), log_sigmoid(-margin)], axis=-1)",
        "xp.stack([log_sigmoid(-margin), log_sigmoid(margin)], axis=-1)",
        f"{LIKELIHOOD}::test_hand_computed",
    ),
    Mutant(
        "choice: a clip is worth the sum of its steps, while fitting",
        "pbrl/reward/fitting.py",
        "return rewards.reshape(-1, b, k, t).sum(dim=-1)",
        "return rewards.reshape(-1, b, k, t).mean(dim=-1)",
        f"{FITTING}::test_a_clip_is_worth_the_sum_of_its_steps",
    ),
    Mutant(
        "choice: a clip is worth the sum of its steps, while asking",
        "pbrl/reward/ensemble.py",
        ".sum(dim=-1).cpu().numpy()",
        ".mean(dim=-1).cpu().numpy()",
        f"{PREDICTORS}::test_a_clip_is_worth_the_sum_of_its_steps",
    ),
    Mutant(
        "choice: a tie is the label (.5, .5)",
        "pbrl/feedback/comparison.py",
        "Comparison.TIE: (0.5, 0.5),",
        "Comparison.TIE: (1.0, 1.0),",
        f"{COMPARISONS}::test_targets",
    ),
    Mutant(
        "choice: can't tell is not learnt from",
        "pbrl/feedback/comparison.py",
        "return answer in HALF_EACH",
        "return answer is not Comparison.SKIP",
        f"{COMPARISONS}::test_tie_cant_tell_and_skip_are_different_things",
    ),
    Mutant(
        "choice: what is not informative never reaches a fit",
        "pbrl/reward/labels.py",
        " if self._kind.informative(answer)]",
        "]",
        f"{LABELS}::test_cant_tell_and_skip_are_kept_but_not_learnt_from",
    ),
    Mutant(
        "response error: a tenth of the answers",
        "pbrl/config.py",
        "error_rate: float = 0.1",
        "error_rate: float = 0.0",
        f"{PRESETS}::test_reward_settings",
    ),
    Mutant(
        "response error: evenly over both clips",
        "pbrl/likelihood.py",
        "math.log(error_rate / logs.shape[-1])",
        "math.log(error_rate)",
        f"{LIKELIHOOD}::test_hand_computed",
    ),
    Mutant(
        "response error: the rest is the softmax",
        "pbrl/likelihood.py",
        "xp.logaddexp(logs + math.log1p(-error_rate), uniform)",
        "xp.logaddexp(logs, uniform)",
        f"{LIKELIHOOD}::test_hand_computed",
    ),
    Mutant(
        "response error: the fit reckons with it",
        "pbrl/reward/ensemble.py",
        "error_rate=config.error_rate,",
        "error_rate=0.0,",
        f"{PREDICTORS}::test_a_fit_takes_the_papers_step",
    ),
    Mutant(
        "oracle: who answers in the presets",
        "pbrl/config.py",
        'teacher: TeacherName = "oracle"',
        'teacher: TeacherName = "mistake"',
        f"{PRESETS}::test_the_oracle_answers_and_makes_no_errors",
    ),
    Mutant(
        "oracle: it makes no errors",
        "pbrl/annotators/teacher.py",
        "epsilon: float = 0.0",
        "epsilon: float = 0.1",
        f"{TEACHER}::test_the_oracle_makes_no_errors_whatever_is_drawn",
    ),
    Mutant(
        "oracle: the larger true return wins",
        "pbrl/annotators/teacher.py",
        "return np.sign(sums[:, 0] - sums[:, 1])",
        "return np.sign(sums[:, 1] - sums[:, 0])",
        f"{LOOP}::test_the_oracle_judges_true_rewards_without_an_error",
    ),
    Mutant(
        "oracle: an exact tie is a tie",
        "pbrl/annotators/teacher.py",
        "return np.sign(sums[:, 0] - sums[:, 1])",
        "return np.where(sums[:, 0] >= sums[:, 1], 1.0, -1.0)",
        f"{TEACHER}::test_oracle_by_hand",
    ),
)

ENSEMBLE = (
    Mutant(
        "ensemble: three predictors",
        "pbrl/config.py",
        "ensemble_size: int = 3",
        "ensemble_size: int = 1",
        f"{PRESETS}::test_three_predictors_of_two_layers_of_64",
    ),
    Mutant(
        "ensemble: each fitted on as many comparisons as there are",
        "pbrl/reward/bootstrap.py",
        ".poisson(1.0, members)",
        ".poisson(0.5, members)",
        f"{BOOTSTRAP}::test_a_resample_is_as_large_as_the_data_and_leaves_out_one_in_e",
    ),
    Mutant(
        "ensemble: each on a resample of its own",
        "pbrl/reward/bootstrap.py",
        ".poisson(1.0, members)",
        ".poisson(1.0, 1).repeat(members)",
        f"{BOOTSTRAP}::test_members_resample_independently",
    ),
    Mutant(
        "ensemble: drawn with replacement",
        "pbrl/reward/bootstrap.py",
        "members, labels = counts.shape",
        "counts = np.minimum(counts, 1)\n    members, labels = counts.shape",
        f"{BOOTSTRAP}::test_minibatches_draw_in_proportion_to_the_resample",
    ),
    Mutant(
        "ensemble: members start apart",
        "pbrl/reward/network.py",
        "draw = torch.rand((members, (fan_in + 1) * fan_out), generator=rng)",
        "draw = torch.rand((1, (fan_in + 1) * fan_out), generator=rng).repeat(members, 1)",
        f"{NETWORK}::test_members_start_apart_and_within_torchs_bound",
    ),
    Mutant(
        "ensemble: each normalised by itself",
        "pbrl/reward/ensemble.py",
        "self.output_std = rewards.std(dim=1).clamp_min(SMALLEST_STD)",
        "self.output_std = rewards.std().expand(len(rewards))",
        f"{PREDICTORS}::test_each_member_has_zero_mean_and_deviation_one",
    ),
    Mutant(
        "ensemble: then averaged",
        "pbrl/reward/ensemble.py",
        "(normal * self.config.reward_std).mean(dim=0)",
        "(normal * self.config.reward_std).sum(dim=0)",
        f"{PREDICTORS}::test_each_member_has_zero_mean_and_deviation_one",
    ),
    Mutant(
        "normalisation: zero mean",
        "pbrl/reward/ensemble.py",
        "self.output_mean = rewards.mean(dim=1)",
        "self.output_mean = rewards.mean(dim=1) * 0",
        f"{PREDICTORS}::test_each_member_has_zero_mean_and_deviation_one",
    ),
    Mutant(
        "normalisation: a standard deviation of 1",
        "pbrl/config.py",
        "reward_std: float = 1.0",
        "reward_std: float = 0.05",
        f"{PRESETS}::test_reward_settings",
    ),
    Mutant(
        "regularisation: L2 is in the loss",
        "pbrl/reward/fitting.py",
        "return (fit + l2 * squared_weights(mlp, params)).sum()",
        "return fit.sum()",
        f"{FITTING}::test_the_step_follows_the_papers_loss",
    ),
    Mutant(
        "regularisation: L2 is moved at all",
        "pbrl/reward/ensemble.py",
        "if (self.updates + update) % config.l2_every == 0:",
        "if False:",
        f"{PREDICTORS}::test_l2_rises_while_validation_loss_is_too_high",
    ),
    Mutant(
        "regularisation: lowered below a ratio of 1.1",
        "pbrl/config.py",
        "l2_ratio_low: float = 1.1",
        "l2_ratio_low: float = 1.0",
        f"{PRESETS}::test_reward_settings",
    ),
    Mutant(
        "regularisation: raised above a ratio of 1.5",
        "pbrl/config.py",
        "l2_ratio_high: float = 1.5",
        "l2_ratio_high: float = 2.0",
        f"{PRESETS}::test_reward_settings",
    ),
    Mutant(
        "regularisation: validation over training loss, not the reverse",
        "pbrl/reward/ensemble.py",
        "losses = found.train_loss, found.validation_loss",
        "losses = found.validation_loss, found.train_loss",
        f"{PREDICTORS}::test_l2_rises_while_validation_loss_is_too_high",
    ),
    Mutant(
        "predictor: two layers of 64",
        "pbrl/config.py",
        '(64, 64)\n    """Units in each hidden layer of a predictor',
        '(64,)\n    """Units in each hidden layer of a predictor',
        f"{PRESETS}::test_three_predictors_of_two_layers_of_64",
    ),
    Mutant(
        "predictor: its units leak",
        "pbrl/reward/network.py",
        "x = leaky_relu(torch.baddbmm(bias, x, weight), mlp.leaky_slope)",
        "x = torch.relu(torch.baddbmm(bias, x, weight))",
        f"{NETWORK}::test_each_member_is_two_leaky_layers_of_64",
    ),
    Mutant(
        "predictor: a slope of .01",
        "pbrl/config.py",
        "leaky_slope: float = 0.01",
        "leaky_slope: float = 0.1",
        f"{PRESETS}::test_their_units_leak_a_hundredth",
    ),
    Mutant(
        "predictor: the action is an input, while fitting",
        "pbrl/reward/labels.py",
        "clip_inputs(s.observations, s.actions)",
        "clip_inputs(s.observations, 0 * s.actions)",
        f"{LABELS}::test_predictors_see_observation_and_action_of_every_step",
    ),
    Mutant(
        "predictor: the action is an input, while rewarding",
        "pbrl/reward/ensemble.py",
        "clip_inputs(observations.astype(np.float32, copy=False), actions)",
        "clip_inputs(observations.astype(np.float32, copy=False), 0 * actions)",
        f"{PREDICTORS}::test_actions_count",
    ),
)

QUESTIONS = (
    Mutant(
        "selection: ten candidates for each query",
        "pbrl/config.py",
        "candidates_per_query: int = 10",
        "candidates_per_query: int = 2",
        f"{PRESETS}::test_ten_candidates_a_query_and_the_ones_that_vary_most",
    ),
    Mutant(
        "selection: so many candidates are scored",
        "pbrl/query/selection.py",
        "count = config.candidates_per_query * len(numbers)",
        "count = 2 * len(numbers)",
        f"{LOOP}::test_ten_times_as_many_pairs_are_candidates_as_are_asked",
    ),
    Mutant(
        "selection: by disagreement",
        "pbrl/config.py",
        'acquisition: str = "disagreement"',
        'acquisition: str = "uniform"',
        f"{PRESETS}::test_ten_candidates_a_query_and_the_ones_that_vary_most",
    ),
    Mutant(
        "selection: the variance is that across the ensemble",
        "pbrl/query/acquisition.py",
        "softmax(returns, axis=-1).var(axis=0).sum(axis=-1)",
        "softmax(returns, axis=-1).mean(axis=0).var(axis=-1)",
        f"{ACQUISITION}::test_disagreement_is_the_variance_of_the_predicted_choice",
    ),
    Mutant(
        "selection: the predictors are asked as soon as they have seen answers",
        "pbrl/reward_learning.py",
        "self.ensemble.returns_of if self.ready else None",
        "None",
        f"{LOOP}::test_ten_times_as_many_pairs_are_candidates_as_are_asked",
    ),
    Mutant(
        "selection: predictors without an answer are not asked",
        "pbrl/reward_learning.py",
        "self.ensemble.returns_of if self.ready else None",
        "self.ensemble.returns_of",
        f"{LOOP}::test_ten_times_as_many_pairs_are_candidates_as_are_asked",
    ),
    Mutant(
        "clips: a second and a half",
        "pbrl/config.py",
        "segment_seconds: float = 1.5",
        "segment_seconds: float = 1.0",
        f"{PRESETS}::test_clips_last_a_second_and_a_half",
    ),
    Mutant(
        "clips: at the rate at which they are shown, not the simulation's",
        "envs/mujoco/hopper.py",
        "clip_fps=40.0",
        "clip_fps=125.0",
        f"{PRESETS}::test_clips_last_a_second_and_a_half",
    ),
    Mutant(
        "labels: the middle one of the paper's budgets",
        "pbrl/config.py",
        "label_budget: int = 700",
        "label_budget: int = 500",
        f"{PRESETS}::test_budget_first_share_and_schedule_of_labels",
    ),
    Mutant(
        "labels: a quarter at first",
        "pbrl/config.py",
        "initial_fraction: float = 0.25",
        "initial_fraction: float = 0.5",
        f"{PRESETS}::test_budget_first_share_and_schedule_of_labels",
    ),
    Mutant(
        "labels: the first before training",
        "pbrl/trainer.py",
        "return self.learning.reward(rollout) if self.learning.ready else None",
        "return self.learning.reward(rollout)",
        f"{LOOP}::test_first_an_untrained_policy_acts_and_does_not_learn",
    ),
    Mutant(
        "labels: the hyperbola has its bend at two million steps",
        "pbrl/config.py",
        "schedule_steps: float = 2e6",
        "schedule_steps: float = 2e5",
        f"{PRESETS}::test_budget_first_share_and_schedule_of_labels",
    ),
    Mutant(
        "labels: the hyperbola counts steps of training",
        "pbrl/reward_learning.py",
        "labels_due(query, steps - query.initial_steps, total_steps - query.initial_steps)",
        "labels_due(query, steps, total_steps)",
        f"{LOOP}::test_rounds_follow_the_hyperbola_in_steps_of_training",
    ),
    Mutant(
        "labels: the budget is spent by the end",
        "pbrl/query/schedule.py",
        "(begins or steps >= total_steps)",
        "begins",
        f"{LOOP}::test_rounds_follow_the_hyperbola_in_steps_of_training",
    ),
    Mutant(
        "nothing leaks: the true reward stays out of the learned one",
        "pbrl/trainer.py",
        "return self.learning.reward(rollout) if",
        "return self.learning.reward(rollout) + 1e-3 * rollout.true_rewards if",
        f"{NOTHING_LEAKS}::test_without_true_rewards_every_weight_is_the_same",
    ),
    Mutant(
        "nothing leaks: nor does it choose what is asked",
        "pbrl/query/selection.py",
        "chosen = _chosen(",
        "rewards = [buffer.cut(e[0], s[0], length).true_return for e, s in\n"
        "            zip(candidates.envs, candidates.starts, strict=True)]\n"
        "        returns = returns * np.array(rewards)[:, None]\n"
        "        chosen = _chosen(",
        f"{NOTHING_LEAKS}::test_without_true_rewards_every_weight_is_the_same",
    ),
    Mutant(
        "nothing leaks: labels are read without it",
        "pbrl/reward/labels.py",
        "true_rewards=False",
        "true_rewards=True",
        f"{LABELS}::test_the_learner_does_not_read_true_rewards",
    ),
)

AGENT_AND_TASKS = (
    Mutant(
        "agent: gamma .995",
        "pbrl/config.py",
        "gamma: float = 0.995",
        "gamma: float = 0.99",
        f"{PRESETS}::test_the_agents_discount_and_lambda",
    ),
    Mutant(
        "agent: lambda .97",
        "pbrl/config.py",
        "gae_lambda: float = 0.97",
        "gae_lambda: float = 0.95",
        f"{PRESETS}::test_the_agents_discount_and_lambda",
    ),
    Mutant(
        "agent: lambda reaches the agent",
        "pbrl/agents/build.py",
        "gae_lambda=config.gae_lambda,",
        "gae_lambda=config.gamma,",
        f"{PRESETS}::test_the_agents_discount_and_lambda",
    ),
    Mutant(
        "agent: an entropy bonus of .01",
        "pbrl/config.py",
        "entropy_bonus: float = 0.01",
        "entropy_bonus: float = 0.0",
        f"{PRESETS}::test_the_papers_entropy_bonus_without_a_preset_and_a_tenth_with_one",
    ),
    Mutant(
        "agent: an entropy bonus of .001 in the presets",
        "experiments/presets.py",
        "entropy_bonus=0.001",
        "entropy_bonus=0.01",
        f"{PRESETS}::test_the_papers_entropy_bonus_without_a_preset_and_a_tenth_with_one",
    ),
    Mutant(
        "agent: entropy is a bonus, not a penalty",
        "pbrl/agents/ppo_update.py",
        "policy_loss - hyper.ent_coef * entropy",
        "policy_loss + hyper.ent_coef * entropy",
        "tests/agents/test_ppo_update.py::test_equals_sb3s_train",
    ),
    Mutant(
        "tasks: no reward for saving torque",
        "envs/mujoco/half_cheetah.py",
        "return velocity\n",
        "return velocity - 0.1 * np.square(physics.qfrc_actuator).sum(axis=1)\n",
        f"{TASKS}::test_the_reward_has_no_term_for_torques",
    ),
    Mutant(
        "tasks: a low torso costs the hopper, in place of an early end",
        "envs/mujoco/hopper.py",
        "return velocity + physics.qpos[:, 1]",
        "return velocity",
        f"{TASKS}::test_where_gymnasium_ends_an_episode_ours_pays_less",
    ),
    Mutant(
        "tasks: a low torso costs the walker",
        "envs/mujoco/walker2d.py",
        "return velocity + physics.qpos[:, 1] - 1.0",
        "return velocity",
        f"{REWARDS}::test_true_reward",
    ),
    Mutant(
        "tasks: the ant's height counts from 1.2",
        "envs/mujoco/ant.py",
        "return velocity + physics.qpos[:, 2] - 1.2",
        "return velocity + physics.qpos[:, 2]",
        f"{REWARDS}::test_true_reward",
    ),
    Mutant(
        "tasks: a low tip costs the double pendulum",
        "envs/mujoco/inverted_double_pendulum.py",
        "return alive - distance - speed + 10.0 * (z - 1.0)",
        "return alive - distance - speed",
        f"{REWARDS}::test_true_reward",
    ),
    Mutant(
        "tasks: the pendulum's angle costs",
        "envs/mujoco/inverted_pendulum.py",
        "return 1.0 - np.square(physics.qpos[:, 1])",
        "return 1.0 - 0.0 * physics.qpos[:, 1]",
        f"{TASKS}::test_a_falling_pole_pays_less_and_goes_on",
    ),
    Mutant(
        "tasks: the reacher's distance costs",
        "envs/mujoco/reacher.py",
        "return -np.linalg.norm(_reach(physics), axis=1)",
        "return np.linalg.norm(_reach(physics), axis=1)",
        f"{REWARDS}::test_true_reward",
    ),
    Mutant(
        "tasks: no early end",
        "envs/mujoco/batched.py",
        "terminations = np.zeros(self.num_envs, np.bool_)",
        "terminations = self._simulation.qpos[:, 1] < -0.7",
        f"{TASKS}::test_an_episode_lasts_its_number_of_steps",
    ),
    Mutant(
        "tasks: a fixed number of steps",
        "envs/mujoco/hopper.py",
        "episode_steps=1000",
        "episode_steps=500",
        "tests/envs/test_tasks.py::test_the_suite_is_the_table",
    ),
    Mutant(
        "tasks: a time limit tells the agent nothing",
        "pbrl/agents/learning.py",
        "rewards.astype(np.float32) + gamma * recording.final_values",
        "rewards.astype(np.float32)",
        "tests/agents/test_ppo_update.py::test_equals_sb3s_train",
    ),
)

TEACHERS = (
    Mutant(
        "teachers: skip where both clips are poor, not one",
        "pbrl/annotators/teacher.py",
        "(returns.max(-1) <= threshold)",
        "(returns.min(-1) <= threshold)",
        f"{TEACHER}::test_skip_by_hand",
    ),
    Mutant(
        "teachers: rationality steepens the choice",
        "pbrl/annotators/teacher.py",
        "choice_probability(self.beta * scale * sums)",
        "choice_probability(scale * sums)",
        f"{TEACHER}::test_stochastic_by_hand",
    ),
    Mutant(
        "teachers: a mistake turns the choice around",
        "pbrl/annotators/teacher.py",
        "np.where(draws[:, 1] < self.epsilon, -preference, preference)",
        "np.where(draws[:, 1] < self.epsilon, 1.0, preference)",
        f"{TEACHER}::test_mistake_by_hand",
    ),
    Mutant(
        "teachers: equal looks at undiscounted sums",
        "pbrl/annotators/teacher.py",
        "returns = scale.returns(true_rewards)",
        "returns = scale.returns(true_rewards * weights)",
        f"{TEACHER}::test_equal_looks_at_undiscounted_sums",
    ),
    Mutant(
        "teachers: thresholds are those of a clip's share of an episode",
        "pbrl/annotators/synthetic.py",
        "episode_return / self.episode_steps",
        "episode_return",
        f"{SYNTHETIC}::test_thresholds_scale_with_recent_episodes_once",
    ),
    Mutant(
        "teachers: thresholds follow the last ten episodes",
        "pbrl/trainer.py",
        "TEACHER_WINDOW = 10",
        "TEACHER_WINDOW = 100",
        f"{LOOP}::test_teachers_hear_of_the_last_ten_true_episodes",
    ),
    Mutant(
        "teachers: rewards are shifted at every step",
        "pbrl/annotators/reward_scale.py",
        "self.shift * true_rewards.shape[-1]",
        "self.shift",
        "tests/annotators/test_reward_scale.py::test_by_hand",
    ),
)

MISTAKES = (
    Mutant(
        "mistake 1: L2 raised where it should fall",
        "pbrl/reward/fitting.py",
        "torch.where(ratio > high, factor, torch.where(ratio < low, 1 / factor, 1.0))",
        "torch.where(ratio > high, 1 / factor, torch.where(ratio < low, factor, 1.0))",
        f"{FITTING}::test_l2_rises_when_validation_loss_is_too_high_and_falls_when_too_low",
    ),
    Mutant(
        "mistake 1: a ratio of sums over splits of unequal size",
        "pbrl/reward/explained.py",
        "(loss * data.counts).sum(dim=1) / data.counts.sum(dim=1).clamp_min(1)",
        "(loss * data.counts).sum(dim=1)",
        f"{PREDICTORS}::test_losses_are_means_over_splits_of_unequal_size",
    ),
    Mutant(
        "mistake 2: a label trained on by those that left it out",
        "pbrl/reward/bootstrap.py",
        "members, labels = counts.shape",
        "counts = np.maximum(counts, 1)\n    members, labels = counts.shape",
        f"{BOOTSTRAP}::test_minibatches_never_hold_what_a_member_left_out "
        f"{PREDICTORS}::test_a_member_never_trains_on_what_it_is_validated_on",
    ),
    Mutant(
        "mistake 2: a label that changes sides when others arrive",
        "pbrl/reward/bootstrap.py",
        "_counts_of(int(number), members",
        "_counts_of(int(number) + len(numbers), members",
        f"{BOOTSTRAP}::test_a_label_keeps_its_side_when_others_arrive",
    ),
    Mutant(
        "mistake 3: the threshold of equal scaled twice",
        "pbrl/annotators/teacher.py",
        "< self.equal * clip_return",
        "< self.equal * self.equal * clip_return",
        f"{TEACHER}::test_equal_by_hand",
    ),
    Mutant(
        "mistake 3: the threshold of skip scaled twice",
        "pbrl/annotators/teacher.py",
        "threshold = self.skip * clip_return",
        "threshold = self.skip * self.skip * clip_return",
        f"{TEACHER}::test_skip_by_hand",
    ),
    Mutant(
        "mistake 4: myopic weights in the wrong direction",
        "pbrl/annotators/teacher.py",
        "np.arange(steps - 1, -1, -1)",
        "np.arange(steps)",
        f"{TEACHER}::test_myopic_by_hand",
    ),
    Mutant(
        "mistake 5: the wrong end of the acquisition",
        "pbrl/query/acquisition.py",
        "np.argsort(-scores,",
        "np.argsort(scores,",
        f"{ACQUISITION}::test_disagreement_asks_where_members_disagree_most",
    ),
    Mutant(
        "mistake 6: pairs told apart by their first clip",
        "pbrl/query/candidates.py",
        "np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)",
        "np.unique(pairs[:, 0], return_index=True)",
        f"{CANDIDATES}::test_a_pair_is_proposed_once_whatever_its_order_but_a_clip_may_return_in_another_pair",
    ),
    Mutant(
        "mistake 6: the same pair in another order",
        "pbrl/query/candidates.py",
        "np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)",
        "np.unique(pairs, axis=0, return_index=True)",
        f"{CANDIDATES}::test_a_pair_is_proposed_once_whatever_its_order_but_a_clip_may_return_in_another_pair",
    ),
    Mutant(
        "mistake 7: a rollout beyond the asked steps",
        "pbrl/trainer.py",
        "config.total_steps // self.rollout_size * self.rollout_size",
        "-(-config.total_steps // self.rollout_size) * self.rollout_size",
        f"{LOOP}::test_no_step_more_than_was_asked_for",
    ),
    Mutant(
        "mistake 7: one rollout too many",
        "pbrl/trainer.py",
        "while self.steps < self.total_steps and",
        "while self.steps <= self.total_steps and",
        f"{LOOP}::test_no_step_more_than_was_asked_for",
    ),
    Mutant(
        "mistake 8: a rollout scored by two models",
        "pbrl/reward_learning.py",
        "return self.ensemble.reward(rollout.observations, rollout.actions)",
        "rewards = self.ensemble.reward(rollout.observations, rollout.actions)\n"
        "        self.fit()\n"
        "        rewards[:5] = self.ensemble.reward(rollout.observations, rollout.actions)[:5]\n"
        "        return rewards",
        f"{LOOP}::test_one_model_rewards_all_steps_of_a_rollout",
    ),
    Mutant(
        "mistake 9: validated on all labels",
        "pbrl/reward/explained.py",
        "left_out = (data.counts == 0)",
        "left_out = (data.counts >= 0)",
        f"{PREDICTORS}::test_answers_are_judged_by_members_that_left_them_out",
    ),
    Mutant(
        "mistake 9: evaluated on all labels",
        "pbrl/reward/ensemble.py",
        "data = self._fit_data(labels, counts)\n        return",
        "data = self._fit_data(labels, 0 * counts)\n        return",
        f"{PREDICTORS}::test_answers_are_judged_by_members_that_left_them_out",
    ),
    Mutant(
        "mistake 10: clips that cross a reset",
        "pbrl/buffer.py",
        "whole = ends_before[:, last:-1] == ends_before",
        "whole = ends_before[:, last:-1] >= ends_before",
        f"{BUFFER}::test_clip_starts_are_exactly_the_clips_of_one_episode_in_the_ring",
    ),
    Mutant(
        "mistake 10: a reset inside a clip that is cut out",
        "pbrl/buffer.py",
        'if clip.pop("dones")[:-1].any():',
        'if clip.pop("dones")[:0].any():',
        f"{BUFFER}::test_cut_refuses_to_cross_a_reset",
    ),
    Mutant(
        "mistake 10: clips padded with what the ring held before",
        "pbrl/buffer.py",
        "or np.any(starts + length > self.steps_added)",
        "",
        f"{BUFFER}::test_clips_outside_the_ring_are_refused",
    ),
    Mutant(
        "mistake 10: a clip compared with itself or an overlapping one",
        "pbrl/query/candidates.py",
        "kept = pairs[~shared]",
        "kept = pairs",
        f"{CANDIDATES}::test_clips_of_a_pair_never_overlap_nor_are_the_same",
    ),
    Mutant(
        "mistake 10: a clip compared with one that overlaps it",
        "pbrl/buffer.py",
        "(np.abs(starts_a - starts_b) < length)",
        "(starts_a == starts_b)",
        f"{BUFFER}::test_overlaps",
    ),
    Mutant(
        "mistake 11: a checkpoint's name that never moves",
        "pbrl/checkpoints.py",
        'f"step_{steps:012d}"',
        'f"step_{0:012d}"',
        f"{LOOP}::test_checkpoints_count_the_steps",
    ),
    Mutant(
        "mistake 11: a count since the last checkpoint that never moves",
        "pbrl/trainer.py",
        "self._saved, self._learnt = self.steps, False",
        "self._learnt = False",
        f"{LOOP}::test_checkpoints_count_the_steps",
    ),
    Mutant(
        "mistake 12: the learned reward recorded as the true one",
        "pbrl/trainer.py",
        "self.true_returns.add(rollout.true_rewards, rollout.boundaries)\n"
        "        self._unrewarded = rollout.boundaries\n"
        "        rewards = self._rewards(rollout)",
        "rewards = self._rewards(rollout)\n"
        "        self.true_returns.add(rollout.true_rewards if rewards is None else rewards,\n"
        "                              rollout.boundaries)",
        f"{LOOP}::test_true_and_learned_returns_are_recorded_apart",
    ),
    Mutant(
        "mistake 12: the learned reward stored as the true one",
        "pbrl/reward_learning.py",
        "judged = rollout.true_rewards - ",
        "judged = self.reward(rollout).astype(np.float64) - ",
        f"{LOOP}::test_what_is_stored_as_true_reward_is_the_tasks",
    ),
    Mutant(
        "mistake 13: the ensemble's loss as a mean",
        "pbrl/reward/fitting.py",
        "(fit + l2 * squared_weights(mlp, params)).sum()",
        "(fit + l2 * squared_weights(mlp, params)).mean()",
        f"{FITTING}::test_a_members_step_does_not_depend_on_the_size_of_the_ensemble",
    ),
    Mutant(
        "mistake 14: a skip folded into a tie",
        "pbrl/annotators/teacher.py",
        "Comparison.SKIP if is_poor else",
        "Comparison.TIE if is_poor else",
        f"{TEACHER}::test_skip_by_hand",
    ),
    Mutant(
        "mistake 14: can't tell stored as a tie",
        "pbrl/feedback/comparison.py",
        "return answer.value\n",
        'return "tie" if answer is Comparison.CANT_TELL else answer.value\n',
        f"{LABELS}::test_cant_tell_and_skip_are_kept_but_not_learnt_from",
    ),
    Mutant(
        "mistake 15: a normaliser of rewards over all history",
        "pbrl/reward/ensemble.py",
        "self.output_mean = rewards.mean(dim=1)",
        "self.output_mean = 0.5 * (self.output_mean + rewards.mean(dim=1))",
        f"{PREDICTORS}::test_the_normaliser_forgets_what_was_before",
    ),
    Mutant(
        "mistake 15: a normaliser of inputs over all history",
        "pbrl/reward/ensemble.py",
        "std = rows.std(axis=0, dtype=np.float64)",
        "std = np.maximum(rows.std(axis=0, dtype=np.float64), self.input_std.numpy())",
        f"{PREDICTORS}::test_the_normaliser_forgets_what_was_before",
    ),
    Mutant(
        "mistake 16: the ring kept alive by a clip cut from it",
        "pbrl/buffer.py",
        "{name: array.copy() for name, array in clip.items()}",
        "clip",
        f"{BUFFER}::test_a_segment_owns_its_memory_and_outlives_the_ring",
    ),
    Mutant(
        "mistake 17: a schedule in fractions of training",
        "pbrl/query/schedule.py",
        "math.log1p(training_steps / c) / math.log1p(total_training_steps / c)",
        "training_steps / total_training_steps + 0 * c",
        f"{SCHEDULE}::test_the_rate_is_a_hyperbola_in_steps",
    ),
    Mutant(
        "mistake 17: an exponential schedule",
        "pbrl/query/schedule.py",
        "math.log1p(training_steps / c) / math.log1p(total_training_steps / c)",
        "math.expm1(-training_steps / c) / math.expm1(-total_training_steps / c)",
        f"{SCHEDULE}::test_the_rate_is_a_hyperbola_in_steps",
    ),
    Mutant(
        "mistake 18: random actions for the first clips",
        "pbrl/agents/preference_ppo.py",
        "actions = self._act(prepared, weights.buffers, seen, noise[t, rows]).cpu().numpy()",
        "actions = np.stack([self.action_space.sample() for _ in range(part.num_envs)])",
        f"{LOOP}::test_the_first_actions_are_the_policys_own_not_random_ones",
    ),
    Mutant(
        "mistake 19: a plain ratio of returns as the score",
        "experiments/analysis/scores.py",
        "(returns.learned - returns.untrained) / np.where(gains > 0, gains, np.nan)",
        "returns.learned / np.where(gains > 0, returns.true, np.nan)",
        "tests/experiments/analysis/test_scores.py::test_negative_returns_do_not_mislead",
    ),
)

STORE = (
    Mutant(
        "store: one at a time hands out the queries of a run",
        "pbrl/store/leases.py",
        "statements.lock_run(connection, run)",
        "statements.require_run(connection, run)",
        f"{POSTGRESQL}::test_one_at_a_time_hands_out_the_queries_of_a_run",
    ),
    Mutant(
        "store: a lease that has run out is free for others",
        "pbrl/store/leases.py",
        "table.c.ends_at <= now",
        "table.c.ends_at <= 0",
        f"{LEASES}::test_a_lease_runs_out_and_another_viewer_gets_the_query",
    ),
    Mutant(
        "store: a lease that has run out is not renewed",
        "pbrl/store/leases.py",
        "table.c.viewer == viewer, table.c.ends_at > now)",
        "table.c.viewer == viewer)",
        f"{LEASES}::test_a_lease_that_ran_out_is_not_renewed_though_nobody_took_it",
    ),
    Mutant(
        "store: a pair on lease is not given to another",
        "pbrl/store/leases.py",
        "labels + about_to_come < waiting.c.wanted",
        "labels < waiting.c.wanted",
        f"{LEASES}::test_two_viewers_never_get_the_same_query_lowest_numbers_first",
    ),
    Mutant(
        "store: answers count among those that are wanted",
        "pbrl/store/leases.py",
        "labels + about_to_come < waiting.c.wanted",
        "about_to_come < waiting.c.wanted",
        f"{LEASES}::test_overlap_is_two_different_people",
    ),
    Mutant(
        "store: no one is asked again what they have judged",
        "pbrl/store/leases.py",
        ".where(~conditions.judged(annotator), conditions",
        ".where(conditions",
        f"{LEASES}::test_answers_that_check_people_do_not_close_a_query",
    ),
    Mutant(
        "store: what was judged anew does not come back with an old answer that is taken back",
        "pbrl/store/answers.py",
        "leased = viewer is not None and not connection.execute(select(anew)).scalar_one()",
        "leased = viewer is not None",
        f"{LEASES}::test_who_has_judged_a_query_anew_meanwhile_does_not_get_it_again",
    ),
    Mutant(
        "store: overlap is two people, not two viewers of one",
        "pbrl/store/leases.py",
        "or_(leases.c.annotator == annotator, leases.c.viewer == viewer)",
        "leases.c.viewer == viewer",
        f"{LEASES}::test_overlap_is_two_different_people",
    ),
    Mutant(
        "store: what is taken back waits again",
        "pbrl/store/answers.py",
        "            statements.let_wait(connection, *it)\n",
        "",
        f"{LEASES}::test_a_query_whose_answer_was_taken_back_is_handed_out_again",
    ),
    Mutant(
        "store: the same token is the same answer",
        "pbrl/store/answers.py",
        '"token": token,',
        '"token": None,',
        f"{ANSWERS}::test_a_retry_adds_nothing",
    ),
    Mutant(
        "store: the token of another query is no retry",
        "pbrl/store/answers.py",
        '(first.run, first.number) != (row["run"], row["number"])',
        'first.run != row["run"]',
        f"{ANSWERS}::test_a_token_of_another_query_is_refused",
    ),
    Mutant(
        "store: clips with an answer are never evicted",
        "pbrl/store/clips.py",
        "        exists().where(conditions.of_the_query(answered)),\n",
        "",
        f"{CLIPS}::test_what_someone_may_want_is_never_evicted",
    ),
    Mutant(
        "store: clips that someone looks at are never evicted",
        "pbrl/store/clips.py",
        "        conditions.leased(now),\n",
        "",
        f"{CLIPS}::test_what_someone_may_want_is_never_evicted",
    ),
)

BESIDE_PEOPLE = (
    Mutant(
        "people: training waits for the first share",
        "pbrl/people.py",
        "return self._first\n",
        "return 0\n",
        f"{PEOPLE}::test_all_of_the_first_share_is_asked_at_once_and_waited_for",
    ),
    Mutant(
        "people: answers may lag behind the schedule by max_lag",
        "pbrl/people.py",
        " - self._config.query.max_lag",
        "",
        f"{PEOPLE}::test_training_waits_for_people_who_fell_behind_and_goes_on_with_them",
    ),
    Mutant(
        "people: no more is asked than the budget",
        "pbrl/people.py",
        "min(learning.due(now.steps, now.total_steps) + query.ahead, query.label_budget)",
        "learning.due(now.steps, now.total_steps) + query.ahead",
        f"{PEOPLE}::test_a_person_who_answers_all_takes_the_run_to_its_end_within_the_budget",
    ),
    Mutant(
        "people: answers taken back bring a fit too",
        "pbrl/people.py",
        "len(answers ^ self._fitted)",
        "len(answers - self._fitted)",
        f"{PEOPLE}::test_an_undo_leaves_the_data_at_the_next_fit",
    ),
    Mutant(
        "people: a damaged clip costs its label and not the run",
        "pbrl/cli/assembly.py",
        "say = display.say if annotator is None else None",
        "say = None",
        f"{PEOPLE}::test_a_clip_that_is_damaged_after_its_question_was_answered_"
        "costs_that_label_alone",
    ),
    Mutant(
        "viewer: the next pair shows only once the answer is durable",
        "labeling_ui/session.py",
        "self.screen, self._from_browsing = Screen.STORING, False\n"
        "            self._requests.append(Store(judgement))",
        "self._requests.append(Store(judgement))\n            self._next()",
        f"{SESSION}::test_the_next_pair_is_shown_only_when_the_answer_is_durable",
    ),
    Mutant(
        "viewer: who is away leaves the pairs to others",
        "labeling_ui/session.py",
        "        self._requests.append(Rest())\n",
        "",
        f"{SESSION}::test_who_does_nothing_for_long_leaves_the_pairs_to_others_and_gets_new_ones",
    ),
    Mutant(
        "viewer: left is the clip that stands left",
        "labeling_ui/stage.py",
        "chosen = self.left if action in (Action.LEFT, Action.MUCH_LEFT) else 1 - self.left",
        "chosen = 0 if action in (Action.LEFT, Action.MUCH_LEFT) else 1",
        f"{SESSION}::test_a_key_means_the_clip_that_stands_on_its_side",
    ),
    Mutant(
        "viewer: which clip stands left is drawn anew for each pair",
        "labeling_ui/stage.py",
        "int(self._rng.integers(2)) if pair.left is None",
        "0 if pair.left is None",
        f"{SESSION}::test_the_side_is_drawn_and_both_occur",
    ),
)

GAMES = (
    Mutant(
        "games: the score is black",
        "envs/atari/batched.py",
        "black_out(pictures, self._game.blanks)",
        "pass",
        f"{ATARI}::test_the_score_is_black_in_what_the_agent_and_a_person_see",
    ),
    Mutant(
        "games: only the digits' colour is black where something moves",
        "envs/atari/screen.py",
        "if one.ink is None:",
        "if True:",
        f"{SCREEN}::test_ink_leaves_other_colours",
    ),
    Mutant(
        "games: BeamRider's enemies left are black",
        "envs/atari/games.py",
        "Blank(10, 61, 8, 46), Blank(32, 20, 8, 11)",
        "Blank(10, 61, 8, 46), Blank(32, 20, 8, 4)",
        f"{RECTANGLES}::test_what_shows_the_score_vanishes",
    ),
    Mutant(
        "games: a game's end is not told",
        "envs/atari/batched.py",
        "never = np.zeros(self.num_envs, np.bool_)",
        "never = over",
        f"{ATARI}::test_a_new_game_begins_in_the_step_that_ends_the_last_one "
        f"{ATARI}::test_neither_a_lost_life_nor_a_games_end_is_told",
    ),
    Mutant(
        "games: no observation holds two games",
        "envs/atari/batched.py",
        "self.observations[began] = self._shrunk[began][:, None]",
        "pass",
        f"{ATARI}::test_a_new_game_begins_in_the_step_that_ends_the_last_one",
    ),
    Mutant(
        "games: up to 30 no-ops",
        "envs/atari/batched.py",
        "noop_max=30",
        "noop_max=0",
        f"{ATARI}::test_seeds_make_games_and_threads_do_not",
    ),
    Mutant(
        "games: an action lasts four frames",
        "envs/atari/batched.py",
        "FRAME_SKIP = 4",
        "FRAME_SKIP = 3",
        f"{ATARI}::test_an_observation_is_what_the_paper_says_frame_by_frame",
    ),
    Mutant(
        "games: an interrupted step is over before a snapshot",
        "envs/atari/batched.py",
        "        if self._sent:\n            self.receive()",
        "        pass",
        f"{HALVES}::test_a_step_that_nobody_waited_for_is_over_before_anything_else",
    ),
    Mutant(
        "games: a copy has the same seed in a half as in the whole",
        "envs/atari/double_buffered.py",
        "None if seeds is None else seeds[rows]",
        "seed",
        f"{HALVES}::test_halves_are_the_whole_to_the_bit",
    ),
    Mutant(
        "games: a half steps while the policy is asked about the other",
        "pbrl/agents/turns.py",
        "if len(under_way) == len(parts):",
        "if under_way:",
        f"{TURNS}::test_a_half_steps_while_the_policy_is_asked_about_the_other",
    ),
    Mutant(
        "games: what half a step did is written into its own rows",
        "pbrl/agents/recording.py",
        "rollout.true_rewards[at] = rewards",
        "rollout.true_rewards[t, : len(rewards)] = rewards",
        f"{TURNS}::test_what_is_collected_is_the_same",
    ),
    Mutant(
        "games: what normalises is measured when the weights have moved",
        "pbrl/reward/picture_ensemble.py",
        "        self._measure_statistics(checked.inputs)\n",
        "        if not self.updates:\n            self._measure_statistics(checked.inputs)\n",
        f"{PICTURE_ENSEMBLE}::test_what_normalises_is_measured_with_the_weights_as_they_are",
    ),
    Mutant(
        "games: L2 moves though a fit has few steps",
        "pbrl/reward/ensemble.py",
        "if (self.updates + update) % config.l2_every == 0:",
        "if update % config.l2_every == 0:",
        f"{PREDICTORS}::test_l2_moves_though_a_fit_has_fewer_steps_than_lie_between_two_adjustments",
    ),
    Mutant(
        "games: the maximum of two frames",
        "envs/atari/batched.py",
        "maxpool=True",
        "maxpool=False",
        f"{ATARI}::test_an_observation_is_what_the_paper_says_frame_by_frame",
    ),
    Mutant(
        "games: the score is reported raw",
        "envs/atari/batched.py",
        "reward_clipping=False",
        "reward_clipping=True",
        f"{ATARI}::test_rewards_are_the_raw_score",
    ),
    Mutant(
        "games: no clip goes on into the next game",
        "pbrl/reward_learning.py",
        "            rollout.boundaries,\n",
        "            rollout.ended,\n",
        f"{GAMES_RECIPE}::test_no_clip_holds_pictures_of_two_games",
    ),
    Mutant(
        "games: a clip holds no pictures of the game before",
        "pbrl/buffer.py",
        "np.maximum(np.arange(-self._before, length), -ages[:, None])",
        "np.arange(-self._before, length) + 0 * ages[:, None]",
        f"{BUFFER}::test_a_clip_of_pictures_is_what_the_agent_saw",
    ),
    Mutant(
        "games: the oracle takes a penalty off a game's last step",
        "pbrl/reward_learning.py",
        "self._end_penalty * rollout.game_over",
        "0.0 * rollout.game_over",
        f"{GAMES_RECIPE}::test_the_oracle_judges_by_the_raw_score_less_a_penalty_at_the_end",
    ),
    Mutant(
        "games: who learns from the score gets it clipped",
        "pbrl/trainer.py",
        "clips = self.config.agent.clip_true_reward",
        "clips = False",
        f"{GAMES_RECIPE}::test_who_learns_from_the_score_gets_it_clipped",
    ),
    Mutant(
        "games: strides 3, 2, 1, 1",
        "pbrl/reward/cnn.py",
        "(3, 2, 1, 1)",
        "(3, 2, 2, 1)",
        f"{CNN}::test_the_shape_is_the_papers",
    ),
    Mutant(
        "games: dropout",
        "pbrl/reward/cnn.py",
        "(uniform >= cnn.dropout)",
        "(uniform >= 0)",
        f"{CNN}::test_dropout_takes_whole_channels_and_keeps_the_mean",
    ),
    Mutant(
        "games: batch normalisation after training",
        "pbrl/reward/cnn.py",
        ", shift - mean * gain))",
        ", shift - 0 * gain))",
        f"{CNN}::test_after_training_each_member_is_its_own_network",
    ),
    Mutant(
        "games: the latest 3,000 labels",
        "pbrl/reward/labels.py",
        "useful = useful[-self._window :]",
        "useful = useful[:]",
        f"{READER}::test_only_the_latest_labels_are_kept",
    ),
    Mutant(
        "games: 200 passes over 500 comparisons before the agent learns",
        "experiments/presets.py",
        "initial_updates=6250",
        "initial_updates=1000",
        f"{GAMES_RECIPE}::test_500_comparisons_and_200_epochs_before_the_agent_learns",
    ),
)

MUTANTS = (
    *(*CHOICE, *ENSEMBLE, *QUESTIONS, *AGENT_AND_TASKS, *TEACHERS, *MISTAKES),
    *(*STORE, *BESIDE_PEOPLE, *GAMES),
)
