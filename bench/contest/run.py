"""One run, from the train split to its result."""

import datetime
import errno
import functools
import json
import logging
import math
import shutil
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

import ucr.load
import ucr.notes
import ucr.prepare
from bench.contest import results, state
from bench.contest.average import average
from bench.contest.definition import Contest, Run
from bench.contest.live import Live, ask_to_redo, claim, redo_path
from bench.contest.machine import environment, peak_memory_mb, reset_peak_memory
from bench.contest.scores import score
from bench.methods import few
from bench.methods.method import Method
from timae.clock import Clock
from timae.config import Recipe
from timae.session import Session, Stopped

if TYPE_CHECKING:
    from timae.archive import Body, Splits


@dataclass(frozen=True)
class Outcome:
    """How a run ended, for whoever watches."""

    run: Run
    kind: Literal["done", "failed", "stopped", "elsewhere"]
    """stopped: asked to, its checkpoint is written; elsewhere: another process is doing it."""
    seconds: float = 0.0
    accuracy: float | None = None
    error: str = ""
    """What it failed of, in a line, if it did."""
    transient: bool = False
    """Whether it failed of what may be gone next time: a full disk, say, or too little memory."""
    full: bool = False
    """Whether it failed of a full disk."""


def execute(contest: Contest, run: Run, session: Session | None = None, *, again: bool = False) -> Outcome:
    """Do a run and write its result; if it fails, leave the traceback where the result would be.

    Args:
        contest: what the run belongs to.
        run: which; where its result is there by now, nothing is done.
        session: device, whether to keep checkpoints, when to stop; the rest is filled in.
        again: do it also if its result is there, from the start.
    """
    start = time.perf_counter()
    contest = replace(contest, results=str(Path(contest.results).absolute()))  # wherever a method goes
    work = run.work(contest.folder)
    try:
        with chdir("."), claim(work) as mine:  # and back, for the next run
            if not mine:
                return Outcome(run, "elsewhere")
            try:
                accuracy = _do(contest, run, session or Session(), again)
            except Stopped:
                return Outcome(run, "stopped", time.perf_counter() - start)
            except Exception as error:
                if not _may_pass(error):
                    asked_for = redo_path(work).exists()
                    shutil.rmtree(work, ignore_errors=True)  # a checkpoint on the way to a failure leads there again
                    if asked_for:
                        ask_to_redo(work)
                raise
            if not (session and session.keep):
                shutil.rmtree(work, ignore_errors=True)
            return Outcome(run, "done", time.perf_counter() - start, accuracy)
    except Exception as error:
        return failed(contest, run, error, time.perf_counter() - start)


def failed(contest: Contest, run: Run, error: BaseException, seconds: float = 0.0) -> Outcome:
    """Leave an error where the result of the run that raised it would be, its last line what it comes to."""
    said = " ".join(str(error).split())
    line = f"{type(error).__name__}: {said}" if said else type(error).__name__
    leave_error(contest, run, f"{''.join(traceback.format_exception(error))}\n{line}\n")
    return Outcome(run, "failed", seconds, error=line, transient=_may_pass(error), full=is_full(error))


def _may_pass(error: BaseException) -> bool:
    """Whether a run that failed of this may succeed next time; torch has no type of its own for a CPU's memory."""
    if isinstance(error, MemberError):
        return error.transient
    if isinstance(error, RuntimeError):
        return type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)
    return isinstance(error, OSError | MemoryError)


