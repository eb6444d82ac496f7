"""By how much whoever designed our model knew of the data sets: what it was tuned on flatters it."""

from bench.contest.contestants import known_method
from bench.report import tables
from bench.report.material import Material
from bench.report.questions import Asked, answers
from bench.report.wording import drawn, markdown
from timae.presets import KNOWN, TUNED_ON

OPPONENT = "minirocket"
"""What everything is held against: fast, strong, and tuned on data sets that are not set apart here."""


def section(material: Material) -> str:
    """Accuracy and margin over MiniRocket of every method of ours, each group of data sets by itself."""
    table = material.scores["accuracy"]
    methods = [name for name in table.columns if (method := known_method(name, material.contest)) and method.tuned_on]
    groups = {
        "settings were chosen inside its train split": [name for name in table.index if name in TUNED_ON],
        "its test accuracies were known": [name for name in table.index if name in KNOWN],
        "neither": [name for name in table.index if name not in (*TUNED_ON, *KNOWN)],
    }
    groups = {what: names for what, names in groups.items() if len(names) > 1}
    if OPPONENT not in table or not methods or len(groups) < 2:
        return ""
    questions = [Asked(what, method, OPPONENT, (*names,)) for what, names in groups.items() for method in methods]
    found = answers(questions, table, material.runs, same_split=material.contest.same_split)
    rows = tables.paired(found).rename(
        columns={
            "question": "when our model was designed",
            "a": "method",
            "mean a − b [95 % interval]": "margin [95 % interval]",
        }
    )
    rows["accuracy"] = [f"{answer.scores[answer.pair.a].mean():.4f}" for answer in found]
    columns = ["when our model was designed", "data sets", "method", "accuracy", "margin [95 % interval]"]
    shown = rows[[*columns, "wins / draws / losses", "p", tables.holm_over(len(found), "question")]]
    return "\n\n".join(
        [
            "## By what was known of the data sets",
            f"Margin over {OPPONENT}, on the data sets that both have. Intervals by bootstrap over "
            f"{drawn(material, found)}; p by Wilcoxon's exact signed-rank test, raw and by Holm over all lines. What "
            "was designed or tuned with a view of a data set may flatter there; the other data sets say more.",
            markdown(shown),
        ]
    )
