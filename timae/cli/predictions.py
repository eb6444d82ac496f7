"""What `predict` leaves: a CSV file beside the logs, written whole or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pandas as pd
import torch
from lightning.pytorch.callbacks import BasePredictionWriter

FILE = "predictions.csv"


class Predictions(BasePredictionWriter):
    """Writes the predictions of all batches when they are there, and says where."""

    def __init__(self) -> None:
        super().__init__(write_interval="epoch")

    def write_on_epoch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        predictions: Sequence[Any],
        batch_indices: Sequence[Any],  # noqa: ARG002 (Lightning's own; cases come in their order)
    ) -> None:
        """Write a row a case (of a classifier) or a row a time point (of an autoencoder)."""
        table = pl_module.table(predictions, trainer.datamodule)  # type: ignore[operator, attr-defined]
        path = Path(trainer.log_dir or trainer.default_root_dir) / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{FILE}")
        table.to_csv(draft, index=False)
        draft.replace(path)
        print(f"predictions: {path}")  # noqa: T201 (a command line prints)


def class_table(probabilities: Sequence[torch.Tensor], class_ids: dict[str, int]) -> pd.DataFrame:
    """A row a case: case, the probability of each class by its label, prediction (a label)."""
    values = torch.cat(list(probabilities)).numpy()
    labels = {i: label for label, i in class_ids.items()}
    names = [labels.get(i, f"class {i}") for i in range(values.shape[1])]
    table = pd.DataFrame(values, columns=[f"p({name})" for name in names])
    table.insert(0, "case", range(len(table)))
    table["prediction"] = [names[i] for i in values.argmax(axis=1)]
    return table


def value_table(batches: Sequence[dict[str, torch.Tensor]]) -> pd.DataFrame:
    """A row a time point: case, time, value, and whether it is a prediction of a hidden value (1) or was seen (0)."""
    values = torch.cat([batch["values"][..., 0] for batch in batches]).numpy()
    predicted = torch.cat([batch["predicted"] for batch in batches]).numpy()
    case, time = np.indices(values.shape).reshape(2, -1)
    columns = {"case": case, "time": time, "value": values.ravel(), "predicted": predicted.ravel().astype(int)}
    return pd.DataFrame(columns)
