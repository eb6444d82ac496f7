"""Contests that have a name of their own."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Suite:
    """A contest that has a name of its own: what the options of the same names would say."""

    datasets: str
    methods: str
    resamples: int
    preset: str
    same_split: bool = False


SUITES = {
    "ecg5000": Suite(
        "ECG5000",
        "timae-cls,timae,timae-mamba,timae-mamba-large-cls,timae-mamba-large,timae-cross,timae-probe,"
        "timae-cls-scratch,timae-scratch,timae-mamba-scratch,timae-cls-transductive,timae-transductive,"
        "timae-mamba-transductive,timae-mamba-large-cls-transductive,timae-mamba-large-transductive",
        resamples=5,
        preset="ecg5000",
        same_split=True,
    )
}
"""The result table of the unofficial implementation, honest and transductive (pre-trained on TEST), five seeds."""
