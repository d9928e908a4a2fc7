"""Presets, comparisons with other libraries, and the results that the repository holds."""
