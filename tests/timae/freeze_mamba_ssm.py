"""Makes mamba_ssm_golden.npz: what mamba-ssm's own Triton kernels answer, without a GPU.

Run it in an environment with torch, triton, einops and mamba-ssm (built with MAMBA_SKIP_CUDA_BUILD=TRUE):

    TRITON_INTERPRET=1 MAMBA_DETERMINISTIC=1 python tests/timae/freeze_mamba_ssm.py

Made with mamba-ssm 2.3.2.post1 and triton 3.9.0. Triton's interpreter runs the kernels on the CPU; two questions that
they ask of a GPU are answered for it. A length of 21 in chunks of 16 leaves a chunk that is not full.
"""

import contextlib
import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import torch

torch.cuda.device = lambda *_: contextlib.nullcontext()
torch.cuda.get_device_properties = lambda _: types.SimpleNamespace(multi_processor_count=1)
package = types.ModuleType("mamba_ssm")  # past its __init__, which asks for a CUDA extension
package.__path__ = list(importlib.util.find_spec("mamba_ssm").submodule_search_locations)
sys.modules["mamba_ssm"] = package

if __name__ == "__main__":
    from mamba_ssm.ops.triton.ssd_combined import mamba_chunk_scan_combined

    torch.manual_seed(0)
    batch, length, heads, width, groups, states = 2, 21, 4, 4, 2, 16
    inputs = {
        "x": torch.randn(batch, length, heads, width),
        "dt": torch.randn(batch, length, heads),
        "A": -torch.rand(heads) * 8 - 1,
        "B": torch.randn(batch, length, groups, states),
        "C": torch.randn(batch, length, groups, states),
        "D": torch.randn(heads),
        "dt_bias": torch.randn(heads),
    }
    for tensor in inputs.values():
        tensor.requires_grad_()
    y = mamba_chunk_scan_combined(**inputs, chunk_size=16, dt_softplus=True)
    w = torch.randn_like(y)
    (y * w).sum().backward()
    arrays = {"y": y, "w": w} | inputs | {f"grad_{name}": tensor.grad for name, tensor in inputs.items()}
    path = Path(__file__).with_name("mamba_ssm_golden.npz")
    np.savez_compressed(path, **{name: tensor.detach().numpy() for name, tensor in arrays.items()})
