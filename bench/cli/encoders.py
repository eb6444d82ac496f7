"""An encoder in a file, and what a contest may not use it for."""

import sys
from collections.abc import Iterable

from bench.cli.asked import UsageError, some
from bench.contest.definition import Contest
from ucr.folders import find_folder


def require_encoder(contest: Contest) -> None:
    """Refuse a file whose encoder is none for the methods that share one, or has seen what it must not have.

    Raises:
        UsageError: it cannot be used so.
        timae.weights.WeightsError: it is none.
    """
    if not contest.pretrained:
        return
    from bench.methods.method import MANY
    from timae import weights
    from timae.config import Recipe

    if contest.pretrain_on:
        raise UsageError("--pretrained takes the place of pre-training: it cannot be given with --pretrain-on")
    found = weights.read(contest.pretrained)
    seen = [name for name in contest.datasets if name in found.seen]
    anew = contest.resamples > 1 and not contest.same_split
    sharing = False
    for method in map(contest.method, contest.methods):
        if method.pretrained_on not in MANY or not isinstance(method.config, Recipe):
            continue
        sharing = True
        found.require(method.config.encoder, f"{method.name}, preset {contest.preset}")
        if method.pretrained_on == "others" and seen:
            raise UsageError(
                f"{method.name} holds a data set out, and the encoder of {contest.pretrained} saw {seen[0]} "
                f"({len(seen)} such in all); make one without it: python -m timae.pretrain 'here,!{seen[0]}'"
            )
        if seen and anew:
            raise UsageError(
                f"{method.name}: the encoder of {contest.pretrained} saw the archive's own train split of {seen[0]}, "
                "and resamples mix it with the test split; take one resample, or add --same-split"
            )
    unseen = [name for name in contest.datasets if name not in seen and find_folder(name, contest.root)]
    if sharing and unseen:
        _require_no_shared_series(contest, found.seen, unseen, whole=anew)


def _require_no_shared_series(contest: Contest, seen: Iterable[str], unseen: Iterable[str], *, whole: bool) -> None:
    """Refuse data sets whose test series an encoder learnt from as train series of another data set."""
    from timae.archive import shared_with

    here = [name for name in seen if find_folder(name, contest.root)]
    if missing := [name for name in seen if name not in here]:
        print(
            f"bench: not here, so that series shared with them are not sought: {some(missing)}, which the encoder of "
            f"{contest.pretrained} saw",
            file=sys.stderr,
        )
    for name, others in shared_with(here, unseen, contest.root, whole=whole).items():
        other = max(others, key=lambda each: others[each])
        raise UsageError(
            f"{sum(others.values())} series that the encoder of {contest.pretrained} saw, most of them of {other}, are "
            f"{'' if whole else 'test '}series of {name}; leave {name} out, or make one without: "
            f"python -m timae.pretrain 'here,{','.join(f'!{each}' for each in others)}'"
        )
