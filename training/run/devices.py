"""Where a run computes: the CPU, one GPU, or several processes that share every batch (torchrun)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed
from torch import Tensor

from rtsep.errors import ConfigError

CPU = torch.device("cpu")


@dataclass(frozen=True)
class World:
    """One process among those that train together: its device, its number, and how many there are."""

    device: torch.device = CPU
    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process validates, writes and draws the progress bar."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace tensors by their means over all processes."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        torch.distributed.all_reduce(flat)
        flat /= self.size
        for tensor, mean in zip(tensors, flat.split([tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(mean.view_as(tensor))

    def gather(self, tensor: Tensor) -> Tensor:
        """Concatenate the tensors of all processes in the order of their ranks, on the CPU."""
        if self.size == 1:
            return tensor.cpu()
        parts = [torch.empty_like(tensor) for _ in range(self.size)]
        torch.distributed.all_gather(parts, tensor.contiguous())
        return torch.cat(parts).cpu()


@contextmanager
def world(name: str) -> Iterator[World]:
    """Choose a device, and join the other processes where torchrun started this one.

    Parameters
    ----------
    name
        `auto` (a GPU where there is one), `cpu` or `cuda`.

    Raises
    ------
    ConfigError
        When there is no GPU but one is asked for.
    """
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise ConfigError(f"--device cuda: this torch ({torch.__version__}) sees no GPU; use --device cpu, or install "
                          "a CUDA build of torch")
    device = CPU
    if available and name != "cpu":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
        torch.set_float32_matmul_precision("high")  # tf32
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World(device)
        return
    torch.distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(device, torch.distributed.get_rank(), size)
        torch.distributed.barrier()  # one that leaves while another still talks to it can abort that one
    finally:
        torch.distributed.destroy_process_group()
