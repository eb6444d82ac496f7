"""What the page brings along is put together once a version, and kept."""

from pathlib import Path

import pytest

from bench.report.page import bundles


def test_the_charts_library_is_made_once_and_again_where_what_is_kept_is_torn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(bundles, "user_cache_path", lambda _: tmp_path / "cache")
    monkeypatch.setattr(bundles.vl_convert, "javascript_bundle", lambda code: made.append(code) or f"/* {code} */" * 99)
    anew = bundles.chart_library.__wrapped__
    first = anew()
    assert (anew(), len(made)) == (first, 1)
    [kept] = (tmp_path / "cache" / "page").iterdir()
    for torn in (b"", b"no gzip", kept.read_bytes()[:-9]):
        kept.write_bytes(torn)
        made.clear()
        assert (anew(), anew(), len(made)) == (first, first, 1)
    kept.unlink()
    kept.parent.rmdir()
    kept.parent.touch()  # no folder can be made there
    made.clear()
    assert (anew(), anew(), len(made)) == (first, first, 2)
