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


_NOT_TUNED_ON = (
    "ArrowHead,Beef,BirdChicken,Chinatown,Coffee,Computers,CricketY,DiatomSizeReduction,DistalPhalanxOutlineCorrect,"
    "DodgerLoopGame,Earthquakes,ECGFiveDays,EOGVerticalSignal,FaceFour,Fungi,GestureMidAirD2,GesturePebbleZ2,"
    "GunPointOldVersusYoung,Haptics,Herring,HouseTwenty,InsectEPGSmallTrain,ItalyPowerDemand,MiddlePhalanxTW,OliveOil,"
    "PigArtPressure,Plane,PowerCons,Rock,ShakeGestureWiimoteZ,ShapeletSim,SmallKitchenAppliances,SmoothSubspace,"
    "SonyAIBORobotSurface2,Strawberry,Symbols,SyntheticControl,TwoLeadECG,UMD,WordSynonyms"
)
"""40 data sets of all types, of lengths from 15 to 2,844, with at most 1,139 test cases; timae-ms was tuned
inside none of them."""

SUITES = {
    "ladder": Suite(
        _NOT_TUNED_ON,
        ",".join([*(rung.name for rung in RUNGS), "timae-ms-random-probe", "minirocket"]),
        resamples=3,
        preset="quick",
    ),
    "ecg5000": Suite(
        "ECG5000",
        "timae-cls,timae,timae-mamba,timae-mamba-large-cls,timae-mamba-large,timae-cross,timae-probe,"
        "timae-cls-scratch,timae-scratch,timae-mamba-scratch,timae-cls-transductive,timae-transductive,"
        "timae-mamba-transductive,timae-mamba-large-cls-transductive,timae-mamba-large-transductive",
        resamples=5,
        preset="ecg5000",
        same_split=True,
    ),
}
"""ladder: from the paper's model to timae-ms, one addition an arm. ecg5000: the result table of the unofficial
implementation, honest and transductive (pre-trained on TEST), five seeds."""
