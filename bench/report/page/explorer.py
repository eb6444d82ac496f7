"""The explorer of a page: what can be read of it before its script has run."""

import html
from collections.abc import Mapping
from typing import Any

EXPLORER = "Accuracy by data set"
"""The heading under which it stands."""

BROAD = 14
"""More columns than that, and print breaks names within their heads."""

RULES = {
    "methods": """Ranks are among the methods that have every data set shown, ties share their places. † stands on fewer
data sets than are shown.""",
    "datasets": """Means, ranks and <i>best on</i> are over the data sets shown that all methods shown have, ties share
their places.""",
}

TUNED = """ Where <i>tuned on</i> says yes, somebody looked at the data set when methods were made; the
report compares on the others first, where there are any."""

UNMEASURED = " Data sets of unequal or unknown length ({}) fit no filter of the length."

NUMBER = ' data-type="number"'

COLUMNS = {"classes": "classes", "train": "train cases", "test": "test cases", "length": "length"}


def explorer(facts: Mapping[str, Any]) -> str:
    """The table of accuracies with the facts of its data sets, and places for what the script adds."""
    methods = facts["methods"]
    tuned = any(dataset["tuned"] for dataset in facts["datasets"])
    unmeasured = sum(not dataset["length"] for dataset in facts["datasets"])
    heads = ["<th>data set</th>", '<th class="word">type</th>', *['<th class="word">tuned on</th>'] * tuned]
    heads += [f'<th class="{key}"{NUMBER}>{name}</th>' for key, name in COLUMNS.items()]
    heads += [f'<th class="method"{NUMBER}>{html.escape(name)}</th>' for name in methods]
    rows = "\n".join(_row(*row, tuned=tuned) for row in zip(facts["datasets"], facts["scores"], strict=True))
    return f"""<div id="explorer">
<p>The best of a row in bold<span class="scripted">, of the methods shown. Filters stand below the heads of the
columns.{UNMEASURED.format(unmeasured) * bool(unmeasured)} <i>Methods</i> switches methods off. Mean accuracy and
average rank follow at once, of the methods and data sets that are left; diagrams and tests elsewhere on this page do
not: they stay those of the whole contest. A data set's name opens what is known of it</span>.{TUNED * tuned}</p>
<div class="wide scripted"><table id="standing">
<thead><tr><th>method</th><th>data sets</th><th>mean accuracy</th><th>average rank</th><th>best on</th></tr></thead>
<tbody></tbody></table></div>
<p class="scripted">{RULES[facts["complete"]]}</p>
<div class="wide" role="region" tabindex="0" aria-label="{EXPLORER}">
<table id="accuracies" class="{"broad" * (len(heads) > BROAD)}" style="--columns: {len(heads)}">
<thead><tr>{"".join(heads)}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
<h3 class="scripted">Two methods against each other</h3>
<div id="pair" class="scripted">
<div class="chart"></div>
<p aria-live="polite"></p>
</div>
</div>
"""


def _row(dataset: Mapping[str, Any], scores: list[float | None], *, tuned: bool) -> str:
    best = max((score for score in scores if score is not None), default=None)
    cells = [f'<td class="name">{html.escape(dataset["name"])}</td>', f'<td class="word">{dataset["type"]}</td>']
    cells += [f'<td class="word">{"yes" if dataset["tuned"] else "no"}</td>'] * tuned
    cells += [_cell(dataset[key], f"{dataset[key]:,}" if dataset[key] else "unequal") for key in COLUMNS]
    for score in scores:
        text = "–" if score is None else f"{score:.4f}"
        cells.append(_cell(score, text, best=score is not None and score == best))
    return f"<tr>{''.join(cells)}</tr>"


def _cell(value: float | None, text: str, *, best: bool = False) -> str:
    bold = ' class="best"' * best
    return f'<td{bold} data-order="{"" if value is None else f"{value:.6g}"}">{text}</td>'
