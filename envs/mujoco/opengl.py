"""An OpenGL context without a window, on whatever this machine has."""

# pyright: reportAttributeAccessIssue=false
# (MuJoCo's compiled modules come without type stubs.)

import ctypes
import importlib
import os
import sys
from contextlib import suppress
from typing import Any

import mujoco

from envs.errors import TaskError

_LIBRARIES = {"egl": "libEGL.so.1", "osmesa": "libOSMesa.so.8"}


def choose_backend() -> str:
    """Returns how to draw: MUJOCO_GL if that is set, else EGL or OSMesa, whichever loads.

    The choice is made once for a process, since PyOpenGL cannot change it later.

    Raises:
        TaskError: Neither library is there.
    """
    chosen = os.environ.get("MUJOCO_GL") or os.environ.get("PYOPENGL_PLATFORM")
    if chosen:
        return chosen.lower()
    if sys.platform != "linux":
        return "default"
    for backend, library in _LIBRARIES.items():
        with suppress(OSError):
            ctypes.CDLL(library)
            return backend
    raise TaskError(
        "Drawing needs OpenGL without a window, and neither EGL nor OSMesa is installed. "
        "On Debian or Ubuntu: apt-get install libegl1 (or libosmesa6)."
    )


def open_context(width: int, height: int) -> Any:
    """Returns MuJoCo's OpenGL context of the chosen backend, current in this thread.

    Raises:
        TaskError: The backend cannot be used.
    """
    backend = choose_backend()
    try:
        if backend in ("egl", "osmesa", "glfw"):
            context = importlib.import_module(f"mujoco.{backend}").GLContext(width, height)
        else:
            context = mujoco.GLContext(width, height)
        context.make_current()
    except (AttributeError, ImportError, OSError, RuntimeError) as error:
        raise opengl_error(error) from error
    return context


def opengl_error(error: Exception) -> TaskError:
    """Returns what to say when the chosen backend cannot be used."""
    return TaskError(
        f"OpenGL does not start with the backend {choose_backend()!r} ({error}). "
        "Set MUJOCO_GL to egl, osmesa or glfw to choose another; "
        "on Debian or Ubuntu the first two need libegl1 and libosmesa6."
    )
