"""What there is of published numbers, a method a row."""

import pandas as pd

from bench.published.numbers import N_RESAMPLES, Published, load_published, load_resamples, sources


def listed() -> pd.DataFrame:
    """Every published method, as text: data sets, splits, what a number is of, normalisation, source, licence.

    Returns:
        One row a method and source, in the order of the sources.
    """
    on_resamples = {(number.method, number.source) for number in load_resamples()}
    found: dict[tuple[str, str], list[Published]] = {}
    for number in load_published():
        if number.archive_variant == "original":
            found.setdefault((number.method, number.source), []).append(number)
    return pd.DataFrame(
        {
            "method": method,
            "data sets": len(numbers),
            "splits": f"{N_RESAMPLES} resamples" if (method, source) in on_resamples else "the archive's",
            "normalised": sources()[source].normalise,
            "source": source,
            "licence": numbers[0].licence,
            "of": _of(numbers[0]),
        }
        for (method, source), numbers in found.items()
    )


def _of(number: Published) -> str:
    return "one run" if number.aggregate == "single" else f"{number.aggregate} of {number.n_runs}"
