"""What the methods cost, and what that buys."""

import functools

import pandas as pd

from bench.contest.contestants import known_method
from bench.contest.cost import CostModel, info_of
from bench.methods.method import FOR_ALL
from bench.report import charges, tables
from bench.report.material import Material
from bench.report.pictures.pareto import pareto
from bench.report.pictures.phases import phases
from bench.report.wording import listed, markdown, picture, seconds_note
from bench.stats import effects
from ucr.archive import UcrError


def section(material: Material) -> str:
    """Seconds by phase, accuracy against cost, parameters and memory."""
    unknown = f"Not known of what was imported: {listed([*material.imported])}." if material.imported else ""
    if not material.own:
        return f"## Cost\n\n{unknown}"
    runs, clock = material.main_runs, material.clock
    if runs.empty:
        return ""
    table = tables.costs(runs, clock)
    table["predicted"] = table["method"].map(_predicted(material)).map(lambda hours: tables.fixed(hours, 2))
    label = f"{charges.CLOCKS[clock]} a run, median"
    pictures = [picture(material, phases(charges.by_phase(runs, clock), label=label), "seconds", "Seconds by phase")]
    # an accuracy over other data sets than its neighbour's would mislead: methods that lack some are not drawn
    complete = material.scores["accuracy"].loc[material.main].dropna(axis=1).mean()
    methods = [method for method in table["method"] if method in complete.index]
    per_run = charges.per_run(runs, clock)["seconds"]
    parameters = runs.groupby("method")["encoder_parameters"].median().reindex(methods).dropna()
    if methods:
        pictures.append(_pareto(material, per_run[methods], complete[methods], "accuracy_seconds", label))
    if len(parameters) > 1 and parameters.max() > 1.5 * parameters.min():  # else there is nothing to weigh
        means = complete[parameters.index]
        pictures.append(_pareto(material, parameters, means, "accuracy_parameters", "encoder parameters"))
    lacking = [method for method in table["method"] if method not in complete.index]
    table["method"] = [f"{name} {tables.LACKING}" if name in lacking else name for name in table["method"]]
    note = (
        f"{seconds_note(material)} Phases as all runs of a method share them out. Parameters of the encoder and of the "
        "whole net without ridge classifiers (median), peak memory of the worker (largest). Hours in all are what a "
        "method alone would take: a pre-training that several methods start from is in the hours of each, and once in "
        "the computing that the head of this report names; predicted is what `plan` says of them before anything has "
        "run. Baselines compile their kernels before the clock starts."
    )
    left = f"{tables.LACKING} Runs on fewer data sets than the others', and not drawn: {listed(lacking)}." * bool(
        lacking
    )
    return "\n\n".join(filter(None, ["## Cost", *pictures, note, unknown, markdown(table), left]))


def _predicted(material: Material) -> dict[str, float]:
    """Method → hours in all, as they are predicted before any is known."""
    model, hours = CostModel(), {}
    info = functools.cache(lambda name: info_of(name, material.contest.root))  # of data of one's own, files are opened
    for name, runs in material.main_runs.groupby("method", sort=False):
        method = known_method(str(name), material.contest)
        if method is None:
            continue
        try:
            of = {each: model.predict(method, info(each)) for each in runs["dataset"].unique()}
        except UcrError:  # its files are not here any more
            continue
        once = method.pretrained_on in FOR_ALL
        shared = max(seconds.pop("pretrain", 0.0) for seconds in of.values()) if once else 0.0
        own = runs["dataset"].map({each: sum(seconds.values()) for each, seconds in of.items()}).sum()
        hours[str(name)] = (own + shared * runs["resample"].nunique()) / 3600
    return hours


def _pareto(material: Material, costs: "pd.Series[float]", means: "pd.Series[float]", stem: str, label: str) -> str:
    front = effects.pareto_front(costs, means)
    figure = pareto(costs, means, front, cost_label=label)
    return picture(material, figure, stem, f"Mean accuracy against {label.partition(',')[0]}")
