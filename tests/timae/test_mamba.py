import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from timae import mamba
from timae.mamba import GatedRMSNorm, Mamba2, scan_chunks, scan_steps

GOLDEN = Path(__file__).with_name("mamba_ssm_golden.npz")


def inputs(length: int, groups: int, scale: float = 1.0, heads: int = 4) -> dict[str, Tensor]:
    torch.manual_seed(length + groups)
    dt = F.softplus(torch.randn(2, length, heads) - 1) * scale
    return {
        "x": torch.randn(2, length, heads, 3),
        "dt": dt,
        "a": -dt * torch.rand(heads) * 8,
        "B": torch.randn(2, length, groups, 5),
        "C": torch.randn(2, length, groups, 5),
    }


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("length", [1, 2, 17, 140, 1000])
def test_chunks_equal_the_recurrence_in_float64(length: int, groups: int) -> None:
    single = {name: tensor.requires_grad_() for name, tensor in inputs(length, groups).items()}
    double = {name: tensor.detach().double().requires_grad_() for name, tensor in single.items()}
    ours, true = scan_chunks(**single, chunk_size=32), scan_steps(**double)
    torch.testing.assert_close(ours.double(), true, rtol=1e-5, atol=1e-5)
    weight = torch.randn_like(ours)
    (ours * weight).sum().backward()
    (true * weight.double()).sum().backward()
    for name, tensor in single.items():
        assert tensor.grad is not None
        gradient = double[name].grad
        assert gradient is not None
        largest = gradient.abs().max().clamp(min=1)
        torch.testing.assert_close(tensor.grad.double() / largest, gradient / largest, rtol=0, atol=1e-4)


@pytest.mark.parametrize("chunk_size", [1, 2, 7, 16, 64, 1000])
def test_the_result_does_not_depend_on_the_chunks(chunk_size: int) -> None:
    given = {name: tensor.double() for name, tensor in inputs(140, 2).items()}
    torch.testing.assert_close(scan_chunks(**given, chunk_size=chunk_size), scan_steps(**given))


@pytest.mark.parametrize("scale", [1e-6, 1.0, 30.0, 1e4])
def test_any_step_size_is_safe_in_float32(scale: float) -> None:
    given = inputs(300, 1, scale)
    ours = scan_chunks(**given, chunk_size=32)
    true = scan_steps(**{name: tensor.double() for name, tensor in given.items()})
    torch.testing.assert_close(ours.double() / scale, true / scale, rtol=1e-4, atol=1e-4)


def test_a_token_sees_no_later_one() -> None:
    torch.manual_seed(0)
    layer, u = Mamba2(8, d_state=4, headdim=4, chunk_size=4), torch.randn(1, 23, 8)
    changed = u.clone()
    changed[:, 14:] = 9
    torch.testing.assert_close(layer(u)[:, :14], layer(changed)[:, :14])
    assert not torch.allclose(layer(u)[:, 14], layer(changed)[:, 14])


def test_agrees_with_the_kernels_of_mamba_ssm() -> None:
    with np.load(GOLDEN) as arrays:
        golden = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    given = {name: golden[name].requires_grad_() for name in ("x", "dt", "A", "B", "C", "D", "dt_bias")}
    dt = F.softplus(given["dt"] + given["dt_bias"])
    y = scan_chunks(given["x"], dt, dt * given["A"], given["B"], given["C"], chunk_size=8)
    y = y + given["D"].unsqueeze(-1) * given["x"]
    torch.testing.assert_close(y, golden["y"], rtol=1e-4, atol=1e-4)
    (y * golden["w"]).sum().backward()
    for name, tensor in given.items():
        torch.testing.assert_close(tensor.grad, golden[f"grad_{name}"], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("ngroups", [1, 2])
def test_agrees_with_transformers_and_shares_its_weights(ngroups: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(sys.prefix) / "yardstick")])
    modeling = pytest.importorskip("transformers.models.mamba2.modeling_mamba2", reason="transformers is missing")
    from transformers import Mamba2Config

    config = Mamba2Config(
        num_heads=16, head_dim=8, hidden_size=64, state_size=64, expand=2, n_groups=ngroups, conv_kernel=4,
        chunk_size=32, use_bias=False, use_conv_bias=True, num_hidden_layers=1,
    )  # fmt: skip
    theirs = modeling.Mamba2Mixer(config, 0)
    torch.manual_seed(0)
    ours = Mamba2(64, d_state=64, headdim=8, ngroups=ngroups)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    u = torch.randn(3, 50, 64)
    if ngroups == 1:  # with more its norm is not grouped, as mamba-ssm's is
        torch.testing.assert_close(ours(u), theirs(u), rtol=1e-5, atol=1e-5)
    ours.load_state_dict(theirs.state_dict(), strict=True)


