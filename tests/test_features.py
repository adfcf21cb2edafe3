"""What of PyTorch starts processes, threads or compilers: all of it works below the server."""

import pytest

from tests.conftest import Result, Torchdeck, project_of
from torchdeck.execute.isolation import can_fork

RANKS = """import os
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
{imports}

def work(rank, store):
    dist.init_process_group("gloo", init_method=f"file://{{store}}", rank=rank, world_size=2)
{body}
    dist.destroy_process_group()

if __name__ == "__main__":
    mp.{start}(work, args=(os.path.abspath("store"),), nprocs=2{method})
"""


def ranks(body: str, imports: str = "", start: str = "spawn") -> str:
    indented = "\n".join(f"    {line}" for line in body.splitlines())
    method = ', start_method="fork"' if start == "start_processes" else ""
    return RANKS.format(body=indented, imports=imports, start=start, method=method)


LOADER_FORK = """from torch.utils.data import DataLoader
print([int(x) for x in DataLoader(range(4), batch_size=None, num_workers=2)])"""

LOADER_SPAWN = """from torch.utils.data import DataLoader
if __name__ == "__main__":
    loader = DataLoader(
        range(4), batch_size=None, num_workers=1, multiprocessing_context="spawn"
    )
    print([int(x) for x in loader])"""

SUM = """x = torch.ones(2) * (rank + 1)
dist.all_reduce(x)
if rank == 0:
    print(x)"""

FSDP = """torch.manual_seed(0)
model = nn.Linear(4, 4)
fully_shard(model, mesh=init_device_mesh("cpu", (2,)))
model(torch.ones(1, 4)).sum().backward()
if rank == 0:
    print(tuple(model.weight.to_local().shape), model.weight.grad is not None)"""

FSDP_IMPORTS = """from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard"""

PIPELINE = """torch.manual_seed(0)
layers = [nn.Linear(4, 4) for _ in range(2)]
x = torch.randn(4, 4)
stage = PipelineStage(layers[rank], rank, 2, torch.device("cpu"))
schedule = ScheduleGPipe(stage, n_microbatches=2)
out = schedule.step(x) if rank == 0 else schedule.step()
if rank == 1:
    print(torch.allclose(out, layers[1](layers[0](x))))"""

PIPELINE_IMPORTS = """from torch import nn
from torch.distributed.pipelining import PipelineStage, ScheduleGPipe"""

INDUCTOR = """import torch
double = torch.compile(lambda x: torch.relu(x) * 2)
x = torch.randn(8)
print(torch.allclose(double(x), torch.relu(x) * 2))"""

EXTENSION = """import torch
from torch.utils.cpp_extension import load_inline
source = '''#include <ATen/ATen.h>
#include <torch/library.h>
at::Tensor twice(const at::Tensor& x) { return x * 2; }
TORCH_LIBRARY(probe, m) { m.def("twice", twice); }'''
load_inline("probe", source, is_python_module=False, no_implicit_headers=True)
print(torch.ops.probe.twice(torch.ones(2)))"""

FEATURES = {
    "loader-fork": (LOADER_FORK, "[0, 1, 2, 3]"),
    "loader-spawn": (LOADER_SPAWN, "[0, 1, 2, 3]"),
    "ranks-spawn": (ranks(SUM), "tensor([3., 3.])"),
    "ranks-fork": (ranks(SUM, start="start_processes"), "tensor([3., 3.])"),
    "fsdp": (ranks(FSDP, FSDP_IMPORTS), "(2, 4) True"),
    "pipelining": (ranks(PIPELINE, PIPELINE_IMPORTS), "True"),
    "inductor": (INDUCTOR, "True"),
    "extension": (EXTENSION, "tensor([2., 2.])"),
}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """All of them, run once, forked from one server."""
    if not can_fork():
        pytest.skip("not enforced here: fork")
    folder = tmp_path_factory.mktemp("features")
    fences = {
        name: f"```python timeout=300 memory=8G\n{code}\n```\n\n```output\n{output}\n```"
        for name, (code, output) in FEATURES.items()
    }
    root = project_of(folder / "project", fences)
    return Torchdeck(folder / "cache")(root, "run", "--isolation", "fork")


@pytest.mark.parametrize("name", FEATURES)
def test_it_works_in_a_forked_process(result: Result, name: str) -> None:
    assert f"content/blocks/{name}.md: 1 ok" in result.lines, result.out
