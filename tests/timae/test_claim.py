"""A claim ends with its owner, on this machine at once, on another after its lease."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from timae import claim as claims
from timae.claim import claim

PROJECT = Path(__file__).parents[2]
LEASE = 3.0
ON_ANOTHER_MACHINE = ["unshare", "--uts", "sh", "-c", 'hostname another-machine; exec "$0" "$@"']


@contextmanager
def owner(path: Path, *wrapper: str) -> Iterator["subprocess.Popen[str]"]:
    code = (
        "import sys; from pathlib import Path; from timae.claim import claim\n"
        "with claim(Path(sys.argv[1])) as mine: print(mine, flush=True); sys.stdin.read()"
    )
    command = [*wrapper, sys.executable, "-c", code, str(path)]
    environment = {**os.environ, "TIMAE_LEASE_SECONDS": str(LEASE)}
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=PROJECT, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


@pytest.fixture
def lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "LEASE_SECONDS", LEASE)


@pytest.mark.usefixtures("lease")
def test_on_one_machine_a_claim_ends_at_once_with_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "claim"
    with owner(path) as process:
        with claim(path) as mine:
            assert not mine
        process.kill()
        process.wait()
        with claim(path) as mine:
            assert mine


@pytest.mark.usefixtures("lease")
def test_another_machines_claim_stands_while_it_lives_and_is_taken_over_after_its_lease(tmp_path: Path) -> None:
    if subprocess.run([*ON_ANOTHER_MACHINE, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no machine of another name can be had here (unshare --uts is not allowed)")
    path = tmp_path / "claim"
    with owner(path, *ON_ANOTHER_MACHINE) as process:
        path.unlink()  # as where the kernel's locks are not carried between machines
        end = time.monotonic() + 2 * LEASE
        while time.monotonic() < end:  # it lives, and its lease is renewed
            with claim(path) as mine:
                assert not mine
            time.sleep(0.1)
        process.kill()
        process.wait()
        dead = time.monotonic()
        while True:
            with claim(path) as mine:
                if mine:
                    break
            assert time.monotonic() < dead + 20 * LEASE, "it was never taken over"
            time.sleep(0.1)
        assert time.monotonic() - dead > LEASE / 2
    assert claims._watched == {}
