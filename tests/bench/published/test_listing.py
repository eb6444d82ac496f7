from bench.published.listing import listed
from bench.published.numbers import load_published, sources


def test_every_published_method_stands_there_once_with_what_decides_whether_it_is_comparable():
    table = listed()
    original = [number for number in load_published() if number.archive_variant == "original"]
    assert {*zip(table["method"], table["source"], strict=True)} == {(n.method, n.source) for n in original}
    assert table["data sets"].sum() == len(original)
    assert set(table["source"]) == set(sources())
    row = table.set_index("method").loc["HC2"]
    assert row.to_dict() == {
        "data sets": 112, "splits": "30 resamples", "normalised": "none", "source": "tsml-eval",
        "licence": "BSD-3-Clause", "of": "one run",
    }  # fmt: skip
    assert table.set_index("method").loc["COCALITETime (authors)", "of"] == "ensemble of 5"