def test_weights_are_named_and_shaped_as_in_mamba_ssm() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in Mamba2(64, d_state=64, headdim=8).state_dict().items()}
    assert shapes == {
        "dt_bias": (16,), "A_log": (16,), "D": (16,), "in_proj.weight": (400, 64), "conv1d.weight": (256, 1, 4),
        "conv1d.bias": (256,), "norm.weight": (128,), "out_proj.weight": (64, 128),
    }  # fmt: skip


def test_initial_values_are_those_of_the_paper() -> None:
    layer = Mamba2(256, d_state=8, headdim=2)
    dt, A = F.softplus(layer.dt_bias), layer.A_log.exp()
    assert dt.min() >= 1e-3 * 0.999
    assert dt.max() <= 1e-1 * 1.001
    assert (dt.log().mean() - np.log(1e-2)).abs() < 0.3
    assert A.min() >= 1
    assert A.max() <= 16
    assert (A.mean() - 8.5).abs() < 1.2
    assert (layer.D == 1).all()
    assert all(getattr(p, "_no_weight_decay", False) for p in (layer.dt_bias, layer.A_log, layer.D))


def test_the_norm_is_over_each_group() -> None:
    norm, x, z = GatedRMSNorm(8, groups=2), torch.randn(1, 1, 8), torch.randn(1, 1, 8)
    gated = x * z * z.sigmoid()
    first = gated[..., :4] / (gated[..., :4].square().mean(-1, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(norm(x, z)[..., :4], first)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"headdim": 5}, "headdim must divide"), ({"headdim": 4, "ngroups": 3}, "ngroups must divide")],
)
def test_widths_that_do_not_divide_are_named(arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Mamba2(8, d_state=4, **arguments)


def test_without_a_gpu_no_kernel_is_imported() -> None:
    code = "import sys, torch, timae.mamba as m; m.Mamba2(8, 4, headdim=4)(torch.ones(1, 3, 8)); "
    code += "print({'triton', 'mamba_ssm', 'einops'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_broken_installation_of_mamba_ssm_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "mamba_ssm").mkdir()
    (tmp_path / "mamba_ssm" / "__init__.py").write_text("import selective_scan_cuda\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import timae.mamba as m; print(m.kernels())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "mamba_chunk_scan_combined" not in done.stdout


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA here")
def test_agrees_with_mamba_ssm_on_a_gpu() -> None:
    if "mamba_chunk_scan_combined" not in mamba.kernels():
        pytest.skip("mamba-ssm is not installed: pip install .[cuda]")
    torch.manual_seed(0)
    layer, u = Mamba2(64, d_state=64, headdim=8, ngroups=2), torch.randn(4, 140, 64, requires_grad=True)
    expected = layer(u)
    (gradient,) = torch.autograd.grad(expected.sum(), u)
    on_gpu = u.detach().cuda().requires_grad_()
    found = layer.cuda()(on_gpu)
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(torch.autograd.grad(found.sum(), on_gpu)[0].cpu(), gradient, rtol=1e-2, atol=1e-2)
