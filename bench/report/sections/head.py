"""What was compared, who won, how sure that is, and whether anything is missing."""

from collections import Counter
from collections.abc import Collection, Iterator

from bench.report import charges, tables
from bench.report.material import Material
from bench.report.wording import data_sets, fewer, hours, left_out, listed, once, splits, unfinished
from bench.stats import effects
from bench.stats.comparison import Comparison, family
from bench.stats.wording import disagreement
from ucr.archive import ARCHIVE


def section(material: Material) -> str:
    """Title, verdict and warnings."""
    runs, contest = material.runs, material.contest
    lines = [f"# {contest.name}", *unfinished(material)]
    n_runs = len(material.own) + len(material.fewer)
    made = f"preset `{contest.preset}`: {n_runs} runs, {hours(_computing(material))} of computing."
    lines += [
        f"{runs['method'].nunique()} methods on {_whose([*dict.fromkeys(runs['dataset'])])}, "
        f"{splits(material)}, {made if material.own else 'none of them run here.'} {_conditions(material)}".strip(),
        *_imported(material),
        *fewer(material),
        *once(material),
    ]
    verdict = [*_tuned(material), *_verdict(material)]
    if verdict:
        lines.append("\n".join(f"- {line}" for line in verdict))
    return "\n\n".join(lines)


def _whose(names: list[str]) -> str:
    """How many data sets there are, and whose they are."""
    own = [name for name in names if name not in ARCHIVE]
    of_archive = f"{data_sets(len(names) - len(own))} of the UCR 2018 archive"
    if not own:
        return of_archive
    ours = f"{data_sets(len(own))} that {'is' if len(own) == 1 else 'are'} none of the UCR 2018 archive’s"
    return ours if len(own) == len(names) else f"{of_archive} and {ours}"


def _imported(material: Material) -> Iterator[str]:
    """What was not run here, and what is therefore not known of it."""
    if not material.imported:
        return
    runs = material.runs["method"].value_counts()
    named = listed([f"{method} ({source}: {runs[method]})" for method, source in material.imported.items()])
    yield (
        f"Imported as accuracies alone: {named}. Their other scores, seconds, parameters and memory are not known, nor "
        "is whether they saw the series as ours did."
    )
    if material.aside:
        counts = Counter(result.method for result in material.aside)
        left = listed([f"{n} of {method}" for method, n in counts.items()])
        yield f"Imported accuracies on splits that this contest does not have are left aside: {left}."


def _conditions(material: Material) -> str:
    """How the methods were shown the series, in sentences; most data sets need none of the second and third."""
    prepared = {result.method: result.config.get("preparation", {}) for result in material.own}
    words = {
        "normalise": {"series": "Every series is z-normalised by itself.", "none": "Series are as they are on disk."},
        "missing": {"linear": "Missing values are interpolated.", "mean": "Missing values are the series' mean."},
        "unequal": {
            "resample": "Shorter series are stretched to the longest.",
            "pad": "Shorter series are padded.",
            "truncate": "Longer series are cut to the shortest.",
        },
    }
    sentences = [
        sentence
        for policy, choices in words.items()
        for choice, sentence in choices.items()
        if choice in {preparation.get(policy) for preparation in prepared.values()}
    ]
    longest: dict[int, list[str]] = {}
    for method, preparation in prepared.items():
        if preparation.get("max_length"):
            longest.setdefault(preparation["max_length"], []).append(method)
    sentences += [f"{listed(methods)}: sub-sampled to {n} time points at most." for n, methods in longest.items()]
    told = {f"{result.dataset}: {note}." for result in material.own for note in result.notes}
    return " ".join([*sentences, *sorted(told)])


def _computing(material: Material) -> float:
    """Seconds of all runs; a pre-training that several of them share counts once, an average nothing."""
    every = [*material.own, *material.fewer]
    trained = [result for result in every if "members" not in result.config.get("config", {})]
    shared = {
        result.details.get("pretrained") or (result.method, result.dataset, result.resample): result.pretrain_seconds
        for result in trained
    }
    return sum(shared.values()) + sum(result.finetune_seconds + result.test_seconds for result in trained)


