#!/usr/bin/env python3
"""Trains a model of Hugging Face with torch's fully sharded data parallelism, version 2 or 1; one
rank trains the plain model."""

import sys

import training  # First, since it says what to do where torch is missing.

import torch
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FullyShardedDataParallel, MixedPrecision
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.fsdp.wrap import ModuleWrapPolicy


def shard_by_version_2(model, option, ranks):
    mesh = init_device_mesh(ranks.device.type, (ranks.world_size,))
    policy = MixedPrecisionPolicy(reduce_dtype=torch.float32)
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    return fully_shard(model, mesh=mesh, mp_policy=policy)


def shard_by_version_1(model, option, ranks):
    return FullyShardedDataParallel(
        model, auto_wrap_policy=ModuleWrapPolicy({type(model.model.layers[0])}),
        mixed_precision=MixedPrecision(reduce_dtype=torch.float32), use_orig_params=True,
        device_id=ranks.device)


def spread(model, option, ranks):
    if option.activation_checkpointing:
        training.checkpoint_layers(model)
    if ranks.world_size > 1:  # FSDP would gather from one rank, and reduce to it, by copying.
        shard = {2: shard_by_version_2, 1: shard_by_version_1}[option.fsdp_version]
        model = shard(model, option, ranks)
    return training.Spread(model, [training.Group(list(model.parameters()))])


def add_options(parser):
    parser.add_argument("--fsdp-version", type=int, choices=(1, 2), default=2)


if __name__ == "__main__":
    sys.exit(training.run(__doc__, spread, add_options))
