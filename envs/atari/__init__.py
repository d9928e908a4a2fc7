"""Atari games, stepped by the ALE's vector environment."""
