"""Ti-MAE, masked autoencoders for time series: models and their training; nothing of results or jobs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from timae.estimator import TiMAEClassifier, TiMAEEncoder

__all__ = ["TiMAEClassifier", "TiMAEEncoder"]


def __getattr__(name: str) -> Any:
    """Import an estimator when it is asked for: sktime takes a second, and whoever only plans needs none."""
    if name not in __all__:
        raise AttributeError(f"module 'timae' has no attribute {name!r}")
    from timae import estimator  # noqa: PLC0415

    return getattr(estimator, name)
