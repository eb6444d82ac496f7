"""Preparing: from a split as shipped to arrays a model can take, by explicit and recorded policies.

A `Preparer` learns from the training split alone what has to be learnt (the common length); every other step
looks at one series at a time. The steps in order: missing values are filled, lengths made equal, long series
thinned, series normalised.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ucr.archive import Info, UcrDataError, UcrError, label_order
from ucr.load import Dataset, Split
from ucr.resolution import Floats, constant, ranges

Series = Floats


@dataclass(frozen=True)
class Preparation:
    """Which policy to apply where it has something to do.

    Attributes:
        normalise: ``series`` z-normalises each series (a constant one becomes zeros); ``none`` leaves it.
        missing: values missing inside a series come from ``linear`` interpolation (at an end, the nearest
            value) or are the series' ``mean``.
        unequal: series of unequal lengths are resampled (linearly) to the longest training series' length;
            padded to it with zeros, which the mask marks; or truncated to the shortest's.
        max_length: longer series are sub-sampled at equal distances to this many time points, as Ti-MAE's
            authors do above 1024 (arXiv:2301.08871); None keeps every point.
    """

    normalise: Literal["series", "none"] = "series"
    missing: Literal["linear", "mean"] = "linear"
    unequal: Literal["resample", "pad", "truncate"] = "resample"
    max_length: int | None = None


@dataclass(frozen=True)
class Prepared:
    """A split that a model can take.

    Attributes:
        series: (case, time), without NaN: float32, but as shipped where nothing is normalised.
        mask: bool (case, time), True where a value is real, False where it is padding; None without padding.
        labels: int64 (case,), positions in `Preparer.classes`.
    """

    series: Series
    mask: NDArray[np.bool_] | None
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Preparer:
    """Prepares splits of one data set alike; made by `fit`.

    Attributes:
        policy: what was asked for.
        classes: the labels as shipped, in order: label i of `Prepared` is ``classes[i]``.
        length: time points a series has before long ones are thinned.
        unequal: whether lengths had to be made equal.
        missing: whether the data set has missing values.
    """

    policy: Preparation
    classes: tuple[str, ...]
    length: int
    unequal: bool
    missing: bool

    @property
    def n_timepoints(self) -> int:
        """Time points of every prepared series."""
        return min(self.length, self.policy.max_length or self.length)

    @property
    def record(self) -> dict[str, Any]:
        """What is done to these data, for a result to keep: only policies that have something to do."""
        done: dict[str, Any] = {"normalise": self.policy.normalise, "n_timepoints": self.n_timepoints}
        if self.missing:
            done["missing"] = self.policy.missing
        if self.unequal:
            done["unequal"] = self.policy.unequal
        if self.n_timepoints < self.length:
            done["max_length"] = self.policy.max_length
        return done

    def __call__(self, split: Split) -> Prepared:
        """Prepares one split.

        Raises:
            UcrDataError: a label is not in `classes`.
        """
        fill, equal = _FILL[self.policy.missing], _EQUAL[self.policy.unequal]
        series, mask = split.series, None
        lengths = _lengths(series) if self.unequal else np.full(len(series), series.shape[1])
        if self.unequal and self.policy.unequal == "pad":
            mask = np.arange(self.length) < np.maximum(lengths, 1)[:, None]  # a mean over none is no number
        if self.unequal or np.isnan(series).any() or series.shape[1] != self.length:
            cases = [fill(case[:n]) for case, n in zip(series, lengths, strict=True)]
            series = np.array([equal(case, self.length) for case in cases], dtype=series.dtype)
        if self.n_timepoints < self.length:
            kept = np.linspace(0, self.length - 1, self.n_timepoints).round().astype(np.int64)
            series, mask = series[:, kept], None if mask is None else mask[:, kept]
        if self.policy.normalise == "series":
            series = znormalise(series, mask)
        return Prepared(np.array(series), mask, self._encode(split.labels))

    def _encode(self, labels: NDArray[np.str_]) -> NDArray[np.int64]:
        position = {label: i for i, label in enumerate(self.classes)}
        if unknown := sorted(set(labels.tolist()) - position.keys()):
            raise UcrDataError(f"label {unknown[0]!r} is unknown, expected one of {', '.join(self.classes)}")
        return np.array([position[label] for label in labels.tolist()], dtype=np.int64)


def fit(train: Split, info: Info, policy: Preparation | None = None) -> Preparer:
    """Learns from the training split how to prepare a data set.

    Args:
        train: the training split.
        info: its facts, best from `ucr.load.info_for` or `Dataset.info`: their label set covers both splits.
        policy: what to do; by default `Preparation()`.

    Raises:
        UcrError: the policy cannot be carried out.
    """
    policy = policy or Preparation()
    for field, known in (
        ("normalise", ("series", "none")),
        ("missing", tuple(_FILL)),
        ("unequal", tuple(_EQUAL)),
    ):
        if getattr(policy, field) not in known:
            raise UcrError(f"{field} is {getattr(policy, field)!r}, expected one of {', '.join(known)}")
    if policy.max_length is not None and policy.max_length < 2:
        raise UcrError(f"max_length is {policy.max_length}, expected 2 or more")
    lengths = _lengths(train.series)
    unequal = info.length is None
    common = lengths.min() if policy.unequal == "truncate" else lengths.max()
    return Preparer(
        policy=policy,
        classes=label_order(set(train.labels.tolist()) | set(info.labels)),
        length=max(int(common), 1) if unequal else train.series.shape[1],
        unequal=unequal,
        missing=info.missing or (not unequal and bool(np.isnan(train.series).any())),
    )


def _lengths(series: Series) -> NDArray[np.int64]:
    """Time points of each series up to its last value: int64 (case,); 0 where there is none."""
    present = ~np.isnan(series)
    return np.where(present.any(1), series.shape[1] - present[:, ::-1].argmax(1), 0)


def by_length(series: Series) -> dict[int, tuple[NDArray[np.int64], Series]]:
    """Series as shipped, without their padding, so that two of the same length can be compared.

    Args:
        series: (case, time), NaN where a value is missing and behind shorter series.

    Returns:
        Length → the positions (case,) of the series that have it, and these (case, length), interpolated and
        z-normalised: files that print other digits, or normalised ones beside others, then agree.
    """
    lengths = _lengths(series)
    found = {}
    for length in np.unique(lengths):
        at = np.flatnonzero(lengths == length)
        found[int(length)] = at, znormalise(np.array([interpolate(case[:length]) for case in series[at]]))
    return found


def interpolate(case: Series) -> Series:
    """Fills NaN in one series (time,) linearly, at an end with the nearest value; zeros where all is NaN."""
    present = ~np.isnan(case)
    if present.all():
        return case
    if not present.any():
        return np.zeros_like(case)
    time = np.arange(len(case))
    return np.interp(time, time[present], case[present]).astype(case.dtype)


def fill_mean(case: Series) -> Series:
    """Fills NaN in one series (time,) with its mean; zeros where all is NaN."""
    present = ~np.isnan(case)
    mean = case[present].mean(dtype=np.float64) if present.any() else 0.0
    return np.where(present, case, case.dtype.type(mean))


_FILL: Mapping[str, Callable[[Series], Series]] = {"linear": interpolate, "mean": fill_mean}


def _resample(case: Series, length: int) -> Series:
    """One series (time,) at `length` equally distant places, first and last point kept."""
    if len(case) == length:
        return case
    if not len(case):
        return np.zeros(length, case.dtype)
    return np.interp(np.linspace(0, len(case) - 1, length), np.arange(len(case)), case).astype(case.dtype)


def _pad(case: Series, length: int) -> Series:
    """One series (time,) with zeros behind it; what is beyond `length` is cut, for the time scale is kept."""
    return np.pad(case[:length], (0, max(0, length - len(case))))


def _cut(case: Series, length: int) -> Series:
    """The first `length` points of one series (time,); a shorter one (a test case may be) is stretched."""
    return _resample(case[:length], length)


_EQUAL: Mapping[str, Callable[[Series, int], Series]] = {"resample": _resample, "pad": _pad, "truncate": _cut}


def znormalise(series: Floats, mask: NDArray[np.bool_] | None = None) -> Series:
    """Shifts and scales each series to mean 0 and standard deviation 1 over its real values; padding stays 0.

    A constant series becomes zeros: what is left after the shift is rounding, and must not be blown up. What is
    constant is decided by the resolution of the numbers (`ucr.resolution.constant`), not by their size.

    Args:
        series: (case, time), float32 or float64; all arithmetic is in float64.
        mask: (case, time), False at padding.
    """
    real = np.ones(series.shape, dtype=bool) if mask is None else mask
    flat = constant(series, real)[:, np.newaxis]
    # by powers of two, which rounds nothing: the squares of what is huge or tiny would be beyond float64
    _, exponent = np.frexp(ranges(series, real)[1])
    values = np.ldexp(series.astype(np.float64), -exponent[:, np.newaxis])
    count = np.maximum(real.sum(1, keepdims=True), 1)
    mean = values.sum(1, keepdims=True, where=real) / count
    centred = np.where(real, values - mean, 0.0)
    std = np.sqrt((centred**2).sum(1, keepdims=True) / count)
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, std)).astype(np.float32)


def resample(dataset: Dataset, k: int) -> Dataset:
    """The k-th stratified resample: k = 0 is the archive's own split, k > 0 the field's with seed k.

    Train and test are joined; class by class, in the order of the sorted label texts, the cases are shuffled,
    and as many as the archive's training split has of the class go to train. Case for case this is what
    aeon's ``stratified_resample_data`` does with ``random_state=k``: results pair with published ones.

    Args:
        dataset: the data set as loaded.
        k: number of the resample.

    Raises:
        UcrError: k is negative.
    """
    if k < 0:
        raise UcrError(f"resample is {k}, expected 0 (the archive's split) or more")
    if k == 0:
        return dataset
    train, test = resample_indices(dataset.train.labels, dataset.test.labels, k)
    series = np.concatenate([dataset.train.series, dataset.test.series])
    labels = np.concatenate([dataset.train.labels, dataset.test.labels])
    return replace(dataset, train=Split(series[train], labels[train]), test=Split(series[test], labels[test]))


def resample_indices(
    train_labels: NDArray[np.str_], test_labels: NDArray[np.str_], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions in train followed by test of the cases that resample `seed` puts into train and into test."""
    labels = np.concatenate([train_labels, test_labels])
    rng = np.random.RandomState(seed)  # the published resamples come from this generator
    train, test = [], []
    for label in np.unique(labels):
        cases = np.flatnonzero(labels == label)
        rng.shuffle(cases)
        n_train = int((train_labels == label).sum())
        train.append(cases[:n_train])
        test.append(cases[n_train:])
    return np.concatenate(train), np.concatenate(test)
