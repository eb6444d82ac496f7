"""What is to be run: a contest and its runs, as they were asked for."""

import functools
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Literal, NamedTuple

from bench.contest import results
from bench.methods.averages import members_of
from bench.methods.few import with_labels
from bench.methods.method import Method
from bench.methods.table import get_method


class Run(NamedTuple):
    """One run: a method on one split of one data set; a tuple, for large contests look up very many of them."""

    method: str
    dataset: str
    resample: int

    def path(self, folder: Path) -> Path:
        """Return where its result lies in the folder of a contest."""
        return folder / self.method / self.dataset / f"resample-{self.resample}.json"

    def work(self, folder: Path) -> Path:
        """Return where it keeps its claim, state and checkpoints while it goes on."""
        return folder / "work" / f"{self.method}.{self.dataset}.{self.resample}"

    @property
    def members(self) -> "tuple[Run, ...]":
        """The runs whose results it averages; none where its method is no average."""
        names = members_of(self.method)
        return tuple(self._replace(method=name) for name in names) if len(names) > 1 else ()

    def __str__(self) -> str:
        return f"{self.method}/{self.dataset}/resample-{self.resample}"


@dataclass(frozen=True)
class Contest:
    """Methods × data sets × resamples, and where their results lie."""

    name: str
    methods: tuple[str, ...]
    datasets: tuple[str, ...]
    resamples: int = 1
    preset: str = "quick"
    results: str = "results"
    root: str | None = None
    """Where the archive lies; None: UCR_ROOT, or the user's cache, or what sktime ships."""
    same_split: bool = False
    """Every resample is the archive's own split; only the seed differs."""
    pretrain_on: tuple[str, ...] = ()
    """Data sets, beside those of the contest, whose train series shared pre-trainings see."""
    pretrained: str | None = None
    """A file with an encoder, in place of shared pre-trainings; see `timae.weights.read`."""
    outside: Mapping[str, str] = field(default_factory=dict)
    """Of the methods, those that are from outside: name → target."""
    normalise: Literal["series", "none"] = "series"
    """How all its methods see the series: each z-normalised by itself, or as they are on disk."""
    tuned: tuple[str, ...] = ()
    """Data sets that somebody looked at when methods of it were made, beside those that their recipes name."""
    once: tuple[str, ...] = ()
    """Methods that have the first resample alone, for the price of the others; so have averages with one of them, and
    the same methods with fewer labels."""

    @property
    def folder(self) -> Path:
        """Where the contest's results lie."""
        return Path(self.results) / self.name

    def method(self, name: str) -> Method:
        """Return one of its methods, as its preset configures it.

        Raises:
            MethodError: there is no such method any more.
        """
        if self.outside.keys() & members_of(with_labels(name, None)):
            # anew, for its source may have been edited
            return get_method(name, self.preset, self.outside).normalised(self.normalise)
        return _made(name, self.preset, self.normalise)

    def runs(self) -> Iterator[Run]:
        """Every run: seed by seed, data set by data set."""
        once = {*self.once_alone}
        often = [method for method in self.methods if method not in once]
        for resample in range(self.resamples):
            for dataset in self.datasets:
                for method in often if resample else self.methods:
                    yield Run(method, dataset, resample)

    @property
    def once_alone(self) -> list[str]:
        """Of its methods, those that have the first resample alone where others have several."""
        several = self.resamples > 1
        return [name for name in self.methods if several and not _names_of(name).isdisjoint(self.once)]

    def asks_for(self, dataset: str, resample: int) -> bool:
        """Whether it has a split of a data set; one without methods, of imported results alone, has all."""
        return not self.methods or (dataset in self.datasets and resample < self.resamples)

    def widened(self, before: "Contest") -> "Contest":
        """Return this contest with what was asked of it before, so that its report covers all its results."""
        return replace(
            self,
            methods=tuple(dict.fromkeys((*before.methods, *self.methods))),
            datasets=tuple(dict.fromkeys((*before.datasets, *self.datasets))),
            resamples=max(before.resamples, self.resamples),
            pretrain_on=tuple(dict.fromkeys((*before.pretrain_on, *self.pretrain_on))),
            outside={**before.outside, **self.outside},
            tuned=tuple(dict.fromkeys((*before.tuned, *self.tuned))),
            once=tuple(name for name in dict.fromkeys((*before.once, *self.once)) if self._only_once(name, before)),
        )

    def _only_once(self, name: str, before: "Contest") -> bool:
        """Whether neither contest asks for more of a method than the first resample."""
        return all(
            name in contest.once or not any(name in _names_of(method) for method in contest.methods)
            for contest in (before, self)
        )

    def found(self) -> "Contest":
        """Return this contest as a part of what the results in its folder are of, where nothing else says it."""
        paths = sorted(self.folder.glob("*/*/resample-*.json"))
        numbers = [path.stem.removeprefix("resample-") for path in paths]
        return replace(
            self,
            methods=tuple(dict.fromkeys(path.parts[-3] for path in paths)),
            datasets=tuple(dict.fromkeys(path.parts[-2] for path in paths)),
            resamples=max((int(number) + 1 for number in numbers if number.isdigit()), default=0),
        )

    def command(self, verb: str) -> str:
        """Return the command line that asks something of this contest."""
        elsewhere = [] if self.results == "results" else ["--results", self.results]
        return shlex.join(["python", "-m", "bench", *verb.split(), self.name, *elsewhere])

    def save(self) -> None:
        """Write what was asked for beside the results, for status and report."""
        text = json.dumps(asdict(self), indent=1)
        results.write_text(self.folder / "contest.json", text)


