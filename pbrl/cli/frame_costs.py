"""What it costs to record pictures while the agent acts, measured on the task itself."""

import time

import envs
from pbrl.cli.assembly import make_env
from pbrl.config import TrainConfig
from pbrl.frames import encode_frame

TRIED_STEPS = 50


def cost_of_frames(config: TrainConfig, task: envs.TaskInfo) -> str:
    """Returns a sentence on how much slower the task steps with pictures, and their size."""
    without, _ = _try_out(config, record_frames=False)
    seconds, size = _try_out(config, record_frames=True)
    kept = config.query.buffer_steps * size / 1e6
    first, whole = (
        steps * seconds / 60 for steps in (config.query.initial_steps, config.total_steps)
    )
    return (
        f"{task.env_id} cannot be drawn from its states, so pictures are recorded while the agent "
        f"acts: it steps {1 / seconds:,.0f} times a second with them, {1 / without:,.0f} without "
        f"(measured just now). They take {size / 1e3:,.1f} MB per 1,000 steps, at most "
        f"{kept:,.0f} MB in memory and in a checkpoint. The first clips are there after about "
        f"{first:,.0f} minutes (fewer with --query.initial-steps), the whole run takes "
        f"{whole:,.0f} or more (--total-steps)."
    )


def _try_out(config: TrainConfig, *, record_frames: bool) -> tuple[float, float]:
    """Returns seconds a step and bytes a picture, from a few steps of one environment."""
    env = make_env(config.env, 1, record_frames=record_frames)
    try:
        env.action_space.seed(0)
        env.reset(seed=0)
        begin, size = time.perf_counter(), 0
        for _ in range(TRIED_STEPS):
            env.step(env.action_space.sample())
            if env.frames is not None:
                size += len(encode_frame(env.frames[0]))
        return (time.perf_counter() - begin) / TRIED_STEPS, size / TRIED_STEPS
    finally:
        env.close()
