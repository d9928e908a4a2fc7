"""What needs no cluster; with one, see tests/cli/test_sweep_on_ray.py."""

import sys

import pytest

from experiments.sweeps.ray_workers import RayWorkers
from pbrl.errors import ConfigError, PbrlError


def test_without_ray_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ConfigError, match=r"pip install 'pbrl\[ray\]'"):
        RayWorkers("local", tmp_path, 1, 0, None, 5)


def test_an_address_where_nobody_listens_is_refused_at_once(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", object())
    with pytest.raises(PbrlError, match="no Ray cluster at '127.0.0.1:1': .*refused"):
        RayWorkers("127.0.0.1:1", tmp_path, 1, 0, None, 5)