NORMALISE = ("series", "none")
"""What a contest may do to its series."""


@functools.cache
def _made(name: str, preset: str, normalise: Literal["series", "none"]) -> Method:
    return get_method(name, preset).normalised(normalise)


class DamagedContest(results.ResultError):
    """What was asked for cannot be read; its folder and results are there."""


def load_contest(folder: Path) -> Contest:
    """Read what was asked for from the folder of a contest.

    The folder is the contest: of a copy or a renamed one, contest.json names the former.

    Raises:
        DamagedContest: its contest.json is damaged.
        results.ResultError: there is no such contest, or another version wrote it.
    """
    path = folder / "contest.json"
    if not path.exists():
        known = sorted(p.parent.name for p in folder.parent.glob("*/contest.json"))
        raise results.ResultError(
            f"no contest in {folder}; there {'are' if known else 'is none'}: {', '.join(known) or 'run one first'}"
        )
    try:
        values = json.loads(path.read_bytes())
        newer = sorted(values.keys() - {field.name for field in fields(Contest)})
        names = {key: _names(values[key]) for key in ("methods", "datasets")}
        names |= {key: _names(values.get(key, [])) for key in ("pretrain_on", "tuned", "once")}
        kept = {key: value for key, value in values.items() if key not in newer}
        contest = Contest(**kept | names | {"name": folder.name, "results": str(folder.parent)})
        if not isinstance(contest.preset, str) or not contest.resamples >= 1:
            raise TypeError(f"preset {contest.preset!r}, resamples {contest.resamples!r}")  # noqa: TRY301
        if contest.normalise not in NORMALISE:
            raise TypeError(f"normalise {contest.normalise!r}")  # noqa: TRY301
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise DamagedContest(
            f"{path}: damaged ({why}); give the contest's run command again: it writes it anew, and keeps all results"
        ) from error
    if newer:
        raise results.ResultError(f"{path}: another version of timae-bench wrote it, with {', '.join(newer)}: use that")
    return contest


def _names_of(method: str) -> set[str]:
    """What a method goes by: its name, with and without a number of labels, and those of its members."""
    return {called for name in (method, *members_of(method)) for called in (name, with_labels(name, None))}


def _names(values: object) -> tuple[str, ...]:
    """Take a list of names, and nothing else."""
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"expected a list of names, got {values!r}")
    return tuple(values)
