"""Preference-based reinforcement learning: a reward learnt from judgements, an agent from it."""
