// Every loader fills every rank's shards with the same bits, from checkpoints that Hugging Face
// transformers has written.
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "harness/base/error.h"
#include "harness/comm/communicator.h"
#include "harness/testing/ranks/ranks.h"
#include "harness/train/engine.h"
#include "harness/train/load_weights.h"
#include "harness/train/load_worker.h"
#include "harness/train/shardings_testing.h"

namespace moebench::train {
namespace {

using config::CellConfig;
using config::Loader;
using config::Parallelism;
using record::Disposition;

constexpr Loader kAllLoaders[] = {Loader::kConcat, Loader::kSlice, Loader::kDirect,
                                  Loader::kBroadcast};

CellConfig fixture_cell(const std::string& model, const Sharding& sharding, config::Dtype dtype) {
  CellConfig cell;
  cell.load_from = std::string(MOEBENCH_TRAIN_FIXTURES) + "/" + model;
  cell.model = config::load_model_config(cell.load_from + "/config.json");
  cell.ranks = world->size();
  sharding.apply(cell);
  cell.dtype = dtype;
  cell.seq_len = 8;
  return cell;
}

// Calls f with every model, sharding and dtype that this many ranks can hold.
template <typename F>
void for_each_cell(F&& f) {
  for (const char* model : {"mixtral", "granitemoe"}) {
    for (const Sharding& sharding : shardings(world->size())) {
      for (const auto dtype : {config::Dtype::kBf16, config::Dtype::kFp32}) {
        const CellConfig cell = fixture_cell(model, sharding, dtype);
        if (cell.model.num_experts % cell.ep_degree != 0) continue;
        SCOPED_TRACE(cell.canonical_text());
        f(cell);
      }
    }
  }
}

std::map<std::string, at::Tensor> parameters_of(Engine& engine) {
  std::map<std::string, at::Tensor> parameters;
  engine.visit_parameters([&](const partition::Slot& slot, const at::Tensor& value) {
    parameters[fmt::format("{} from {}", slot.parameter.name, slot.parameter_begin)] =
        value.clone();
  });
  return parameters;
}

TEST(Loaders, FillTheEnginesShardsWithTheSameBits) {
  for_each_cell([&](CellConfig cell) {
    Engine reference(cell, *world);
    reference.load(*weights::checkpoint_source(cell.load_from, cell.model));
    const auto expected = parameters_of(reference);
    for (const Loader loader : kAllLoaders) {
      cell.load.loader = loader;
      Engine engine(cell, *world);
      engine.load_pretrained();
      for (const auto& [name, value] : parameters_of(engine)) {
        ASSERT_EQ(value.nbytes(), expected.at(name).nbytes());
        EXPECT_EQ(std::memcmp(value.data_ptr(), expected.at(name).data_ptr(), value.nbytes()), 0)
            << to_string(loader) << " " << name;
      }
    }
  });
}

// The worker itself compares every element with the checkpoint.
TEST(Loaders, AreMeasuredAndRight) {
  for_each_cell([&](CellConfig cell) {
    cell.measure = config::Measure::kLoad;
    cell.threads_per_rank = 2;
    for (const auto tensors : {config::LoadTensors::kAll, config::LoadTensors::kExperts}) {
      cell.load.tensors = tensors;
      for (const Loader loader : kAllLoaders) {
        cell.load.loader = loader;
        const record::RankResult result = run_load_worker(cell, *world, {});
        EXPECT_EQ(result.disposition, Disposition::kOk) << result.message;
        EXPECT_GT(result.metrics.at("load_time").value, 0);
        EXPECT_EQ(result.metrics.at("calls.shard_moe").value, 1);
      }
    }
  });
}

TEST(Loaders, BroadcastReadsEachByteOnceAMachine) {
  // Without expert parallelism of more than one rank, every rank keeps every expert.
  CellConfig cell = fixture_cell("mixtral", {}, config::Dtype::kBf16);
  cell.parallelism = Parallelism::kEp;
  cell.load.tensors = config::LoadTensors::kExperts;
  cell.load.loader = Loader::kBroadcast;
  load::Request request = load_request(cell, world->rank());
  load::Memory memory;
  const load::LoadReport report = load_weights(cell, *world, request, memory);
  std::vector<double> read = {static_cast<double>(report.bytes_read)};
  world->all_reduce_sum(read);
  EXPECT_EQ(read[0], static_cast<double>(report.bytes_needed));
}

TEST(Loaders, OneRankIsPlayedAlone) {
  if (world->size() > 1) GTEST_SKIP() << "a played rank is a process of its own";
  CellConfig cell = fixture_cell("mixtral", {}, config::Dtype::kBf16);
  cell.measure = config::Measure::kLoad;
  cell.parallelism = Parallelism::kEp;
  cell.ranks = cell.ep_degree = cell.model.num_experts;
  cell.load.tensors = config::LoadTensors::kExperts;
  for (const Loader loader : {Loader::kConcat, Loader::kSlice, Loader::kDirect}) {
    cell.load.loader = loader;
    cell.load.one_rank = cell.ranks - 1;
    const record::RankResult result = run_load_worker(cell, *world, {});
    EXPECT_EQ(result.disposition, Disposition::kOk) << result.message;
    EXPECT_EQ(result.environment.at("one_rank"),
              fmt::format("{} of {}", cell.ranks - 1, cell.ranks));
  }
}

TEST(Loaders, ABadCheckpointIsAnErrorOnEveryRank) {
  CellConfig cell = fixture_cell("mixtral", {}, config::Dtype::kBf16);
  cell.model.intermediate_size += 1;
  for (const Loader loader : kAllLoaders) {
    cell.load.loader = loader;
    Engine engine(cell, *world);
    std::string message;
    try {
      engine.load_pretrained();
    } catch (const Error& error) {
      message = error.what();
    }
    EXPECT_THAT(message, ::testing::HasSubstr("the model needs"));
  }
}

}  // namespace
}  // namespace moebench::train
