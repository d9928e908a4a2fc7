"""Labels after they were given: how good they are, and their way to files and other stores."""

from pbrl.labels.addition import Added, add_contents
from pbrl.labels.contents import Contents, store_contents
from pbrl.labels.exchange import read_labels, write_labels
from pbrl.labels.findings import warnings
from pbrl.labels.merge import describe, merge_stores
from pbrl.labels.opening import OpenLabels, open_labels
from pbrl.labels.statistics import AnnotatorStatistics, LabelStatistics, label_statistics

__all__ = [
    "Added",
    "AnnotatorStatistics",
    "Contents",
    "LabelStatistics",
    "OpenLabels",
    "add_contents",
    "describe",
    "label_statistics",
    "merge_stores",
    "open_labels",
    "read_labels",
    "store_contents",
    "warnings",
    "write_labels",
]
