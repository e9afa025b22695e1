"""Explicit random generators: every draw is named by a seed and a purpose, so that methods share random numbers."""

import zlib

import numpy as np
import torch


def seed_of(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for ``(seed, purpose…)``; the same arguments give the same number on every machine."""
    words = [seed] + [part if isinstance(part, int) else zlib.crc32(part.encode()) for part in purpose]
    low, high = np.random.SeedSequence(words).generate_state(2)
    return (int(high) << 31) ^ int(low)


def torch_generator(seed: int, *purpose: str | int) -> torch.Generator:
    """A CPU generator for ``(seed, purpose…)``; draws are made on the CPU so that devices see the same numbers."""
    return torch.Generator().manual_seed(seed_of(seed, *purpose))


def numpy_generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A NumPy generator for ``(seed, purpose…)``."""
    return np.random.default_rng(seed_of(seed, *purpose))


class BatchStream:
    """Minibatch indices of several streams, one per seed: epochs of permutations, as a shuffling data loader gives.

    ``next()`` returns ``[streams, batch]`` indices into ``count`` items; an incomplete last batch is dropped.
    Raises ``ValueError`` when a batch is larger than the data set.
    """

    def __init__(self, seeds: list[int], count: int, batch: int, purpose: str = "batches") -> None:
        if batch > count:
            raise ValueError(f"inner.batch_size = {batch} is larger than the {count} training images")
        self.generators = [torch_generator(seed, purpose) for seed in seeds]
        self.count, self.batch = count, batch
        self.position = count
        self.order = torch.empty(len(seeds), count, dtype=torch.int32)

    def next(self) -> torch.Tensor:
        """Indices of the next minibatch of every stream, ``[streams, batch]``."""
        if self.position + self.batch > self.count:
            for row, generator in zip(self.order, self.generators, strict=True):
                torch.randperm(self.count, generator=generator, out=row)
            self.position = 0
        indices = self.order[:, self.position : self.position + self.batch]
        self.position += self.batch
        return indices.long()
