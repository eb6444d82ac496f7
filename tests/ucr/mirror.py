"""A server on loopback that ships data sets in the form of every place that ships the archive."""

import contextlib
import functools
import hashlib
import io
import json
import struct
import tarfile
import threading
import time
import zipfile
import zlib
from collections import defaultdict
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from ucr.archive import ARCHIVE, Info
from ucr.sources import PASSWORD, SOURCES, Source

FORM = {"official": "UCRArchive_2018.zip", "figshare": "37909926"}


@dataclass(frozen=True)
class Shipped:
    """Which data sets are shipped: of equal length; of unequal lengths; one whose TEST has no known blob id."""

    equal: str
    unequal: str
    without_blob: str
    folder: Path = Path()

    @property
    def names(self) -> tuple[str, str, str]:
        return self.equal, self.unequal, self.without_blob

    def tsv(self, name: str, split: str) -> bytes:
        return (self.folder / name / f"{name}_{split}.tsv").read_bytes()

    def ts(self, name: str, split: str) -> bytes:
        return as_ts(name, self.tsv(name, split))


MADE_UP = Shipped("MadeUpEqual", "MadeUpUnequal", "MadeUpWithoutBlob")


def write_made_up(root: Path) -> list[Info]:
    """Writes an archive of three small data sets and returns their facts."""
    return [
        _write(root, MADE_UP.equal, 12, 15, 40, False),
        _write(root, MADE_UP.unequal, 10, 10, 30, True),
        replace(_write(root, MADE_UP.without_blob, 8, 9, 24, False), blob_test=""),
    ]


def _write(root: Path, name: str, n_train: int, n_test: int, length: int, unequal: bool) -> Info:
    random = np.random.default_rng(length)
    blobs = []
    (root / name).mkdir(parents=True)
    for split, n_cases in (("TRAIN", n_train), ("TEST", n_test)):
        rows = []
        for case in range(n_cases):
            values = [f"{value:.8g}" for value in random.normal(size=length) * 10.0 ** random.integers(-6, 6, length)]
            if unequal:  # as in the archive, no series needs the last columns
                values[length - 1 - case :] = ["NaN"] * (case + 1)
            rows.append("\t".join([str(1 + case % 2), *values]) + "\n")
        content = "".join(rows).encode()
        (root / name / f"{name}_{split}.tsv").write_bytes(content)
        blobs.append(hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest())
    return Info(
        name=name,
        type="Simulated",
        n_train=n_train,
        n_test=n_test,
        n_classes=2,
        length=None if unequal else length,
        columns=length,
        missing=False,
        znormalised=False,
        labels=("1", "2"),
        blob_train=blobs[0],
        blob_test=blobs[1],
        zenodo_record=length,
    )


def as_ts(name: str, content: bytes) -> bytes:
    """A tsv's content as a ``.ts`` file: small numbers as Java writes them, no padding, ``?`` for what is missing."""
    lines = [f"#The data set {name}", f"@problemName {name}", "@timeStamps false", "@classLabel true 1 2", "@data"]
    for row in content.decode().splitlines():
        label, *values = row.split("\t")
        while values[-1] == "NaN":
            values.pop()
        lines.append(",".join(_java(value) for value in values) + ":" + label)
    return "\n".join(lines).encode() + b"\n"


def _java(text: str) -> str:
    value = float(text)
    if np.isnan(value):
        return "?"
    if text.lstrip("-").isdigit():
        return text + ".0"
    digits, exponent = f"{value:.7e}".split("e")
    return f"{digits.rstrip('0')}E{int(exponent)}".replace(".E", ".0E") if 0 < abs(value) < 1e-3 else text


def encrypted_zip(entries: dict[str, bytes], password: bytes) -> bytes:
    """A zip with the classic encryption of the official one, which Python reads but does not write."""
    table = [0] * 256
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
        table[byte] = crc

    def encrypt(plain: bytes) -> bytes:
        keys = [0x12345678, 0x23456789, 0x34567890]

        def update(byte: int) -> None:
            keys[0] = keys[0] >> 8 ^ table[(keys[0] ^ byte) & 255]
            keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
            keys[2] = keys[2] >> 8 ^ table[(keys[2] ^ keys[1] >> 24) & 255]

        for byte in password:
            update(byte)
        cipher = bytearray()
        for byte in plain:
            mixed = keys[2] | 2
            cipher.append(byte ^ (mixed * (mixed ^ 1) >> 8 & 255))
            update(byte)
        return bytes(cipher)

    body, directory = bytearray(), bytearray()
    for name, content in entries.items():
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        crc = zlib.crc32(content)
        data = encrypt(bytes(11) + bytes([crc >> 24]) + deflate.compress(content) + deflate.flush())
        fields = struct.pack("<HHHHHIIIHH", 20, 1, 8, 0, 33, crc, len(data), len(content), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, len(body))
        directory += name.encode()
        body += b"PK\3\4" + fields + name.encode() + data
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return bytes(body + directory + b"PK\5\6" + end)


