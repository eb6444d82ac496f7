"""What the methods cost, and what that buys."""

import pandas as pd

from bench.report import tables
from bench.report.material import Material
from bench.report.pictures.pareto import pareto
from bench.report.pictures.phases import phases
from bench.report.wording import listed, markdown, picture
from bench.stats import effects


def section(material: Material) -> str:
    """Seconds by phase, accuracy against cost, parameters and memory."""
    unknown = f"Not known of what was imported: {listed([*material.imported])}." if material.imported else ""
    if not material.own:
        return f"## Cost\n\n{unknown}"
    seconds, table = tables.costs(material.own_runs)
    means = material.scores["accuracy"].mean()[seconds.index]
    per_run = seconds.sum(axis=1)
    pictures = [
        picture(material, phases(seconds, label="seconds a run, mean"), "seconds", "Seconds by phase"),
        _pareto(material, per_run, means, "accuracy_seconds", "seconds a run, mean"),
    ]
    parameters = material.own_runs.groupby("method")["encoder_parameters"].median().dropna()
    if len(parameters) > 1 and parameters.max() > 1.5 * parameters.min():  # else there is nothing to weigh
        pictures.append(
            _pareto(material, parameters, means[parameters.index], "accuracy_parameters", "encoder parameters")
        )
    note = (
        "Seconds a run by phase (mean), parameters of the encoder and of the whole net without ridge classifiers "
        "(median), peak memory of the worker (largest). A "
        "pre-training that methods share is made once, and stands in the seconds of each of them; one that data sets "
        "share is spread evenly over them. Baselines compile their kernels before the clock starts."
    )
    return "\n\n".join(filter(None, ["## Cost", *pictures, note, unknown, markdown(table)]))


def _pareto(material: Material, costs: "pd.Series[float]", means: "pd.Series[float]", stem: str, label: str) -> str:
    front = effects.pareto_front(costs, means)
    figure = pareto(costs, means, front, cost_label=label)
    return picture(material, figure, stem, f"Mean accuracy against {label.partition(',')[0]}")
