#pragma once

// Tests that compare the memory of a cell with its estimate share this.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "harness/comm/communicator.h"
#include "harness/estimate/memory_estimate.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/memory_pass.h"

namespace moebench::train {

using config::CellConfig;

// Packed data: all rows are full, as the estimate assumes.
inline CellConfig packed_cell() {
  CellConfig cell;
  cell.ranks = world->size();
  cell.packing = true;
  cell.check_numerics = false;
  return cell;
}

inline double value(const record::Metrics& metrics, const char* name) {
  return metrics.at(name).value.value();
}

inline void expect_within(double bound, double measured, std::int64_t estimate, const char* what) {
  const auto expected = static_cast<double>(estimate);
  EXPECT_LT(std::abs(measured - expected), bound * expected) << what << " " << measured;
}

inline record::Metrics memory_of(const CellConfig& cell) {
  const auto data = data::open_data_set(cell);
  record::Metrics metrics;
  memory_pass({cell, *world, *data, WorkerOptions{}}, 1, metrics);
  return metrics;
}

inline void check(const CellConfig& cell, double bound) {
  SCOPED_TRACE(cell.canonical_text());
  const record::Metrics metrics = memory_of(cell);
  const estimate::MemoryEstimate estimate = estimate::estimate_memory(cell);
  const double state = value(metrics, "mem_alloc");
  expect_within(0.001, state, estimate.state(), "mem_alloc");
  expect_within(0.001, value(metrics, "mem_alloc_load"), estimate.state(), "mem_alloc_load");
  expect_within(bound, value(metrics, "mem_peak"), estimate.total(), "mem_peak");
}

// Every token takes every expert, so that the rows are as even as the estimate assumes.
inline CellConfig even_cell() {
  CellConfig cell = packed_cell();
  cell.model.name = "even";
  cell.model.hidden_size = 128;
  cell.model.intermediate_size = 192;
  cell.model.num_layers = 4;
  cell.model.num_experts = cell.model.top_k = 4;
  cell.model.num_heads = 4;
  cell.model.num_kv_heads = 2;
  cell.model.head_dim = 32;
  cell.model.vocab_size = 256;
  cell.model.max_position_embeddings = 256;
  cell.seq_len = 256;
  cell.micro_batch = 4;
  return cell;
}

}  // namespace moebench::train
