"""What this machine has for training, drawing and labelling, and what to install for the rest.

A finding is in one of three states: fine (`ok`, no remedy); fine for some of the work, with a
remedy that opens the rest (`ok` and a remedy: no GPU, no display); broken (not `ok`).

Nothing here imports torch or the tasks before it must, so that the doctor also runs where they
are what is broken. The frame is drawn in another process, because a GL library may crash.
"""

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

PYTHONS = ((3, 11), (3, 13))
"""Oldest and newest Python that are supported."""
MEMORY_GB = 2.0
"""A run of 1M steps of HalfCheetah peaks below 1.5 GB."""
DISK_GB = 2.0
"""Labels, clips and checkpoints of a few runs."""
CLASHES = (
    ("pygame", ("pygame-ce",)),
    (
        "opencv-python",
        ("opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    ),
)
"""What we depend on, and packages that write the same files under another name."""
DRAW_ONE_FRAME = """
import envs
task = envs.make_task("pbrl/HalfCheetah-v0", 1)
task.reset(seed=0)
frames = envs.draw("pbrl/HalfCheetah-v0", task.render_states, 64, 48)
assert frames.shape == (1, 48, 64, 3) and frames.std() > 0, "the frame is empty"
"""
GL_REMEDY = "as root: apt-get install libegl1 libgl1-mesa-dri (or libosmesa6)"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    """What was looked at, in one or two words."""
    ok: bool
    """Whether the work can be done with it as it is."""
    detail: str
    """What was found."""
    remedy: str = ""
    """What to do for more, or to mend it; empty when there is nothing to do."""


def examine() -> list[Finding]:
    """Looks at the machine; takes some seconds, for torch and for one drawn frame."""
    looks = (
        _python,
        _processor,
        _memory,
        _disk,
        _torch,
        _compiler,
        envs_package,
        _drawing,
        _display,
        _ffmpeg,
    )
    return [look() for look in looks] + [_clash(ours, others) for ours, others in CLASHES]


def report(console: Console | None = None) -> int:
    """Prints what was found, readably.

    Args:
        console: Where to print; standard output when left out.

    Returns:
        The exit code: 0, or 1 if something is broken.
    """
    findings = examine()
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        mark, style = ("ok", "green") if finding.ok else ("no", "bold red")
        table.add_row(Text(mark, style), Text(finding.what, "bold"), Text(finding.detail))
        if finding.remedy:
            table.add_row("", "", Text(f"-> {finding.remedy}", "yellow"))
    (console or Console()).print(table)
    return 0 if all(finding.ok for finding in findings) else 1


def envs_package() -> Finding:
    """Whether `import envs` finds our tasks: an unrelated package on PyPI has the same name."""
    spec = importlib.util.find_spec("envs")
    if spec is None:
        return Finding("tasks", False, "there is no package envs", "pip install pbrl again")
    found = Path(spec.origin or next(iter(spec.submodule_search_locations or ()), "")).resolve()
    ours = Path(__file__).resolve().parent.parent / "envs"
    if found == ours / "__init__.py":
        return Finding("tasks", True, f"envs is ours, at {ours}")
    return Finding(
        "tasks",
        False,
        f"import envs finds {found}, which is not pbrl's",
        "pip uninstall envs, then install pbrl again; or leave the folder that holds another envs",
    )


def _python() -> Finding:
    """The interpreter's version."""
    oldest, newest = PYTHONS
    supported = oldest <= sys.version_info[:2] <= newest
    wanted = f"use Python {oldest[0]}.{oldest[1]} to {newest[0]}.{newest[1]}"
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Finding("Python", supported, detail, "" if supported else wanted)


def _processor() -> Finding:
    """The cores that this process may use, which in a container are not all."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return Finding("cores", True, str(cores))


def _memory() -> Finding:
    """Physical memory."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    enough = gigabytes >= MEMORY_GB
    remedy = "" if enough else f"a run needs about {MEMORY_GB:g} GB"
    return Finding("memory", enough, f"{gigabytes:.1f} GB", remedy)


def _disk() -> Finding:
    """Free space where runs would be written."""
    gigabytes = shutil.disk_usage(Path.cwd()).free / 1e9
    enough = gigabytes >= DISK_GB
    remedy = "" if enough else f"runs need about {DISK_GB:g} GB: free some, or run elsewhere"
    return Finding("disk", enough, f"{gigabytes:.1f} GB free in {Path.cwd()}", remedy)


def _torch() -> Finding:
    """Torch and a GPU; neither is needed to label."""
    if importlib.util.find_spec("torch") is None:
        detail = "not installed: this machine can label, not train"
        return Finding("torch", True, detail, 'to train: pip install "pbrl[train]"')
    try:
        import torch
    except (ImportError, OSError) as error:
        return Finding("torch", False, f"does not load: {error}", "install torch again")
    if torch.cuda.is_available():
        detail = f"{torch.__version__}, on {torch.cuda.get_device_name()}"
        return Finding("torch", True, detail)
    remedy = ""
    if shutil.which("nvidia-smi"):
        remedy = "there is an NVIDIA driver: to use the GPU, install a CUDA build of torch"
    return Finding("torch", True, f"{torch.__version__}, on the processor", remedy)


def _compiler() -> Finding:
    """What torch.compile needs: a C++ compiler, and Python's own headers."""
    compiler = next(filter(None, map(shutil.which, (os.environ.get("CXX") or "c++", "g++"))), None)
    header = Path(sysconfig.get_path("include")) / "Python.h"
    slower = "the agent's update runs uncompiled, several times slower"
    if compiler is None:
        detail = f"no C++ compiler: {slower}"
        return Finding("compiler", True, detail, "as root: apt-get install g++")
    if not header.exists():
        remedy = "as root: apt-get install python3-dev"
        return Finding("compiler", True, f"{compiler}, but no {header}: {slower}", remedy)
    return Finding("compiler", True, compiler)


def _drawing() -> Finding:
    """Draws one frame under each offscreen GL in turn, or under the one that MUJOCO_GL names."""
    chosen = os.environ.get("MUJOCO_GL")
    failures = []
    for backend in (chosen,) if chosen else ("egl", "osmesa"):
        try:
            drawn = subprocess.run(
                [sys.executable, "-c", DRAW_ONE_FRAME],
                env={**os.environ, "MUJOCO_GL": backend},
                capture_output=True,
                text=True,
                timeout=60,
            )
        except subprocess.TimeoutExpired:
            failures.append(f"{backend}: no frame within a minute")
            continue
        if drawn.returncode == 0:
            return Finding("drawing", True, f"offscreen under {backend}")
        last = drawn.stderr.strip().rpartition("\n")[2]
        failures.append(f"{backend}: {last or f'exit status {drawn.returncode}'}")
    return Finding("drawing", False, "; ".join(failures), GL_REMEDY)


def _display() -> Finding:
    """A screen; only the viewer needs one."""
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    remedy = "to label here, start it from a desktop, or through ssh -X"
    if display and platform.system() == "Linux" and not _answers():
        return Finding(
            "display", True, f"{display} does not answer: this machine can train only", remedy
        )
    if display or platform.system() != "Linux":
        return Finding("display", True, display or platform.system())
    return Finding("display", True, "none: this machine can train, not show the viewer", remedy)


def _answers() -> bool:
    """Returns whether the display lets itself be opened, by a process that it may keep waiting."""
    # SDL goes on without a screen where it finds none.
    look = "import pygame as p; p.display.init(); exit(p.display.get_driver() in ('dummy', "
    command = [sys.executable, "-c", look + "'offscreen', 'evdev', 'KMSDRM', 'kmsdrm'))"]
    try:
        return not subprocess.run(command, capture_output=True, timeout=20).returncode
    except subprocess.TimeoutExpired:
        return False


def _ffmpeg() -> Finding:
    """What writes films."""
    try:
        import imageio_ffmpeg

        return Finding("ffmpeg", True, imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        return Finding("ffmpeg", False, str(error), "pip install imageio-ffmpeg")


def _clash(ours: str, others: tuple[str, ...]) -> Finding:
    """Whether another distribution has written over the files of one that we depend on."""
    installed = [name for name in (ours, *others) if _installed(name)]
    if installed == [ours]:
        return Finding(ours, True, metadata.version(ours))
    remedy = f"pip install {ours}"
    if installed:
        remedy = f"pip uninstall {' '.join(installed)}, then {remedy}"
    return Finding(ours, False, f"installed: {', '.join(installed) or 'neither'}", remedy)


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
