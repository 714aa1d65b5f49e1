#!/usr/bin/env python3
"""Trains a model of Hugging Face with the expert parallelism of torchtitan: its all-to-all token
dispatcher and, in bf16, its grouped experts; FSDP2 for everything that is no expert.

One rank takes torchtitan's dispatcher for experts that are all its own.
torchtitan's experts multiply in bf16 whatever they are given; in fp32 the products are torch's."""

import sys

import training  # First, since it says what to do where a package is missing.

training.require("torchtitan")

import torch  # noqa: E402
from torchtitan.distributed.utils import set_spmd_backend  # noqa: E402
from torchtitan.models.common.moe import GroupedExperts  # noqa: E402
from torchtitan.models.common.token_dispatcher import (  # noqa: E402
    AllToAllTokenDispatcher, LocalTokenDispatcher)

import expert_parallel  # noqa: E402


class TorchtitanExperts(torch.nn.Module):
    def __init__(self, experts, mesh, top_k):
        super().__init__()
        own = expert_parallel.ParallelExperts(experts, mesh, expert_parallel.grouped_linear)
        self.num_experts = experts.num_experts
        self.experts = own if own.down_proj.dtype == torch.float32 else as_torchtitans(own)
        dispatcher = AllToAllTokenDispatcher if mesh.size() > 1 else LocalTokenDispatcher
        self.dispatcher = dispatcher.Config(num_experts=self.num_experts, top_k=top_k).build()
        self.dispatcher.wire_meshes(ep_mesh=mesh)

    def forward(self, hidden_states, top_k_index, top_k_weights):
        counts_E = count(top_k_index.flatten(), self.num_experts)
        rows_RH, counts_L, places = self.dispatcher.dispatch(
            hidden_states, top_k_weights, top_k_index, counts_E)
        if isinstance(self.experts, GroupedExperts):
            rows_RH = self.experts(rows_RH, counts_L)
        else:
            rows_RH = self.experts.compute(rows_RH, counts_L.cumsum(0).to(torch.int32))
        return self.dispatcher.combine(rows_RH, places, hidden_states)


def count(expert_ids, num_experts):
    if expert_ids.is_cuda:  # where bincount waits for the GPU
        return torch.histc(expert_ids, bins=num_experts, min=0, max=num_experts).long()
    return torch.bincount(expert_ids, minlength=num_experts)


def as_torchtitans(own):
    """torchtitan's module with the same weights; it keeps w1 and w3 apart."""
    num_local, hidden, intermediate = own.down_proj.shape
    theirs = GroupedExperts.Config(
        dim=hidden, hidden_dim=intermediate, num_experts=num_local).build()
    gate, up = own.gate_up_proj.detach().chunk(2, dim=1)
    for name, weights in (("w1_EFD", gate), ("w3_EFD", up), ("w2_EDF", own.down_proj.detach())):
        setattr(theirs, name, torch.nn.Parameter(weights.clone()))
    return theirs


def spread(model, option, ranks):
    # Its default wants the whole program to be torchtitan's.
    set_spmd_backend("partial_dtensor")
    # It asks this of later versions of torch than the pinned one, where nothing is traced that way.
    if not hasattr(torch.compiler, "_is_non_strict_tracing"):
        torch.compiler._is_non_strict_tracing = lambda: False

    def make_experts(experts, mesh):
        return TorchtitanExperts(experts, mesh, model.config.num_experts_per_tok)

    return expert_parallel.spread_experts(model, option, ranks, make_experts)


if __name__ == "__main__":
    sys.exit(training.run(__doc__, spread))
