"""Who competes: every method is one entry of METHODS, under the price that a preset sets."""

from collections.abc import Callable
from dataclasses import replace

from bench.methods.arms import ARMS, SHARING_ARMS, arms_of, variant
from bench.methods.averages import average_of, members_of
from bench.methods.ladder import RUNG_ARCHITECTURES
from bench.methods.method import Baseline, Method, Predictor
from bench.methods.prices import PRICES, Price
from timae.architectures import ARCHITECTURES
from ucr.prepare import Prepared


def _fit_baseline(config: Baseline, train: Prepared, n_classes: int, seed: int, *_: object) -> Predictor:
    from bench.methods.baselines import fit  # noqa: PLC0415

    return fit(config.estimator, config.options, train, n_classes, seed)


def _minirocket(name: str, price: Price) -> Method:
    summary = "sktime's MiniRocket with a ridge classifier."
    return Method(name, summary, Baseline("minirocket"), price.preparation, _fit_baseline)


def _one_nn_dtw(name: str, price: Price) -> Method:
    lengths = [n for n in (price.preparation.max_length, price.dtw_max_length) if n is not None]
    longest = min(lengths, default=None)
    summary = "sktime's nearest neighbour with dynamic time warping" + (
        f"; longer series are sub-sampled to {longest} points." if longest else "."
    )
    preparation = replace(price.preparation, max_length=longest)
    return Method(name, summary, Baseline("1nn-dtw"), preparation, _fit_baseline)


METHODS: dict[str, Callable[[str, Price], Method]] = {
    **{
        f"{name}{arm}": variant(architecture, how)
        for name, architecture in ARCHITECTURES.items()
        for arm, how in arms_of(architecture).items()
    },
    **{name: variant(architecture, ARMS[""]) for name, architecture in RUNG_ARCHITECTURES.items()},
    "rung-shared": variant(RUNG_ARCHITECTURES["rung-crops"], replace(SHARING_ARMS["-archive"], steps=())),
    "rung-shared-long": variant(RUNG_ARCHITECTURES["rung-crops"], SHARING_ARMS["-archive"]),
    "1nn-dtw": _one_nn_dtw,
    "minirocket": _minirocket,
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


def get_method(name: str, preset: str) -> Method:
    """Return a method as a preset configures it; both names must be known."""
    members = members_of(name)
    if len(members) > 1:
        return average_of(name, [get_method(member, preset) for member in members])
    return METHODS[name](name, PRICES[preset])


def with_members(names: tuple[str, ...]) -> tuple[str, ...]:
    """Put the members of averages before them: no average is told without what it is made of."""
    return tuple(dict.fromkeys(each for name in names for each in (*members_of(name), name)))