def plain_zip(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def plain_tar(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


class Mirror:
    """The server.

    Attributes:
        shipped: what it ships.
        sources: the project's sources, at this server's address.
        pages: content by path; a test may change it.
        behaviour: for a path, what to do instead of answering well, one a request: ``404``, ``500``, ``html``,
            ``truncate`` (half of the body, then the connection ends), ``flip`` (one wrong byte), ``stall``,
            ``416`` (only to a range request), ``no ranges`` (the whole file in answer to one). A behaviour
            that begins with ``always `` stays.
        requests: (path, Range header or None) of every request.
        delay: seconds between pieces of a body.
    """

    def __init__(self, shipped: Shipped) -> None:
        self.shipped = shipped
        self.behaviour: dict[str, list[str]] = defaultdict(list)
        self.requests: list[tuple[str, str | None]] = []
        self.delay = 0.0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.sources: dict[str, Source] = {
            name: replace(source, url=f"{self.url}/{name}/{source.url.split('/', 3)[-1]}")
            for name, source in SOURCES.items()
            if source.kind != "wheel"  # which is pip's affair
        }
        self.pages = self._pages()
        self.stopped = threading.Event()

    def __enter__(self) -> "Mirror":
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def path(self, source: str, name: str = "", split: str = "TRAIN") -> str:
        """The path under which a source's file of a data set is asked for."""
        record = ARCHIVE[name].zenodo_record if name else None
        if source == "zenodo" and split != "RECORD":
            return f"/zenodo/files/{name}_{split}.ts"
        url = self.sources[source].url.format(name=name, split=split, zenodo_record=record)
        return url.removeprefix(self.url)

    def zip_sha256(self, name: str) -> str:
        return hashlib.sha256(self.pages[self.path("github", name)]).hexdigest()

    def misbehave(self, behaviour: str, *sources: str, name: str) -> None:
        """Makes all files of sources misbehave, for ever."""
        for source in sources or self.sources:
            for split in ("TRAIN", "TEST"):
                self.behaviour[self.path(source, name, split)] = [f"always {behaviour}"]

    def next_behaviour(self, path: str) -> str:
        """What to do with this request; it is done once, unless it stays."""
        waiting = self.behaviour[path]
        if waiting and not waiting[0].startswith("always "):
            return waiting.pop(0)
        return waiting[0].removeprefix("always ") if waiting else ""

    def asked(self, path: str) -> list[str | None]:
        """The Range headers of the requests for a path."""
        return [header for asked, header in self.requests if asked == path]

    def _pages(self) -> dict[str, bytes]:
        pages: dict[str, bytes] = {}
        for name in self.shipped.names:
            tsv = {split: self.shipped.tsv(name, split) for split in ("TRAIN", "TEST")}
            ts = {split: as_ts(name, content) for split, content in tsv.items()}
            for split in tsv:
                pages[self.path("huggingface", name, split)] = ts[split]
                pages[self.path("zenodo", name, split)] = ts[split]
            entries = {f"{name}_{split}.ts": content for split, content in ts.items()}
            entries |= {f"../{name}_{split}.txt": b"another form" for split in ts}
            pages[self.path("tsc", name)] = pages[self.path("github", name)] = plain_zip(entries)
            pages[self.path("zenodo", name, "RECORD")] = self._record(name, ts)
        pages[self.path("official")], pages[self.path("figshare")] = _whole_archive(self.shipped)
        return pages

    def _record(self, name: str, ts: dict[str, bytes]) -> bytes:
        listed = [
            {
                "key": f"{name}_{prefix}{split}.ts",
                "links": {"self": self.url + self.path("zenodo", name, split)},
                "checksum": "md5:" + hashlib.md5(content).hexdigest(),
            }
            for split, content in ts.items()
            for prefix in ("eq_", "")
        ]
        return json.dumps({"id": 1, "files": listed}).encode()


@functools.cache  # encryption in Python takes its time
def _whole_archive(shipped: Shipped) -> tuple[bytes, bytes]:
    """The official zip and the tar, with entries that want to leave the root and the folder of padded copies."""
    entries: dict[str, bytes] = {"../../escaped.txt": b"out", "/tmp/escaped.txt": b"out"}
    for name in shipped.names:
        for split in ("TRAIN", "TEST"):
            file, content = f"{name}/{name}_{split}.tsv", shipped.tsv(name, split)
            padded = f"UCRArchive_2018/Missing_value_and_variable_length_datasets_adjusted/{file}"
            entries |= {padded: content.replace(b"NaN", b"0.001"), f"UCRArchive_2018/{file}": content}
    return encrypted_zip(entries, PASSWORD), plain_tar(entries)


def _handler(mirror: Mirror) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            mirror.requests.append((self.path, asked))
            behaviour = mirror.next_behaviour(self.path)
            if self.path not in mirror.pages:
                self.send_error(404)
            elif behaviour in ("404", "500") or (behaviour == "416" and asked):
                self.send_error(int(behaviour))
            elif behaviour == "stall":
                mirror.stopped.wait()
            else:
                self._send(_spoil(mirror.pages[self.path], behaviour), behaviour, asked)

        def _send(self, body: bytes, behaviour: str, asked: str | None) -> None:
            tag = f'"{hashlib.md5(body).hexdigest()}"'
            start = 0
            if asked and behaviour != "no ranges" and self.headers.get("If-Range", tag) == tag:
                start = int(asked.removeprefix("bytes=").removesuffix("-"))
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(body) - start))
            self.send_header("ETag", tag)
            self.end_headers()
            end = (start + len(body)) // 2 if behaviour == "truncate" else len(body)
            piece = 2**10 if mirror.delay else 2**16
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client was killed
                for place in range(start, end, piece):
                    self.wfile.write(body[place : min(end, place + piece)])
                    time.sleep(mirror.delay)

    return Handler


def _spoil(body: bytes, behaviour: str) -> bytes:
    if behaviour == "html":
        return b"<!doctype html><html><body>The page was not found</body></html>"
    if behaviour == "flip":
        middle = len(body) // 2
        return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
    return body
