"""A run from within: how it learned, and what its pre-training predicts of hidden values."""

import numpy as np
import pandas as pd

from bench.contest import results
from bench.methods.method import MANY
from bench.report.material import Material
from bench.report.pictures.learning_curves import learning_curves
from bench.report.pictures.reconstruction import reconstruction
from bench.report.wording import picture


def section(material: Material) -> str:
    """Curves of the first run that has them, and what its pre-trained autoencoder makes of hidden values."""
    # one of about 150 time points shows what is going on best
    for result in sorted(material.finished, key=lambda result: abs(result.n_timepoints - 150)):
        path = material.contest.folder / result.method / result.dataset / f"resample-{result.resample}.json"
        if not result.pretrain_seconds or not path.with_suffix(".npz").exists():
            continue
        kept = results.read_arrays(path)
        panels = {
            f"{phase} loss": _curve(kept[f"{phase}_losses"], phase)
            for phase in ("pretrain", "finetune")
            if f"{phase}_losses" in kept
        }
        if not panels:
            continue
        name = f"{result.method} on {result.dataset}, resample {result.resample}"
        source = "its pre-training is its own"
        if "pretrained" in result.config:
            source = "its encoder came from a file"
        elif result.config.get("pretrained_on") == "synthetic":
            source = "its pre-training is on synthetic series, of which some are below"
        elif result.config.get("pretrained_on") in MANY:
            source = "its pre-training is shared with other data sets, of which the series below are"
        lines = [f"## A run from within\n\n{name}; {source}."]
        lines.append(picture(material, learning_curves(panels), "learning", f"Learning curves of {name}"))
        if "reconstruction_series" in kept:
            figure = reconstruction(*(kept[f"reconstruction_{x}"] for x in ("series", "masked", "prediction")))
            lines.append(
                picture(
                    material, figure, "reconstruction", f"What the pre-training of {name} predicts of hidden values"
                )
            )
        return "\n\n".join(lines)
    return ""


def _curve(losses: np.ndarray, phase: str) -> pd.DataFrame:
    """Loss by step, and its running mean over a twentieth of the steps."""
    index = pd.RangeIndex(1, len(losses) + 1, name="step")
    raw = pd.Series(losses, index)
    smooth = raw.rolling(max(len(losses) // 20, 1), min_periods=1, center=True).mean()
    return pd.DataFrame({phase: raw, "running mean": smooth})
