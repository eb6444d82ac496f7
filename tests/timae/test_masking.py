import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from timae.masking import random_masking, take

ratios = st.floats(0.01, 0.99)


@given(batch=st.integers(1, 4), n=st.integers(2, 60), ratio=ratios)
def test_every_token_is_either_visible_or_hidden(batch: int, n: int, ratio: float) -> None:
    visible, seen, hidden = random_masking(batch, n, ratio)
    assert seen is None
    assert (visible.diff(dim=1) > 0).all(), "visible tokens stand in time order"
    shown = torch.zeros(batch, n, dtype=torch.bool).scatter(1, visible, value=True)
    assert torch.equal(shown, ~hidden)
    n_visible = visible.shape[1]
    assert n_visible == min(max(round(n * (1 - ratio)), 1), n - 1)


@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=5), extra=st.integers(0, 5), ratio=ratios)
def test_padding_is_neither_visible_nor_hidden(lengths: list[int], extra: int, ratio: float) -> None:
    n = max(max(lengths) + extra, 2)
    valid = torch.arange(n) < torch.tensor(lengths).unsqueeze(1)
    visible, seen, hidden = random_masking(len(lengths), n, ratio, valid)
    assert seen is not None
    for case, length in enumerate(lengths):
        shown = visible[case][seen[case]]
        assert seen[case][: len(shown)].all(), "what counts stands first"
        assert (shown.diff() > 0).all()
        assert len(shown) == (1 if length == 1 else min(max(round(length * (1 - ratio)), 1), length - 1))
        assert sorted([*shown.tolist(), *hidden[case].nonzero().flatten().tolist()]) == list(range(length))


def test_each_case_and_each_draw_is_its_own() -> None:
    torch.manual_seed(0)
    first, second = random_masking(8, 40, 0.5).hidden, random_masking(8, 40, 0.5).hidden
    assert not torch.equal(first, second)
    assert len({tuple(row.tolist()) for row in first}) == 8


def test_every_token_is_hidden_equally_often() -> None:
    torch.manual_seed(0)
    share = random_masking(20_000, 8, 0.75).hidden.float().mean(dim=0)
    assert (share - 0.75).abs().max() < 0.02


@pytest.mark.parametrize("ratio", [0.0, 1.0, -0.5, 75.0])
def test_ratio_outside_0_to_1_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match=f"mask_ratio must lie between 0 and 1, got {ratio}"):
        random_masking(1, 10, ratio)


def test_one_token_cannot_be_masked() -> None:
    with pytest.raises(ValueError, match="at least 2 tokens, got 1"):
        random_masking(1, 1, 0.75)


def test_take_selects_case_by_case() -> None:
    tokens = torch.arange(12.0).reshape(2, 3, 2)
    assert take(tokens, torch.tensor([[2, 0], [1, 1]])).tolist() == [[[4, 5], [0, 1]], [[8, 9], [8, 9]]]


def test_neighbours_are_shown_and_hidden_together() -> None:
    masking = random_masking(50, 32, 0.75, span=4)
    spans = masking.hidden.unflatten(1, (8, 4))
    assert torch.equal(spans.all(dim=2), spans.any(dim=2))
    assert masking.visible.shape == (50, 8)
    uneven = random_masking(50, 30, 0.75, torch.ones(50, 30, dtype=torch.bool), span=4)
    assert (~uneven.hidden).sum(dim=1).eq(8).all()
