"""Who answers queries. People come later; these are synthetic."""

from pbrl.annotators.annotator import Annotator
from pbrl.annotators.reward_scale import REWARD_SCALES, RewardScale
from pbrl.annotators.synthetic import SyntheticAnnotator, synthetic_annotator
from pbrl.annotators.teacher import TEACHERS, Teacher

__all__ = [
    "REWARD_SCALES",
    "TEACHERS",
    "Annotator",
    "RewardScale",
    "SyntheticAnnotator",
    "Teacher",
    "synthetic_annotator",
]
