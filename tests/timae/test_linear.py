import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from timae.linear import TokenLinear

sizes = st.integers(1, 9)


@given(batch=sizes, n=sizes, inner=sizes, outer=sizes, bias=st.booleans(), sliced=st.booleans())
def test_values_and_gradients_are_those_of_a_matrix_product(
    batch: int, n: int, inner: int, outer: int, bias: bool, sliced: bool
) -> None:
    layer = TokenLinear(inner, outer, bias=bias)
    x = torch.randn(batch, n + 1, inner)[:, 1:] if sliced else torch.randn(batch, n, inner)
    inputs = [x.requires_grad_(), *layer.parameters()]
    ours, theirs = layer(x), F.linear(x, layer.weight, layer.bias)
    assert ours.is_contiguous()
    torch.testing.assert_close(ours, theirs)
    direction = torch.randn_like(ours)
    for mine, other in zip(
        torch.autograd.grad(ours, inputs, direction), torch.autograd.grad(theirs, inputs, direction), strict=True
    ):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)


def test_vectors_and_images_are_taken_as_nn_linear_takes_them() -> None:
    layer = TokenLinear(4, 3)
    for shape in [(4,), (2, 4), (2, 5, 6, 4)]:
        x = torch.randn(shape)
        torch.testing.assert_close(layer(x), F.linear(x, layer.weight, layer.bias))
