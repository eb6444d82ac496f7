import subprocess
import sys
from pathlib import Path

import pytest

from ucr.__main__ import main


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "ucr", *arguments], capture_output=True, text=True, check=False)


def test_list_shows_facts_and_where_the_data_are(tiny_archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "GunPoint,PLAID,Coffee,Sines", "--root", str(tiny_archive)]) == 0
    header, coffee, gunpoint, plaid, sines = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["name", "type", "train"]
    assert coffee.split() == [
        "Coffee",
        "Spectro",
        "28",
        "28",
        "2",
        "286",
        "no",
        "yes",
        "0.0000",
        "0.0000",
        "0.0000",
        "-",
    ]
    assert gunpoint.split()[-1] == plaid.split()[-1] == "bundled"
    assert plaid.split()[5] == "vary"
    assert sines.split() == ["Sines", "own", "16", "20", "2", "24", "no", "no", "-", "-", "-", "installed"]


def test_list_loads_no_array_library() -> None:
    code = "import sys; from ucr.__main__ import main; main(['list']); print({'numpy', 'pandas'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert len(printed.splitlines()) == 129 + 1
    assert printed.endswith("set()\n")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m ucr list | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "GunPont"], "error: there is no data set 'GunPont' in the archive; did you mean GunPoint"),
        (["download", "Coffe"], "error: there is no data set 'Coffe' in the archive; did you mean Coffee"),
        (
            ["download", "Sines", "--root", "TINY"],
            "error: Sines is no data set of the archive",
        ),
        (["download", "Coffee", "--source", "x"], "error: there is no source 'x', expected one of official, tsc"),
        (["download", "Coffee", "--retries", "-1"], "error: --retries must be 0 or more"),
        (["download", "Coffee", "--from", "nowhere"], "error: --from nowhere: there is no such folder or file"),
        (["verify", "--root", "EMPTY"], "error: none of the 128 data sets of 'all' is under"),
        (["archive-check", "GunPoint", "--root", "EMPTY"], "error: none of the 1 data sets of 'GunPoint' is under"),
        (["bench-load", "--root", "EMPTY"], "error: none of the 128 data sets of 'all' is under"),
    ],
)
def test_user_errors_are_one_line_and_exit_code_2(
    tiny_archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    folders = {"TINY": str(tiny_archive), "EMPTY": str(tmp_path)}
    assert main([folders.get(argument, argument) for argument in arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("arguments", [[], ["fetch"], ["download"], ["list", "--roots", "x"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_what_cannot_be_had_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["download", "Coffee,Beef", "--offline", "--root", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.out.endswith(f"0 of 2 data sets installed and verified in {tmp_path}\n")
    assert "error: 2 not installed in" in printed.err
    assert "Beef, Coffee: official: not asked, for --offline; tsc: not asked" in printed.err


def test_archive_check_and_verify_on_the_real_archive(real_archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = "Coffee,Chinatown,PLAID"
    assert main(["archive-check", names, "--root", str(real_archive)]) == 0
    assert "2 data sets of equal length, 0 differ" in capsys.readouterr().out
    assert main(["verify", names, "--root", str(real_archive)]) == 0
    printed = capsys.readouterr().out
    assert "Chinatown: train verified by blob, test verified by facts" in printed
    assert "3 data sets installed, 0 differ" in printed


def test_bench_load_prints_both_ratios(real_archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench-load", "Coffee,Beef", "--root", str(real_archive)]) in (0, 1)  # too small a job to judge
    printed = capsys.readouterr().out
    assert printed.count("times as fast") == 2
