"""A Ray cluster: each run is one task, and is begun anew elsewhere when its machine dies."""

import importlib
import os
import socket
import time
import uuid
from pathlib import Path
from typing import Any

from experiments.sweeps.cells import Cell
from experiments.sweeps.node_run import Order, carry_out
from experiments.sweeps.sweep import Change, State
from pbrl.errors import ConfigError, PbrlError
from pbrl.runs import disk_errors

RETRIES = 20
"""Times that a run is begun anew after its process or machine died."""
COUNT_EVERY_SECONDS = 5.0
CONNECT_SECONDS = 5.0


class RayWorkers:
    """Makes runs on a Ray cluster; see `experiments.sweeps.sweep.Workers`.

    Args:
        address: Of the cluster; `local` starts one on this machine.
        shared: The folder that all of its machines share.
        threads: Processors of each run.
        gpus: GPUs of each run, perhaps a share of one.
        jobs: Runs at a time; as many as the cluster has processors for if None.
        episodes: Fresh episodes that a finished run is measured by.

    Raises:
        PbrlError: Ray is not installed, there is no cluster, or no machine of it has what a run is
            to have.
    """

    def __init__(
        self,
        address: str,
        shared: Path,
        threads: int,
        gpus: float,
        jobs: int | None,
        episodes: int,
    ) -> None:
        self._ray = _connected(address)
        self._shared, self._threads, self._gpus = shared.resolve(), threads, gpus
        self._most, self._episodes = jobs, episodes
        self._tasks: dict[Any, Cell] = {}
        self._room, self._counted = 0, float("-inf")
        self._stops = 0
        self._check_room()
        self._sign = self._shared / f".sweep-{uuid.uuid4().hex}"
        with disk_errors(self._sign):
            self._shared.mkdir(parents=True, exist_ok=True)
            self._sign.touch()
        self._task = self._ray.remote(
            num_cpus=threads, num_gpus=gpus, max_retries=RETRIES, max_calls=1
        )(carry_out)

    def close(self) -> None:
        """Leaves the cluster; tasks that still run stop with a checkpoint."""
        self._sign.unlink(missing_ok=True)
        self._ray.shutdown()

    def free(self) -> bool:
        """Returns whether the cluster, as large as it is now, has room for another run."""
        if time.monotonic() - self._counted >= COUNT_EVERY_SECONDS:
            self._counted = time.monotonic()
            self._room = self._places()
        return not self._stops and len(self._tasks) < self._room

    def begin(self, cell: Cell) -> Change:
        """Begins a run, or goes on with it from its last published checkpoint."""
        order = Order(cell, self._shared, self._sign.name, self._episodes)
        self._tasks[self._task.options(name=cell.name).remote(order)] = cell
        return Change(cell, State.TRAINING, f"{cell.name}: given to the cluster.")

    def changes(self) -> list[Change]:
        """Returns what has changed since the last look."""
        if not self._tasks:
            return []
        ready, _ = self._ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=0)
        return [self._end(task) for task in ready]

    def stop(self) -> None:
        """Has all runs stop with a checkpoint; the second time, at once."""
        self._stops += 1
        self._sign.unlink(missing_ok=True)
        if self._stops > 1:
            for task in self._tasks:
                self._ray.cancel(task, force=True)

    def _end(self, task: Any) -> Change:
        cell = self._tasks.pop(task)
        try:
            change = self._ray.get(task)
        except self._ray.exceptions.RayError as error:
            reason = str(error).strip().splitlines()[0]
            change = Change(cell, State.FAILED, f"{cell.name} failed: {reason}")
        if self._stops and change.state is not State.FINISHED:
            return Change(cell, State.STOPPED)
        return change

    def _check_room(self) -> None:
        """Refuses what no machine of the cluster could take: Ray would wait for one for ever."""
        machines = self._machines()
        if any(self._places_of(one) for one in machines):
            return
        has = "; ".join(
            f"{one.get('CPU', 0):g} processors, {one.get('GPU', 0):g} GPUs" for one in machines
        )
        self._ray.shutdown()
        raise ConfigError(
            f"Each run is to have {self._threads} processors (--threads) and {self._gpus:g} GPUs "
            f"(--gpus), which no machine of the cluster has (they have {has or 'nothing'})."
        )

    def _machines(self) -> list[dict[str, float]]:
        """Returns what each machine that is alive has."""
        return [node["Resources"] for node in self._ray.nodes() if node["Alive"]]

    def _places_of(self, machine: dict[str, float]) -> int:
        """Returns how many runs a machine can take at a time."""
        places = int(machine.get("CPU", 0) // self._threads)
        if self._gpus:
            places = min(places, int(machine.get("GPU", 0) / self._gpus))
        return places

    def _places(self) -> int:
        """Returns how many runs can be made at a time."""
        places = sum(map(self._places_of, self._machines()))
        return places if self._most is None else min(places, self._most)


def _connected(address: str) -> Any:
    """Returns Ray, connected to a cluster."""
    try:
        ray = importlib.import_module("ray")
    except ModuleNotFoundError:
        raise ConfigError(
            "--ray needs Ray, which is not installed here: `pip install 'pbrl[ray]'` adds it."
        ) from None
    # A cluster of our own needs no dashboard, and tells nobody that it is used.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    alone = {"include_dashboard": False} if address == "local" else {}
    try:
        _check_reachable(address)
        ray.init(address=address, log_to_driver=False, logging_level="error", **alone)
    except (OSError, RuntimeError, ValueError) as error:
        reason = (str(error) or type(error).__name__).strip().splitlines()[0]
        raise PbrlError(
            f"There is no Ray cluster at {address!r}: {reason} Start one with `ray start --head`, "
            "name its address, or `local` for one on this machine."
        ) from error
    return ray


def _check_reachable(address: str) -> None:
    """Raises OSError if nobody listens at HOST:PORT: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()