def _tuned(material: Material) -> Iterator[str]:
    """Which data sets say less, for settings were chosen on them."""
    inside = [name for name in material.tuned if name not in material.contest.tuned]
    looked = [name for name in material.tuned if name in material.contest.tuned]
    said = [
        f"{what} {data_sets(len(names))}: {listed(names)}."
        for what, names in (
            ("Settings of methods were chosen inside the train splits of", inside),
            ("By whoever ran this, methods were made with a look at", looked),
        )
        if names
    ]
    if said:
        left = len(material.scores["accuracy"]) - len(material.tuned)
        yield " ".join(
            [*said, f"What follows is on the other {left}." if material.apart else "No two others are left."]
        )


def _verdict(material: Material) -> Iterator[str]:
    """Who won, by how much, whether that is significant, and what it cost; a sentence each."""
    comparison = material.comparison
    if comparison is None:
        if material.not_compared:
            yield f"No ranks: {material.not_compared}."
        return
    scores, ranks = comparison.scores, comparison.average_ranks
    best, second, *_ = ranks.index
    means = scores.mean()
    yield (
        f"**{best}** ranks best by accuracy: average rank {ranks[best]:.2f} of {len(ranks)} on "
        f"{data_sets(len(scores))}, mean accuracy {means[best]:.4f}."
    )
    next_is = "Level with it is" if ranks[second] == ranks[best] else "Next is"
    difference = scores[best] - scores[second]
    interval = f" (95 % interval {tables.interval(effects.bootstrap_interval(difference))})" * (len(scores) > 1)
    yield (
        f"{next_is} **{second}**, rank {ranks[second]:.2f}, mean accuracy {means[second]:.4f}: a mean difference "
        f"of {difference.mean():+.4f}{interval}."
    )
    closest = next(pair for pair in comparison.pairs if {pair.a, pair.b} == {best, second})
    yield from filter(None, [disagreement(closest, ranks)])
    yield _told_apart(comparison)
    yield from left_out(comparison)
    if material.overall:
        yield f"On all {len(material.scores['accuracy'])} data sets: {_told_apart(material.overall)}"
    yield from _cost(material, str(best), [*ranks.index])


def _told_apart(comparison: Comparison) -> str:
    """Whom the best method is told apart from, and whom it is not, with p raw and corrected."""
    if comparison.too_few:
        return comparison.too_few
    best = str(comparison.average_ranks.index[0])
    pairs = {pair.b: pair for pair in comparison.pairs if pair.a == best}
    alike = set(comparison.alike(best))
    parts = []
    for what, others in (
        ("told apart from", [name for name in pairs if name not in alike]),
        ("not told apart from", [name for name in pairs if name in alike]),
    ):
        named = listed([f"{name} (p {pairs[name].p:.3g}, Holm {pairs[name].p_holm:.3g})" for name in others])
        parts += [f"{what} {named}"] if others else []
    return (
        f"{best} is {'; it is '.join(parts)}: exact Wilcoxon signed-rank test, p raw and by Holm over "
        f"{family(len(comparison.pairs))}, α = {comparison.alpha:g}."
    )


def _cost(material: Material, best: str, ranked: Collection[str]) -> Iterator[str]:
    """What a run of the best method cost, and one of the cheapest that anything is known of."""
    found = charges.per_run(material.main_runs, material.clock)
    if best not in found.index:
        yield f"What a run of {best} costs is not known: it was imported."
        return
    kind = charges.CLOCKS[material.clock]
    found = found[found.index.isin(ranked)]  # the seconds of the others are of fewer data sets
    cheapest = str(found["seconds"].idxmin())
    shared = found["shared"][best]
    yield (
        f"A run of {best} took {found['seconds'][best]:.1f} {kind} in the median"
        + (f", and once a pre-training that data sets share {shared:.1f}" if shared else "")
        + (
            ", the least of those ranked."
            if cheapest == best
            else f"; the cheapest of those ranked is {cheapest}, {found['seconds'][cheapest]:.1f}."
        )
    )
