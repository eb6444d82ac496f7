"""The data module of the command line: batches cut from the files of one data set in the archive's tsv form."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import BatchSampler, DataLoader, Dataset, RandomSampler, SequentialSampler

from timae.masking import take
from timae.training import Batch, balance
from ucr import prepare, tsv
from ucr.archive import ARCHIVE, Info, UcrError, label_order
from ucr.folders import SPLITS
from ucr.labels import one_spelling, refuse_targets, require_classes, unify
from ucr.load import Split
from ucr.prepare import Preparation
from ucr.resolution import narrow

POLICY = Preparation(normalise="none", missing="linear", unequal="pad")
"""What the files need before a model can take them; to normalise is the data module's own flag."""


class Cases(Dataset[Batch]):
    """Cases in memory; indexed by a whole batch of positions at once.

    Attributes:
        series: (case, time, channel).
        labels: (case,) or None.
        valid: (case, time) or None.
        crop_size: time steps of the window that is cut from each case at a random place; None: all of them.
    """

    def __init__(self, series: Tensor, labels: Tensor | None, valid: Tensor | None, crop_size: int | None) -> None:
        self.series, self.labels, self.valid, self.crop_size = series, labels, valid, crop_size

    def __len__(self) -> int:
        return len(self.series)

    def __getitem__(self, index: list[int]) -> Batch:
        series = self.series[index]
        labels = None if self.labels is None else self.labels[index]
        valid = None if self.valid is None else self.valid[index]
        if self.crop_size is None or self.crop_size >= series.shape[1]:
            return series, labels, valid
        lengths = torch.full((len(series),), series.shape[1]) if valid is None else valid.sum(dim=1)
        start = (torch.rand(len(series)) * (lengths - self.crop_size + 1).clamp(min=1)).long()
        window = start.unsqueeze(1) + torch.arange(self.crop_size)
        return take(series, window), labels, None if valid is None else valid.gather(1, window)


