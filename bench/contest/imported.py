"""Results of others in a contest: accuracies that were imported, and nothing else that a run would have left.

They lie where results of runs lie, but are none of the contest's runs: no command does them, redoes them or takes them
for stale. `config` in a result says ``imported``, and from where.
"""

import contextlib
import datetime
import math
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.contest import results
from bench.contest.cost import info_of
from bench.contest.definition import Contest, Run
from bench.contest.results import Result
from bench.contest.scores import SCORES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Origin:
    """Where numbers come from."""

    source: str
    """Whom to cite."""
    file: str
    sha256: str
    normalise: str | None = None
    """How the data were normalised: ``series`` or ``none``; None where nobody knows."""


def digest(path: Path) -> str:
    """Hash a file, or all files in a folder with their names."""
    if path.is_file():
        return sha256(path.read_bytes()).hexdigest()
    inside = sorted(found for found in path.rglob("*") if found.is_file())
    hashes = [f"{found.relative_to(path)} {sha256(found.read_bytes()).hexdigest()}" for found in inside]
    return sha256("\n".join(hashes).encode()).hexdigest()


def results_of(rows: "pd.DataFrame", origin: Origin, root: str | None) -> list[Result]:
    """Make results of accuracies.

    Args:
        rows: columns method, dataset, resample, score; of data sets of the archive or under `root`.
        origin: of all of them.
        root: where data sets of the user's own lie.

    Returns:
        One a row. Scores but accuracy are None; seconds and memory NaN.
    """
    nothing: dict[str, Any] = dict.fromkeys(results.MEASURED, math.nan)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    made = []
    for row in rows.to_dict("records"):
        info = info_of(row["dataset"], root)
        result = Result(
            method=row["method"],
            dataset=row["dataset"],
            resample=int(row["resample"]),
            seed=int(row["resample"]),
            scores={**dict.fromkeys(SCORES), "accuracy": float(row["score"])},
            n_train=info.n_train,
            n_labelled=info.n_train,
            n_test=info.n_test,
            n_classes=info.n_classes,
            n_timepoints=info.length or info.columns,
            n_parameters={},
            device="unknown",
            data_sha256="",
            preparation={"normalise": origin.normalise} if origin.normalise else {},
            config={"imported": asdict(origin)},
            details={},
            environment={},
            finished_at=now,
            **nothing,
        )
        made.append(result)
    return made


def put(folder: Path, name: str, made: list[Result]) -> int:
    """Write imported results into a contest, which is made where there is none.

    What the same methods have of a file of the same name is replaced.

    Args:
        folder: of the contest.
        name: of the contest.
        made: the results.

    Returns:
        How many results were there before.
    """
    if not (folder / "contest.json").exists():
        Contest(name, (), (), results=str(folder.parent)).save()
    paths = {Run(result.method, result.dataset, result.resample).path(folder): result for result in made}
    origins = {result.method: result.config["imported"]["file"] for result in made}
    before = [path for method in origins for path in (folder / method).glob("*/resample-*.json")]
    for path, result in paths.items():
        results.write_result(path, result)
    for path in before:
        if path not in paths and results.read(path).config["imported"]["file"] == origins[path.parts[-3]]:
            path.unlink()
            with contextlib.suppress(OSError):  # other resamples are there
                path.parent.rmdir()
    return sum(path in paths for path in before)


def told_of(contest: Contest) -> tuple[list[Result], list[Result]]:
    """The results that a report tells of, and the imported ones on splits that the contest does not have.

    Raises:
        results.ResultError: one is damaged.
    """
    found = results.read_all(contest.folder)
    asked = [not result.source or contest.asks_for(result.dataset, result.resample) for result in found]
    return [*compress(found, asked)], [*compress(found, (not is_asked for is_asked in asked))]


def imported_in(folder: Path) -> dict[str, str]:
    """The imported methods of a contest, with their sources."""
    found = {}
    for method in sorted(path for path in folder.glob("*") if path.is_dir()):
        if (path := next(method.glob("*/resample-*.json"), None)) and (origin := _origin(path)):
            found[method.name] = origin
    return found


def _origin(path: Path) -> str:
    """Where an imported result comes from; nothing where it is none, or damaged."""
    try:
        return results.read(path).source
    except results.ResultError:
        return ""
