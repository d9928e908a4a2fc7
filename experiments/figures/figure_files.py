"""A figure of the paper as files: pictures, the data behind them, and the tables.

NAME.png            learning curves, a panel for each task
NAME-curves.csv     every run's curve
NAME-bands.csv      the means and intervals that are drawn of them
NAME-scores.png     scores over all tasks
NAME-scores.csv     the numbers and intervals that are drawn of them
NAME.md             tables, and what is missing
"""

from collections.abc import Sequence
from pathlib import Path

from experiments.analysis.aggregates import aggregates_of, write_aggregates
from experiments.analysis.bands import write_bands
from experiments.analysis.curves import Curve, write_curves
from experiments.analysis.returns import Returns
from experiments.figures.curve_figure import learning_curves
from experiments.figures.drawing import save
from experiments.figures.results_table import results_markdown
from experiments.figures.score_figure import aggregate_scores


def write_figure(returns: Returns, curves: Sequence[Curve], folder: Path, name: str) -> list[Path]:
    """Writes all files of a figure; the same runs give the same files.

    Args:
        returns: The finished runs. Their tasks are the panels, their conditions the lines.
        curves: Their learning curves; those of other tasks and conditions are left out.
        folder: Where the files go.
        name: What their names begin with, such as `fig2`.

    Returns:
        The files written: without a single score there is no picture of scores.

    Raises:
        PbrlError: There is nothing to draw.
    """
    curves = [c for c in curves if c.task in returns.tasks and c.condition in returns.conditions]
    aggregates = aggregates_of(returns)
    picture = learning_curves(curves, returns.tasks, returns.conditions)
    folder.mkdir(parents=True, exist_ok=True)
    endings = (".png", "-curves.csv", "-bands.csv", ".md", "-scores.csv", "-scores.png")
    files = [folder / f"{name}{ending}" for ending in endings]
    save(picture, files[0])
    write_curves(curves, files[1])
    write_bands(curves, files[2])
    files[3].write_text(results_markdown(returns, aggregates))
    write_aggregates(aggregates, files[4])
    if not any(one.mean.runs for one in aggregates):
        files[5].unlink(missing_ok=True)  # of an earlier time
        return files[:5]
    save(aggregate_scores(aggregates), files[5])
    return files