class UCRData(L.LightningDataModule):
    """One data set of the archive, or one in its form: a label, then the values, with tabs between them.

    Missing values are interpolated, short series padded (models ignore the padding). Labels may be any numbers
    or texts; their classes are counted in both files, ``_TRAIN`` and ``_TEST``, where both are there.
    """

    def __init__(  # noqa: PLR0913 (each is a flag of the command line)
        self,
        dataset_path: str,
        *,
        batch_size: int = 64,
        normalize: bool = True,
        val_dataset_path: str | None = None,
        split_ratio: float = 0.85,
        crop_size: int | None = None,
        pretrain: bool = False,
        mean: float | None = None,
        std: float | None = None,
        num_classes: int | None = None,
        class_weights: Sequence[float] | None = None,
        class_id_start: int | None = None,
        class_ids: dict[str, int] | None = None,
        num_workers: int = 0,
    ) -> None:
        """Read the files.

        Args:
            dataset_path: the cases to train on; those to test or predict, in these commands.
            batch_size: cases a batch; the last one of a pass may be smaller.
            normalize: shift and scale all values by mean and std.
            val_dataset_path: the cases to validate on.
            split_ratio: where there is no val_dataset_path, the share of the cases that is trained on.
            crop_size: in training, time steps of a window cut at random from each series.
            pretrain: leave the labels out of the batches.
            mean: for normalize; by default that of the training series, which a checkpoint keeps for later.
            std: likewise.
            num_classes: number of classes; by default counted.
            class_weights: weight of each class in the loss; by default one over its number of training cases,
                scaled to an average of 1, held to 0.1…10.
            class_id_start: the label that is class 0, of whole-number labels; by default labels are numbered
                in their order, whatever they are.
            class_ids: class of each label; by default counted from class_id_start. With a checkpoint, those that it
                was trained with: the files may lack some of them.
            num_workers: processes that cut batches; with cases in memory none is the fastest.

        Raises:
            UcrError: a file cannot be read or is not in the archive's form, or a flag does not fit it.
        """
        super().__init__()
        if batch_size < 1:
            raise UcrError(f"batch_size must be at least 1, got {batch_size}")
        if not 0 < split_ratio < 1:
            raise UcrError(f"split_ratio must lie between 0 and 1, got {split_ratio}")
        if crop_size is not None and crop_size < 2:
            raise UcrError(f"crop_size must be at least 2 time steps, got {crop_size}")
        if std is not None and std <= 0:
            raise UcrError(f"std must be above 0, got {std}")
        self.batch_size, self.num_workers, self.crop_size = batch_size, num_workers, crop_size
        self.normalize, self.pretrain = normalize, pretrain
        self._mean, self._std, self._class_weights = mean, std, class_weights
        paths = [Path(path).expanduser() for path in (dataset_path, val_dataset_path) if path is not None]
        files = {file: tsv.read(file) for path in paths for file in (path, *_other_split(path))}
        self.spelling = one_spelling({label for _, labels in files.values() for label in labels} | {*(class_ids or ())})
        if not pretrain:
            for path in paths:
                self._require_classes(path, files, class_ids)
        if class_ids:
            self.class_ids = {self.spelling[label]: i for label, i in class_ids.items()}
        else:
            self.class_ids = _number(label_order({*self.spelling.values()}), class_id_start)
        self.num_classes = num_classes or max(self.class_ids.values()) + 1
        if max(self.class_ids.values()) >= self.num_classes or min(self.class_ids.values()) < 0:
            raise UcrError(
                f"{paths[0]}: num_classes {num_classes} and class_id_start {class_id_start} do not fit the labels "
                f"{', '.join(self.class_ids)}; leave both flags out to have them numbered"
            )
        self.cases = self._prepare(paths[0], *files[paths[0]])
        if val_dataset_path is not None:
            self.train_cases, self.val_cases = self.cases, self._prepare(paths[1], *files[paths[1]])
        else:
            order = torch.randperm(len(self.cases), generator=torch.Generator().manual_seed(torch.initial_seed()))
            n_train = min(max(round(split_ratio * len(order)), 1), max(len(order) - 1, 1))
            self.train_cases = _select(self.cases, order[:n_train])
            self.val_cases = _select(self.cases, order[n_train:])
        self.train_cases.crop_size = crop_size

    def _require_classes(
        self, path: Path, files: Mapping[Path, tuple[Any, list[str]]], known: Mapping[str, int] | None
    ) -> None:
        """Refuse labels that are no classes, or none of those that are known, if any are."""
        labels = files[path][1]
        refuse_targets(labels, path)
        if known:
            spelled = {self.spelling[label] for label in known}
            if strange := [label for label in labels if self.spelling[label] not in spelled]:
                raise UcrError(f"{path}: label {strange[0]!r} is no class of the checkpoint: {', '.join(known)}")
            return
        for other in _other_split(path):
            pair = dict(zip(SPLITS, sorted((path, other), key=lambda file: "_TEST." in file.name), strict=True))
            require_classes(unify({split: files[file][1] for split, file in pair.items()}), pair)
        if len({*self.spelling.values()}) == 1:
            raise UcrError(f"{path}: every case is of class {labels[0]!r}; a classifier needs two classes to learn")

    @property
    def n_timepoints(self) -> int:
        """Time steps of the longest series."""
        return max(self.cases.series.shape[1], self.val_cases.series.shape[1])

    @property
    def class_weights(self) -> list[float] | None:
        """Weight of each class in the loss; None in pre-training."""
        if self._class_weights is not None:
            return list(self._class_weights)
        if self.train_cases.labels is None:
            return None
        weights: list[float] = balance(self.train_cases.labels, self.num_classes).tolist()
        return weights

    @cached_property
    def statistics(self) -> tuple[float, float]:
        """Mean and standard deviation that the values are normalised by."""
        series, valid = self.train_cases.series, self.train_cases.valid
        values = series if valid is None else series[valid]
        mean = float(values.double().mean()) if self._mean is None else self._mean
        std = float(values.double().std(correction=0)) if self._std is None else self._std
        return mean, std or 1.0

    def state_dict(self) -> dict[str, Any]:
        """Return what later data must be treated like: lies in each checkpoint."""
        mean, std = self.statistics
        return {"mean": mean, "std": std, "class_ids": self.class_ids}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Treat these data like those that a checkpoint was trained on.

        Raises:
            UcrError: a label is none of theirs.
        """
        mean, std = state_dict["mean"], state_dict["std"]
        self.statistics = (mean if self._mean is None else self._mean, std if self._std is None else self._std)
        known = state_dict["class_ids"]
        if not self.pretrain and (strange := [label for label, i in self.class_ids.items() if known.get(label) != i]):
            raise UcrError(
                f"label {strange[0]!r} is no class, or another class, in the checkpoint, "
                f"which knows {', '.join(known)}: were other data or another class_id_start trained on?"
            )
        self.class_ids = dict(known)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Shuffled batches of the training cases, cropped if asked for."""
        return self._loader(self.train_cases, RandomSampler(self.train_cases))

    def val_dataloader(self) -> DataLoader[Batch]:
        """Batches of the validation cases."""
        return self._loader(self.val_cases, SequentialSampler(self.val_cases))

    def test_dataloader(self) -> DataLoader[Batch]:
        """Batches of all cases of dataset_path."""
        return self._loader(self.cases, SequentialSampler(self.cases))

    predict_dataloader = test_dataloader

    def _loader(self, cases: Cases, sampler: Any) -> DataLoader[Batch]:
        series = cases.series
        if self.normalize:
            mean, std = self.statistics
            series = (series - mean) / std
        cases = Cases(series.float(), cases.labels, cases.valid, cases.crop_size)
        batches = BatchSampler(sampler, self.batch_size, drop_last=False)
        return DataLoader(cases, sampler=batches, batch_size=None, num_workers=self.num_workers)

    def _prepare(self, path: Path, values: NDArray[np.float64], labels: list[str]) -> Cases:
        (series,) = narrow(values)
        split, name = (
            Split(series, np.array([self.spelling[label] for label in labels])),
            re.sub(r"_(TRAIN|TEST)$", "", path.name.partition(".")[0]),
        )
        n, columns = series.shape
        # in files that the archive does not know, NaN up to the last column is padding, elsewhere missing
        length = None if np.isnan(series[:, -1]).any() else columns
        info = ARCHIVE.get(name) or Info(name, "own", n, n, self.num_classes, length, columns, True, False)
        preparer = prepare.fit(split, replace(info, labels=tuple(self.class_ids)), POLICY)
        prepared = preparer(split)
        ids = None if self.pretrain else torch.tensor([self.class_ids[label] for label in preparer.classes])
        return Cases(
            torch.from_numpy(prepared.series).unsqueeze(-1),
            None if ids is None else ids[torch.from_numpy(prepared.labels)],
            None if prepared.mask is None else torch.from_numpy(prepared.mask),
            None,
        )


def _select(cases: Cases, index: Tensor) -> Cases:
    labels, valid = (None if part is None else part[index] for part in (cases.labels, cases.valid))
    return Cases(cases.series[index], labels, valid, None)


def _other_split(path: Path) -> list[Path]:
    """The other file of a data set, where there is one: a class may be missing in either."""
    for ours, theirs in (("_TRAIN.", "_TEST."), ("_TEST.", "_TRAIN.")):
        other = path.with_name(path.name.replace(ours, theirs))
        if other != path and other.is_file():
            return [other]
    return []


def _number(labels: tuple[str, ...], class_id_start: int | None) -> dict[str, int]:
    """Class ids of labels: their places, or their distances from class_id_start."""
    if class_id_start is None:
        return {label: i for i, label in enumerate(labels)}
    try:
        numbers = {label: float(label) for label in labels}
    except ValueError:
        numbers = {labels[0]: 0.5}
    if not all(number.is_integer() for number in numbers.values()):
        raise UcrError(f"class_id_start needs whole numbers as labels, got {', '.join(labels)}")
    return {label: int(number) - class_id_start for label, number in numbers.items()}
