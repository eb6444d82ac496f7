"""What each addition to the paper's model is worth, one at a time."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.methods.ladder import RUNGS
from bench.report import charges, tables
from bench.report.material import Material
from bench.report.pictures.steps import steps
from bench.report.questions import Asked, answers
from bench.report.wording import data_sets, drawn, markdown, picture


def section(material: Material) -> str:
    """Table and picture of the steps; nothing where a rung has no result."""
    scores = material.scores["accuracy"]
    names = [rung.name for rung in RUNGS]
    if not set(names) <= set(scores.columns):
        return ""
    scores = scores[names].dropna()
    adds = {rung.name: rung.adds for rung in RUNGS}
    pairs = zip(names[1:], names, strict=False)
    found = answers([Asked(adds[upper], upper, lower) for upper, lower in pairs], scores, material.runs)
    if not found:
        return ""
    [whole] = answers([Asked("all together", names[-1], names[0])], scores, material.runs)
    seconds = charges.per_run(material.main_runs, material.clock)["seconds"]
    steps_of = (
        tables.paired(found).set_index("a").rename(columns={"mean a − b [95 % interval]": "worth [95 % interval]"})
    )
    shown = ["worth [95 % interval]", "wins / draws / losses", "p", tables.holm_over(len(found), "question")]
    table = pd.DataFrame(
        {"rung": names, "adds": [*adds.values()], "accuracy": [f"{mean:.4f}" for mean in scores.mean()]}, index=names
    )
    configs = {result.method: result.config for result in material.finished}
    table["pre-training steps"] = [_steps(configs[name]) for name in names]
    table = table.join(steps_of[shown]).fillna("–")  # the lowest rung is no step
    table[charges.CLOCKS[material.clock]] = [f"{seconds[name]:.1f}" for name in names]
    told = [answer.question for answer in found if answer.p_holm < 0.05]
    rest = [answer.question for answer in found if answer.p_holm >= 0.05]
    lines = [
        "## The ladder: from the paper's model to ours",
        f"Each rung is the one before it and one addition; all else is equal. On {data_sets(len(scores))}. "
        f"Intervals by bootstrap over {drawn(material, found)}; p by Wilcoxon's signed-rank "
        f"test against the rung before, raw and corrected by Holm over the {len(found)} steps.",
        markdown(table),
        picture(material, steps(found), "ladder", "What each addition is worth"),
        f"All together: {whole.pair.mean_difference:+.4f} {tables.interval(whole.interval)}, better on "
        f"{whole.pair.wins}, worse on {whole.pair.losses} (p = {whole.pair.p:.3g}, a single test). "
        f"Told apart from no change: {' · '.join(told) or 'none'}. Not told apart: {' · '.join(rest) or 'none'}.",
    ]
    return "\n\n".join(lines)


def _steps(config: Mapping[str, Any]) -> str:
    """Steps of a method's pre-training, or of its first member's."""
    config = next(iter(config["config"].get("members", [config])))
    steps = f"{config['config']['pretraining']['steps']:,}"
    return steps if config["pretrained_on"] == "train" else f"{steps} for all"