def is_full(error: BaseException) -> bool:
    """Whether something failed of a full disk."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def leave_error(contest: Contest, run: Run, text: str) -> None:
    """Write why a run failed where its result would be; where not even that can be written, say it in the log."""
    try:
        results.write_text(results.error_path(run.path(contest.folder)), text)
    except OSError:
        logging.getLogger(__name__).exception("%s failed, and its traceback could not be written:\n%s", run, text)


def _do(contest: Contest, run: Run, session: Session, again: bool) -> float | None:
    """Do a run; returns its accuracy, or None where only its pre-training is to be made."""
    path, work = run.path(contest.folder), run.work(contest.folder)
    if not again and state.state_of(run, contest).kind == "done":
        return results.read(path).accuracy  # by another process, between planning and now
    for draft in path.parent.glob(f".{path.stem}.*"):
        draft.unlink()  # of a writer that was killed
    results.error_path(path).unlink(missing_ok=True)  # of the last time
    if again:
        for checkpoint in work.glob("*.ckpt"):
            checkpoint.unlink()
    identity = state.identity(run, contest)
    with Live(work, str(run)) as live:
        session = replace(
            session,
            folder=work,
            pretrained=contest.folder / "pretrained",
            identity=json.dumps(identity, sort_keys=True),
            report=live.report,
            went_on=live.went_on,
        )
        if session.pretrain_only:
            pretrain(contest, run, identity, session)
            return None
        if run.members:
            members = [_obtain(contest, member, session) for member in run.members]
            digests = {member.method: results.digest(member.path(contest.folder)) for member in run.members}
            surroundings = environment() | {"versions": identity["versions"]}
            result, arrays = average(members, digests, run.method, identity, surroundings)
        else:
            result, arrays = compute(contest, run, identity, session)
        live.report("write")
        results.write(path, result, arrays)
        redo_path(work).unlink(missing_ok=True)
    return result.accuracy


MEMBER_SECONDS = 0.5
"""How often an average looks whether another process has finished its member."""


def _obtain(contest: Contest, run: Run, session: Session) -> tuple[results.Result, Mapping[str, np.ndarray[Any, Any]]]:
    """What a run has left, once it is done: before, now, or by another process at this moment.

    Raises:
        MemberError: it failed.
        Stopped: while it went on.
    """
    path = run.path(contest.folder)
    whole = True
    while True:
        if whole and state.state_of(run, contest).kind == "done":
            try:
                return results.read(path), results.read_arrays(path)
            except results.ResultError:  # what it left per case is damaged or lost
                whole = False
        outcome = execute(contest, run, replace(session, report=Session().report), again=not whole)
        if outcome.kind == "failed":
            raise MemberError(failed_member(run, outcome.error), transient=outcome.transient)
        if outcome.kind == "stopped" or session.stop():
            raise Stopped(f"while {run} was going on")
        if outcome.kind == "elsewhere":
            time.sleep(MEMBER_SECONDS)
        whole = True


class MemberError(Exception):
    """A run of which another is an average failed."""

    def __init__(self, message: str, *, transient: bool) -> None:
        super().__init__(message)
        self.transient = transient


def failed_member(member: Run, error: str) -> str:
    """Say why an average failed."""
    return f"its member {member} failed: {error}"


class _Given(NamedTuple):
    """What a method gets to learn from, and what will test it."""

    train: ucr.load.Split
    preparer: ucr.prepare.Preparer
    cases: ucr.prepare.Prepared
    """The train split, prepared; of a method with few labels, the cases that it sees the labels of."""
    more: dict[str, Any]
    """What else fit takes: series or weights from elsewhere."""
    read_test: Callable[[], ucr.load.Split]


def _given(contest: Contest, run: Run, identity: dict[str, Any], session: Session) -> _Given:
    method = contest.method(run.method)
    train, read_test = splits(run, contest)
    info = ucr.load.info_for(run.dataset, contest.root)
    preparer = ucr.prepare.fit(train, info, method.preparation)
    cases = preparer(train)
    session.report("fit", 0, 0, math.nan)
    more: dict[str, Any] = {}
    if method.pretrained_on == "test":
        from timae.archive import Body  # noqa: PLC0415 (baselines need no torch)

        more["body"] = Body.of(preparer(read_test()))  # series, no labels
    elif (encoder := state.pretrained_encoder(run.method, contest)) is not None:
        more["weights"] = encoder
    elif method.pretrained_on == "synthetic":
        from timae.archive import Body  # noqa: PLC0415

        more["body"] = Body.empty()
    elif (names := state.pretraining_sets(run, contest)) is not None:
        more["body"] = shared_body(run, contest, names, identity["config"]["archive"])
    if method.labels is not None:
        if method.trains and not more:
            from timae.archive import Body  # noqa: PLC0415

            more["body"] = Body.of(cases)  # what A@N is pre-trained on has no labels: all series, as of A
        kept = few.labelled_cases(cases.labels, method.labels, run.dataset, run.resample)
        cases = ucr.prepare.Prepared(
            cases.series[kept], None if cases.mask is None else cases.mask[kept], cases.labels[kept]
        )
    return _Given(train, preparer, cases, more, read_test)


def pretrain(contest: Contest, run: Run, identity: dict[str, Any], session: Session) -> None:
    """Make the pre-training that a run shares with others, and nothing else of the run."""
    from timae.fit import begin  # noqa: PLC0415 (who only plans and reports has no use for torch)

    given, config = _given(contest, run, identity, session), contest.method(run.method).config
    assert isinstance(config, Recipe)
    begin(config, given.cases, len(given.preparer.classes), run.resample, session, given.more.get("body"), None)


def compute(
    contest: Contest, run: Run, identity: dict[str, Any], session: Session
) -> tuple[results.Result, dict[str, np.ndarray[Any, Any]]]:
    """Train and test one method on one split; returns its result and what is kept per case."""
    method = contest.method(run.method)
    reset_peak_memory()
    given = _given(contest, run, identity, session)
    preparer, cases, n_classes = given.preparer, given.cases, len(given.preparer.classes)
    assert method.fit is not None
    predictor = method.fit(method.config, cases, n_classes, run.resample, session, **given.more)

    # only now is the test split read (again, where a method is transductive); its labels go no further than the scores
    shipped = given.read_test()
    test = preparer(shipped)
    session.report("test", 0, 0, math.nan)
    clock = Clock()
    probabilities = predictor.predict_proba(test)
    test_seconds, test_cpu_seconds = clock.seconds(), clock.cpu_seconds()
    check_probabilities(probabilities, len(test.labels), n_classes)
    result = results.Result(
        method=run.method,
        dataset=run.dataset,
        resample=run.resample,
        scores=score(test.labels, probabilities),
        n_train=len(given.train.labels),
        n_labelled=len(cases.labels),
        n_test=len(test.labels),
        n_classes=n_classes,
        n_timepoints=preparer.n_timepoints,
        n_parameters=predictor.n_parameters,
        pretrain_seconds=predictor.seconds.get("pretrain", 0.0),
        finetune_seconds=predictor.seconds["finetune"],
        test_seconds=test_seconds,
        peak_memory_mb=peak_memory_mb(),
        device=_device(method, session),
        preparation=preparer.record,
        seed=identity["seed"],
        config=identity["config"],
        data_sha256=identity["data_sha256"],
        details=predictor.details,
        environment=environment() | {"versions": identity["versions"]},
        cpu_seconds={**predictor.cpu_seconds, "test": test_cpu_seconds},
        finished_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        notes=_notes(method, given, shipped),
    )
    arrays = {
        "truth": test.labels,
        "predictions": probabilities.argmax(axis=1),
        "probabilities": probabilities.astype(np.float32),
        "classes": np.array(preparer.classes),
        "train": cases.labels,
    }
    arrays |= {f"{phase}_losses": np.asarray(x, np.float32) for phase, x in predictor.losses.items()}
    if predictor.left_out is not None:
        arrays |= {"left_out": predictor.left_out.astype(np.float32)}
    return result, arrays | {f"reconstruction_{what}": x for what, x in predictor.reconstruction.items()}


def _notes(method: Method, given: _Given, test: ucr.load.Split) -> list[str]:
    """What a reader should know of the data, and of classes that have too few train cases."""
    said = ucr.notes.notes(given.train, test, given.preparer)
    if method.labels is not None:
        said += few.shortage(given.preparer(given.train).labels, method.labels, given.preparer.classes)
    return said


def _device(method: Method, session: Session) -> str:
    """Where the method was trained: baselines know only the CPU."""
    if session.device == "cpu" or not method.trains:
        return "cpu"
    import torch  # noqa: PLC0415 (a baseline needs none)

    return f"{session.device}: {torch.cuda.get_device_name()}"


def splits(run: Run, contest: Contest) -> tuple[ucr.load.Split, Callable[[], ucr.load.Split]]:
    """Return the train split, and a function that reads the test split."""
    if run.resample == 0 or contest.same_split:
        train = ucr.load.load_split(run.dataset, "train", contest.root)
        return train, functools.partial(ucr.load.load_split, run.dataset, "test", contest.root)
    dataset = ucr.prepare.resample(ucr.load.load(run.dataset, contest.root), run.resample)
    return dataset.train, lambda: dataset.test


def shared_body(run: Run, contest: Contest, names: Sequence[str], sha256: str) -> "Body":
    """What the runs of one method and resample are pre-trained on together: the named data sets' train splits.

    Every one is split as the run's own is, or another's train series could be among the run's test series. Where the
    run's own data set is not among them, none of its series is pre-trained on under another's name either.
    """
    from timae.archive import Body, Splits  # noqa: PLC0415 (who only plans and reports has no use for torch)

    preparation = contest.method(run.method).preparation
    key = {"archive": sha256, "preparation": asdict(preparation), "resample": run.resample}
    key["same_split"] = state.reseeded(run, contest)
    if run.dataset not in names:
        key["held_out"] = run.dataset

    def of(name: str) -> "Splits":
        train, read_test = splits(run._replace(dataset=name), contest)
        return Splits.of(train, read_test(), ucr.load.info_for(name, contest.root), preparation)

    def bodies() -> "Iterator[Splits]":
        yield from map(of, names)
        if run.dataset not in names:
            own = of(run.dataset)
            nothing = slice(0, 0)  # to learn; and all of it to leave out
            yield Splits(own.prepared[nothing], own.train[nothing], [own.train, *own.tests])

    return Body.of_many(key, bodies, run.resample)


def check_probabilities(probabilities: np.ndarray[Any, Any], n_cases: int, n_classes: int) -> None:
    """Refuse what is no table of probabilities (case, class).

    Raises:
        ValueError: wrong shape, not finite, negative, or rows that do not sum to 1.
    """
    if probabilities.shape != (n_cases, n_classes):
        raise ValueError(f"expected probabilities of shape {(n_cases, n_classes)}, got {probabilities.shape}")
    if not np.isfinite(probabilities).all() or probabilities.min() < 0:
        n_nan = int(np.isnan(probabilities).sum())
        got = f"{n_nan} that are NaN" if n_nan else f"{probabilities.min():.3g} to {probabilities.max():.3g}"
        raise ValueError(f"expected probabilities from 0 to 1, got {got}")
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-4):
        raise ValueError("the probabilities of a case must sum to 1")
