"""Finished runs as figures in the paper's arrangement, and as tables; the data behind each too."""
