"""Who answers queries at once: synthetic teachers. People answer at the viewer."""

from pbrl.annotators.annotator import Annotator
from pbrl.annotators.behaviour_teacher import BehaviourTeacher
from pbrl.annotators.reward_scale import REWARD_SCALES, RewardScale
from pbrl.annotators.synthetic import SyntheticAnnotator, synthetic_annotator
from pbrl.annotators.target import TARGET, TargetAnnotator
from pbrl.annotators.teacher import TEACHERS, Teacher

__all__ = [
    "REWARD_SCALES",
    "TARGET",
    "TEACHERS",
    "Annotator",
    "BehaviourTeacher",
    "RewardScale",
    "SyntheticAnnotator",
    "TargetAnnotator",
    "Teacher",
    "synthetic_annotator",
]
