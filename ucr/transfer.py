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

_CHUNK = 2**14
"""Bytes written at a time; what a breaking connection may cost."""
_FINAL = (400, 401, 403, 404, 410, 451)
"""HTTP statuses that a further attempt would not change."""
_NO_RANGES = (400, 412, 416, 501)
"""HTTP statuses of a server that refuses to go on in the middle."""


class RefusedError(Exception):
    """What a source answered instead of the file; the message is short, for a list of such answers."""


class UnreachableError(RefusedError):
    """There was no answer, and would be none for another file."""


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
        version = part.with_suffix(".version")  # the server's name for it: never join halves of two files
        start = part.stat().st_size if part.exists() and version.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": version.read_text()}
        with _asked(url, headers, self.timeout) as response:
            if start and response.status_code in _NO_RANGES:
                part.unlink()
                self._resume(part, url, output_file, _pooch)
                return
            if response.status_code in _FINAL:
                raise RefusedError(_status(response))
            response.raise_for_status()
            if not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                start = 0  # the whole file, from its beginning
                _note_version(version, response)
            self._write(part, response, start)
        part.replace(output_file)
        version.unlink(missing_ok=True)

    def _write(self, part: Path, response: requests.Response, start: int) -> None:
        """Writes the body behind the first `start` bytes of `part`."""
        length = response.headers.get("Content-Length")
        total = start + int(length) if length else None
        name = response.url.rsplit("/", 1)[-1]
        hidden = None if self.progress else True  # None: unless standard error is a terminal
        with (
            part.open("ab" if start else "wb") as file,
            tqdm(total=total, initial=start, desc=name, unit="B", unit_scale=True, disable=hidden) as bar,
        ):
            for chunk in response.iter_content(_CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
        if total is not None and part.stat().st_size != total:
            raise requests.exceptions.ChunkedEncodingError(f"{part.stat().st_size} of {total} bytes")


def _asked(url: str, headers: dict[str, str], timeout: float) -> requests.Response:
    """The beginning of an answer; where there is no such host, a further attempt would not change that."""
    try:
        return requests.get(url, headers=headers, timeout=timeout, stream=True)
    except requests.ConnectionError as error:
        if "NameResolutionError" in str(error):
            raise UnreachableError("cannot be reached") from error
        raise


def _status(response: requests.Response) -> str:
    return f"{response.status_code} {response.reason}"


def _note_version(version: Path, response: requests.Response) -> None:
    version.unlink(missing_ok=True)
    tag = response.headers.get("ETag", "W/")
    if tag.startswith("W/"):  # a weak one says nothing about bytes
        tag = response.headers.get("Last-Modified", "")
    if tag:
        version.write_text(tag)


@contextmanager
def _as_refusal(timeout: float) -> Iterator[None]:
    """Turns what requests and pooch raise into one short answer."""
    try:
        yield
    except requests.HTTPError as error:
        raise RefusedError(_status(error.response)) from error
    except requests.RequestException as error:
        if isinstance(error, requests.Timeout) or "timed out" in str(error):
            raise UnreachableError(f"no answer for {timeout:g} s") from error
        if isinstance(error, requests.exceptions.ChunkedEncodingError):
            raise RefusedError("the answer was cut short") from error
        raise UnreachableError("cannot be reached") from error
    except ValueError as error:
        raise RefusedError("the content is not the expected one (its hash differs)") from error
