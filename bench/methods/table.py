"""Who competes: every method is one entry of METHODS, under the price that a preset sets."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench.methods.architectures import ARCHITECTURES, ARMS, variant
from bench.methods.method import Baseline, Method, Predictor
from bench.methods.presets import PRESETS, Preset
from timae.config import Ridge
from ucr.prepare import Prepared


def _fit_baseline(config: Baseline, train: Prepared, n_classes: int, seed: int, *_: object) -> Predictor:
    from bench.methods.baselines import fit  # noqa: PLC0415

    return fit(config.estimator, config.options, train, n_classes, seed)


def _sktime(estimator: str, **options: Any) -> Callable[[str, Preset], Method]:
    def configure(name: str, preset: Preset) -> Method:
        return Method(name, Baseline(estimator, options), preset.preparation, _fit_baseline)

    return configure


def _one_nn_dtw(name: str, preset: Preset) -> Method:
    lengths = [n for n in (preset.preparation.max_length, preset.dtw_max_length) if n is not None]
    preparation = replace(preset.preparation, max_length=min(lengths, default=None))
    return Method(name, Baseline("1nn-dtw"), preparation, _fit_baseline)


METHODS: dict[str, Callable[[str, Preset], Method]] = {
    **{f"{name}{arm}": variant(name, arm) for name in ARCHITECTURES for arm in ARMS},
    "1nn-dtw": _one_nn_dtw,
    "minirocket": _sktime("minirocket", sharpness=Ridge.sharpness),
}
"""name → what makes the method under a preset. A new one is one line here, a variant of Ti-MAE one in the
tables of bench.methods.architectures."""

DEFAULT_METHODS = ("timae", "timae-scratch", "timae-probe", "1nn-dtw", "minirocket")


def get_method(name: str, preset: str) -> Method:
    """Return a method as a preset configures it; both names must be known."""
    return METHODS[name](name, PRESETS[preset])
