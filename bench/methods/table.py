"""Who competes: every method is one entry of METHODS, under the price that a preset sets."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from bench.methods.arms import ARMS, SHARING_ARMS, arms_of, told, variant
from bench.methods.averages import average_of, members_of
from bench.methods.baselines import BASELINES
from bench.methods.few import labels_of, with_labels
from bench.methods.ladder import RUNG_ARCHITECTURES, RUNGS
from bench.methods.method import Baseline, Method, MethodError, Predictor
from bench.methods.outside import Target, described, target_of
from bench.methods.prices import PRICES, Price
from timae.architectures import ARCHITECTURES, longer


def _fit_estimator(target: Target, *arguments: Any) -> Predictor:
    from bench.methods.estimators import fit  # noqa: PLC0415 (scikit-learn)

    return fit(target, *arguments)


def _baseline(name: str, price: Price) -> Method:
    known = BASELINES[name]
    fit = functools.partial(_fit_estimator, known.target)
    return Method(name, f"{known.summary}.", Baseline(name), price.preparation, fit)


def _one_nn_dtw(name: str, price: Price) -> Method:
    lengths = [n for n in (price.preparation.max_length, price.dtw_max_length) if n is not None]
    if not lengths:
        return _baseline(name, price)
    whole, longest = _baseline(name, price), min(lengths)
    summary = f"{BASELINES[name].summary}; longer series are sub-sampled to {longest} points."
    return replace(whole, summary=summary, preparation=replace(price.preparation, max_length=longest))


def _outside(name: str, price: Price, text: str) -> Method:
    """Make the method that is NAME=TARGET."""
    target = target_of(text)
    fit = functools.partial(_fit_estimator, target)
    return Method(name, f"From outside: {target.text}.", described(target), price.preparation, fit)


METHODS: dict[str, Callable[[str, Price], Method]] = {
    **{
        f"{name}{arm}": variant(architecture, how)
        for name, architecture in ARCHITECTURES.items()
        for arm, how in arms_of(architecture).items()
    },
    **{name: variant(architecture, ARMS[""]) for name, architecture in RUNG_ARCHITECTURES.items()},
    "rung-shared": variant(RUNG_ARCHITECTURES["rung-crops"], replace(SHARING_ARMS["-archive"], steps=())),
    "rung-shared-long": variant(RUNG_ARCHITECTURES["rung-crops"], replace(SHARING_ARMS["-archive"], steps=(longer,))),
    "rung-shared-synthetic": variant(RUNG_ARCHITECTURES["rung-crops"], SHARING_ARMS["-archive"]),
    **dict.fromkeys(BASELINES, _baseline),
    "1nn-dtw": _one_nn_dtw,
}
"""name → what makes the method under a preset; the average of methods A and B, A+B, needs no entry. A new one is one
line here, a variant of Ti-MAE one in the table of timae.architectures."""

DEFAULT_METHODS = (
    "timae",
    "timae-scratch",
    "timae-probe",
    "timae-ms",
    "timae-ms-probe",
    "timae-ms+ridge",
    "1nn-dtw",
    "minirocket",
)


def get_method(name: str, preset: str, outside: Mapping[str, str] = MappingProxyType({})) -> Method:
    """Return a method as a preset configures it.

    Args:
        name: of METHODS, of outside, of one of them with few labels, or of an average of such.
        preset: of PRESETS.
        outside: name → target of methods from outside.

    Raises:
        MethodError: there is no such method, or what it was made of is not there any more.
    """
    members = members_of(name)
    if len(members) > 1:
        return average_of(name, [get_method(member, preset, outside) for member in members])
    if preset not in PRICES:
        raise MethodError(f"{preset} is no preset of this version")
    if (n := labels_of(name)) is not None:
        method = get_method(with_labels(name, None), preset, outside)
        few = f"{method.summary} It sees the labels of {n} train case{'s' * (n > 1)} a class."
        return replace(method, name=name, summary=few, labels=n)
    if name in outside:
        return _outside(name, PRICES[preset], outside[name])
    if name not in METHODS:
        raise MethodError(f"{name} is no method of this version")
    return METHODS[name](name, PRICES[preset])


def grouped() -> dict[str, dict[str, str]]:
    """What there is to choose from: heading → method → what tells it from its neighbours."""
    architectures = {
        f"{name}: {architecture.summary}": {
            f"{name}{arm}": told(architecture, how) for arm, how in arms_of(architecture).items()
        }
        for name, architecture in ARCHITECTURES.items()
    }
    rungs = {rung.name: rung.adds for rung in RUNGS if rung.name.startswith("rung-")}
    return architectures | {
        "Rungs of SUITE=ladder, each with what those before it have": rungs,
        "Baselines": {name: known.summary for name, known in BASELINES.items()},
        "Averages of probabilities": {
            "A+B": "of methods A and B, such as minirocket+timae-ms-random-probe",
            "X+ridge": "of X, a fine-tuned timae-ms, and the ridge classifier on its encoder before fine-tuning",
        },
        "Few labels": {
            "A@N": "A with the labels of N train cases a class, the same for every method; its pre-training sees all "
            "train series, without labels"
        },
        "From outside": {"NAME=TARGET": "an estimator of yours: file.py:Thing, package.module:Thing, an entry point"},
    }


def with_members(names: tuple[str, ...]) -> tuple[str, ...]:
    """Put the members of averages before them: no average is told without what it is made of."""
    return tuple(dict.fromkeys(each for name in names for each in (*members_of(name), name)))
