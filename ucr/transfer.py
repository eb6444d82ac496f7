"""Transfer of one file by HTTP: whole, checked, and resumed where the last attempt broke off."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pooch
import requests
from tqdm import tqdm

_CHUNK = 2**18


class RefusedError(Exception):
    """What a source answered instead of the file; the message is short, for a list of such answers."""


@dataclass(frozen=True)
class Transfer:
    """How files are fetched.

    Attributes:
        retries: further attempts after a server's error, a broken or stalled connection or a wrong hash, with
            growing pauses between them.
        timeout: seconds without a single byte after which a connection counts as stalled.
        progress: whether to show a progress bar, on a terminal.
    """

    retries: int = 3
    timeout: float = 30.0
    progress: bool = True

    def fetch(self, url: str, path: Path, known_hash: str | None = None) -> Path:
        """Fetches `url` to `path`, where it appears whole or not at all; a file that is there already is kept.

        Args:
            url: what to fetch.
            path: the file to make. What a broken transfer left lies beside it and is continued.
            known_hash: ``sha256:…`` or ``md5:…`` of the content, or None.

        Raises:
            RefusedError: the server does not give the file.
            OSError: the file cannot be written.
        """
        pooch.get_logger().setLevel("WARNING")
        manager = pooch.create(
            path=path.parent,
            base_url="",
            registry={path.name: known_hash},
            urls={path.name: url},
            retry_if_failed=self.retries,
        )
        with _as_refusal(self.timeout):
            manager.fetch(path.name, downloader=partial(self._resume, path.with_name(path.name + ".part")))
        return path

    def _resume(self, part: Path, url: str, output_file: str, _pooch: Any) -> None:
        """Continues `part` until it is whole, then moves it to `output_file`: a downloader for pooch."""
        start = part.stat().st_size if part.exists() else 0
        version = part.with_suffix(".version")  # never join the halves of two different files
        headers = {"Accept-Encoding": "identity"}
        if start and version.exists():
            headers |= {"Range": f"bytes={start}-", "If-Range": version.read_text()}
        with requests.get(url, headers=headers, timeout=self.timeout, stream=True) as response:
            if "Range" in headers and response.status_code not in (200, 206):
                part.unlink()
                raise requests.ConnectionError(f"HTTP {response.status_code} to a range request")
            response.raise_for_status()
            if response.status_code != 206:
                start = 0
            length = response.headers.get("Content-Length")
            total = start + int(length) if length else None
            if tag := response.headers.get("ETag") or response.headers.get("Last-Modified"):
                version.write_text(tag)
            with (
                part.open("ab" if start else "wb") as file,
                tqdm(
                    total=total,
                    initial=start,
                    desc=url.rsplit("/", 1)[-1],
                    unit="B",
                    unit_scale=True,
                    disable=None if self.progress else True,
                ) as bar,
            ):
                for chunk in response.iter_content(_CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
        if total is not None and part.stat().st_size != total:
            raise requests.ConnectionError(f"cut short at {part.stat().st_size} of {total} bytes")
        part.replace(output_file)
        version.unlink(missing_ok=True)


@contextmanager
def _as_refusal(timeout: float) -> Iterator[None]:
    """Turns what requests and pooch raise into one short answer."""
    try:
        yield
    except requests.HTTPError as error:
        raise RefusedError(str(error).split(" for url")[0]) from error
    except requests.RequestException as error:
        if isinstance(error, requests.Timeout) or "timed out" in str(error):
            raise RefusedError(f"no answer for {timeout:g} s") from error
        if "Range" in str(error):
            raise RefusedError(str(error)) from error
        cut = "cut short" in str(error) or isinstance(error, requests.exceptions.ChunkedEncodingError)
        raise RefusedError("the answer was cut short" if cut else "cannot be reached") from error
    except ValueError as error:
        raise RefusedError("the content is not the expected one (its hash differs)") from error
