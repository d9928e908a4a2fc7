"""Continuous-control tasks on MuJoCo: one small file per task, one simulation for all."""
