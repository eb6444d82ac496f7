"""Contests that have a name of their own."""

from dataclasses import dataclass

from bench.methods.ladder import RUNGS


@dataclass(frozen=True)
class Suite:
    """A contest that has a name of its own: what the options of the same names would say."""

    datasets: str
    methods: str
    resamples: int
    preset: str
    same_split: bool = False
    labels: str | None = None
    once: str | None = None


_ELSEWHERE = (
    "ArrowHead,Beef,BeetleFly,BirdChicken,Chinatown,Coffee,Computers,DiatomSizeReduction,DodgerLoopGame,Earthquakes,"
    "ECG5000,ECGFiveDays,FaceFour,Fungi,GestureMidAirD2,GestureMidAirD3,Haptics,Herring,HouseTwenty,"
    "InsectEPGSmallTrain,ItalyPowerDemand,MelbournePedestrian,OliveOil,PigAirwayPressure,PigArtPressure,PLAID,Plane,"
    "PowerCons,Rock,ShapeletSim,ShapesAll,SmallKitchenAppliances,SmoothSubspace,SonyAIBORobotSurface1,"
    "SonyAIBORobotSurface2,Strawberry,Symbols,SyntheticControl,TwoLeadECG,UMD"
)
"""40 data sets of all types but EOG, of lengths from 15 to 2,844: none of those that timae-ms was tuned inside, and
none that holds the same recordings as one of them, split or labelled in another way or along another axis."""

_DEAR = (
    "timae,timae-scratch,timae-mamba,timae-ms-archive,timae-ms-scratch,timae-ms-mamba-archive,timae-ms-archive+ridge,"
    "timae-ms-scratch+ridge,timae-probe,timae-random-probe,timae-ms-mamba-archive-probe,timae-ms-archive-linear,"
    "timae-ms-random-linear"
)
"""Of the archive suite, what three seeds would make too dear."""

SUITES = {
    "archive": Suite(
        "here",
        f"{_DEAR},timae-ms-archive-probe,timae-ms-random-probe,"
        "minirocket+timae-ms-archive-probe,minirocket+timae-ms-random-probe,"
        "multirocket+timae-ms-archive-probe,multirocket+timae-ms-random-probe,minirocket,multirocket,tsf,catch22",
        resamples=3,
        preset="quick",
        same_split=True,
        once=_DEAR,
    ),
    "resamples": Suite(
        "here",
        "timae-ms-archive-probe,minirocket+timae-ms-archive-probe,multirocket+timae-ms-archive-probe,"
        "minirocket,multirocket,tsf,catch22",
        resamples=5,
        preset="quick",
    ),
    "ladder": Suite(
        _ELSEWHERE,
        ",".join([*(rung.name for rung in RUNGS), "timae-ms-random-probe", "minirocket"]),
        resamples=3,
        preset="quick",
    ),
    "labels": Suite(
        _ELSEWHERE,
        "timae-ms-archive-probe,timae-ms-random-probe,timae-ms-archive,timae-ms-scratch,minirocket",
        resamples=3,
        preset="quick",
        labels="1,2,5,10,all",
        once="timae-ms-archive,timae-ms-scratch",
    ),
    "ecg5000": Suite(
        "ECG5000",
        "timae-cls,timae,timae-mamba,timae-mamba-large-cls,timae-mamba-large,timae-cross,timae-probe,"
        "timae-cls-scratch,timae-scratch,timae-mamba-scratch,timae-cls-transductive,timae-transductive,"
        "timae-mamba-transductive,timae-mamba-large-cls-transductive,timae-mamba-large-transductive",
        resamples=5,
        preset="ecg5000",
        same_split=True,
        once="timae-mamba-large-cls,timae-mamba-large,timae-mamba-large-cls-transductive,timae-mamba-large-transductive",
    ),
}
"""Name → contest.

- archive: every data set that is here, on the archive's own split; three seeds of baselines, of our frozen encoder and
  of what averages it with a baseline, one of all else.
- resamples: what is cheap of it, on the archive's own split and aeon's resamples 1 to 4, for published numbers beside.
- ladder: from the paper's model to timae-ms, one addition an arm.
- labels: the same encoders, and MiniRocket, with few labels.
- ecg5000: the result table of the unofficial implementation, honest and transductive (pre-trained on TEST); five seeds,
  one of the large encoders.
"""
