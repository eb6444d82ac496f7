"""Questions that two methods answer together: is pre-training worth it, say."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from bench.methods.averages import members_of
from bench.report import tables
from bench.report.material import Material
from bench.report.pictures.scatter import scatter
from bench.report.wording import drawn, listed, markdown, picture
from bench.stats.wording import disagreement


def section(material: Material) -> str:
    """Table and scatters of the questions that the methods allow."""
    if not material.answers:
        return ""
    over = drawn(material, material.answers)
    lines = [
        "## Paired questions",
        markdown(tables.paired(material.answers)),
        f"On the data sets that both methods have{_but(material)}. Intervals by bootstrap over {over}; p by Wilcoxon's "
        "exact signed-rank test over data sets, raw and by Holm over the questions of this table (not over all pairs, "
        "as above). An interval is of the mean, a test of ranks: where a few large differences make the mean, either "
        "may see what the other does not. Likeliest: how probable it is, by the Bayesian signed-rank test, that of the "
        "three this one is the likeliest on another data set; a difference up to .01 counts as the same."
        + _alone(material),
        "\n".join(f"- {line}" for line in filter(None, (disagreement(answer.pair) for answer in material.answers))),
        "What their configurations do not share:\n\n" + "\n".join(_differences(material)),
    ]
    shown: Counter[str] = Counter()
    for answer in material.answers:
        shown[answer.question] += 1
        if shown[answer.question] == 1:
            name = f"{answer.pair.a}_{answer.pair.b}"
            figure = scatter(answer.scores, replace(answer.pair, p_holm=answer.p_holm))
            lines.append(picture(material, figure, name, answer.question))
    return "\n\n".join(filter(None, lines))


def _but(material: Material) -> str:
    return f", but for those that were tuned on ({len(material.tuned)})" * material.apart


def _alone(material: Material) -> str:
    """What the column says that asks each data set by itself; nothing where there is none."""
    if not any(answer.alone for answer in material.answers):
        return ""
    test = (
        "a paired t-test over seeds"
        if material.contest.same_split
        else "the corrected resampled t-test of Nadeau and Bengio over resamples"
    )
    return (
        f" Data sets apart by themselves is another test, of each data set alone, by {test}, Holm over data sets: on "
        "how many a is better, nothing is told, b is better."
    )


def _differences(material: Material) -> Iterator[str]:
    keys = ("pretrained_on", "preparation")
    stored = {result.method: result.config for result in material.finished}
    for pair in (answer.pair for answer in material.answers):
        if "+" in pair.a + pair.b:
            ours, theirs = members_of(pair.a), members_of(pair.b)
            alone = (listed([name for name in x if name not in y]) for x, y in ((ours, theirs), (theirs, ours)))
            yield f"- {pair.a}, {pair.b}: {' against '.join(names or 'nothing' for names in alone)}"
            continue
        a, b = ({**stored[x].get("config", {}), **{key: stored[x].get(key) for key in keys}} for x in (pair.a, pair.b))
        yield f"- {pair.a}, {pair.b}: {', '.join(tables.differences(a, b))}"
