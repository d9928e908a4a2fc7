"""What a bench came to, written down after each measurement, so that nothing is lost."""

import datetime
import json
import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from experiments.bench.measure import Measurement, Outcome, Scene, outcomes
from experiments.bench.table import document
from pbrl.runs import installed_versions, write_whole


@dataclass(slots=True)
class Results:
    """All that is in the JSON file and the table."""

    arguments: str
    """What was written after `pbrl bench`."""
    about: dict[str, Any]
    """Machine, versions and date."""
    tiny: bool
    """Whether the numbers mean nothing."""
    scenes: list[Scene] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    tried: list[dict[str, Any]] = field(default_factory=list)
    """Settings tried for each contender, with their values."""
    missing: dict[str, str] = field(default_factory=dict)
    """Peers and contenders that could not be measured, and why."""

    def outcomes(self) -> list[Outcome]:
        """Returns the figures of all scenes."""
        return [one for scene in self.scenes for one in outcomes(scene, self.measurements)]

    def write(self, folder: Path) -> None:
        """Writes `bench.json` and `bench.md`."""
        content = {
            "arguments": self.arguments,
            "tiny": self.tiny,
            "about": self.about,
            "missing": self.missing,
            "tried": self.tried,
            "figures": [
                asdict(one) | {"median": one.median, "reached": one.reached}
                for one in self.outcomes()
            ],
            "measurements": [asdict(one) for one in self.measurements],
        }
        write_whole(folder / "bench.json", (json.dumps(content, indent=1) + "\n").encode())
        write_whole(folder / "bench.md", self.markdown().encode())

    def markdown(self) -> str:
        """Returns the document for readers."""
        return document(
            self.arguments,
            self.about,
            self.missing,
            self.tried,
            self.measurements,
            self.outcomes(),
            tiny=self.tiny,
        )


def about_this_machine() -> dict[str, Any]:
    """Returns processor, load, versions and date, as they are now."""
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": processor(),
        "processors": len(os.sched_getaffinity(0)),
        "load_average": round(os.getloadavg()[0], 2),
        "versions": installed_versions(),
    }


def processor() -> str:
    """Returns the processor's model, as Linux names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
