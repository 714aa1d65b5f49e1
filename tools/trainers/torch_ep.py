#!/usr/bin/env python3
"""Trains a model of Hugging Face with expert parallelism written in torch: all-to-all to the experts
and back, grouped products, FSDP2 for everything that is no expert."""

import sys

import training  # First, since it says what to do where torch is missing.

import expert_parallel


def spread(model, option, ranks):
    linear = {"grouped_mm": expert_parallel.grouped_linear,
              "eager": expert_parallel.looped_linear}[option.experts]

    def make_experts(experts, mesh):
        return expert_parallel.ParallelExperts(experts, mesh, linear)

    return expert_parallel.spread_experts(model, option, ranks, make_experts)


if __name__ == "__main__":
    sys.exit(training.run(__doc__, spread))
