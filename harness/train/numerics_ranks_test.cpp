// These test whether what arms are compared by tells a fault from rounding: equal arms, and faults
// of each kind that the check is for. The ratios they print are those of the README.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "harness/record/agreement.h"
#include "harness/testing/pairwise.h"
#include "harness/train/forwarding_communicator_testing.h"
#include "harness/train/memory_pass.h"
#include "harness/train/numerics.h"
#include "harness/train/parity_testing.h"
#include "harness/train/shardings_testing.h"

namespace moebench::train {
namespace {

using config::Dtype;
using config::ExpertKernel;
using record::CellRecord;

// About 1800 loss tokens a step, and weights as training finds them: near the start of training
// (standard deviation 0.02) experts say next to nothing.
CellConfig base_cell(Dtype dtype) {
  CellConfig cell = tiny_cell();
  cell.dtype = dtype;
  cell.ranks = world->size();
  cell.model.max_position_embeddings = 128;
  cell.seq_len = 96;
  cell.data.mean_length = 60;
  cell.micro_batch = 4;
  cell.grad_accumulation = 8 / world->size();
  cell.expert_kernel = ExpertKernel::kGrouped;
  return cell;
}

CellRecord record_of(const CellConfig& cell, comm::Communicator& group,
                     const WorkerOptions& options = {}) {
  const auto data = data::open_data_set(cell);
  const PassInputs inputs{cell, group, *data, options};
  CellRecord record;
  record.axes = cell.axes();
  constexpr std::int64_t kSteps = 2;
  const MemoryPass pass = memory_pass(inputs, kSteps, record.metrics);
  pass.numerics.write(record.metrics);
  noise_pass(inputs, pass.numerics, kSteps, record.metrics);
  record.metrics["loss"].samples = pass.losses;
  std::vector<double> tokens = {0};
  for (std::int64_t step = 0; step < kSteps; ++step) {
    for (const auto& batch : micro_batches_of(cell, *data, step, group)) {
      tokens[0] += static_cast<double>(batch.loss_tokens());
    }
  }
  group.all_reduce_sum(tokens);
  record.metrics["loss_tokens"].value = tokens[0];
  return record;
}

void say(const std::string& what, const CellConfig& cell, const CellRecord& run,
         const CellRecord& reference) {
  if (world->rank() != 0) return;
  std::string text = fmt::format("{:30} {}", what, to_string(cell.dtype));
  for (const record::Comparison& one : record::comparisons(run, reference)) {
    text += fmt::format("  {:8.3g}", one.difference / one.allowed);
  }
  text += "  noise";
  for (const char* name : {"token_loss_noise", "token_loss_by_ties", "layer_grad_noise"}) {
    const auto found = run.metrics.find(name);
    if (found == run.metrics.end()) continue;
    for (const double value : found->second.samples) text += fmt::format(" {:.2g}", value);
  }
  fmt::print("{}\n", text);
}

TEST(Numerics, EqualArmsAgree) {
  const std::vector<Sharding> all_shardings = shardings(world->size());
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16}) {
    const CellConfig base = base_cell(dtype);
    const CellRecord reference = record_of(base, *world);
    for (const auto& row : pairwise({all_shardings.size(), 2, 2, 3})) {
      CellConfig cell = base;
      all_shardings[row[0]].apply(cell);
      cell.expert_kernel = row[1] == 0 ? ExpertKernel::kLoop : ExpertKernel::kGrouped;
      cell.activation_checkpointing = row[2] == 1;
      cell.optimizer = row[3] == 0   ? config::Optimizer::kFused
                       : row[3] == 1 ? config::Optimizer::kForeach
                                     : config::Optimizer::kPerTensor;
      const CellRecord record = record_of(cell, *world);
      say("equal", cell, record, reference);
      const auto found = record::disagreement(record, reference);
      EXPECT_FALSE(found) << found->quantity() << ": " << found->difference << " of "
                          << found->allowed << ", " << cell.canonical_text();
    }
  }
}

// Experts 0 and 1 of the first layer, each under the other's name.
class SwappedExperts : public weights::ParameterSource {
 public:
  explicit SwappedExperts(std::unique_ptr<weights::ParameterSource> source)
      : source_(std::move(source)) {}
  void read(const weights::ParameterSpec& parameter, std::int64_t begin,
            std::span<float> out) const override {
    static const std::string kPrefix = "model.layers.0.block_sparse_moe.experts.";
    weights::ParameterSpec other = parameter;
    if (other.name.starts_with(kPrefix)) {
      char& expert = other.name[kPrefix.size()];
      if (expert == '0' || expert == '1') expert = expert == '0' ? '1' : '0';
    }
    source_->read(other, begin, out);
  }

 private:
  std::unique_ptr<weights::ParameterSource> source_;
};

// Loses what the last rank hands to the first reduction of each step.
class LosesAGradient : public ForwardingCommunicator {
 public:
  using ForwardingCommunicator::ForwardingCommunicator;
  std::unique_ptr<comm::Pending> start_reduce_scatter(const void* send, void* receive,
                                                      std::int64_t count, comm::ElementType type,
                                                      bool accumulate) override {
    if (calls_++ == 0 && rank() == size() - 1) {
      zeros_.assign(static_cast<std::size_t>(count * size() * comm::element_bytes(type)),
                    std::byte{0});
      send = zeros_.data();
    }
    return ForwardingCommunicator::start_reduce_scatter(send, receive, count, type, accumulate);
  }

 private:
  int calls_ = 0;
  std::vector<std::byte> zeros_;
};

// Loses the last row of what the last rank sends in its `nth` exchange of rows: the first brings
// them to their experts, the second back.
class SkipsARow : public ForwardingCommunicator {
 public:
  SkipsARow(comm::Communicator& group, std::int64_t row_bytes)
      : ForwardingCommunicator(group), row_bytes_(row_bytes) {}
  std::unique_ptr<comm::Pending> start_all_to_all(
      const void* send, std::span<const std::int64_t> send_bytes, void* receive,
      std::span<const std::int64_t> receive_bytes) override {
    std::int64_t total = 0;
    for (const std::int64_t bytes : send_bytes) total += bytes;
    if (total >= row_bytes_ && total % row_bytes_ == 0 && rank() == size() - 1) {
      const auto* begin = static_cast<const std::byte*>(send);
      copy_.assign(begin, begin + total);
      std::memset(copy_.data() + total - row_bytes_, 0, static_cast<std::size_t>(row_bytes_));
      send = copy_.data();
    }
    return ForwardingCommunicator::start_all_to_all(send, send_bytes, receive, receive_bytes);
  }

 private:
  std::int64_t row_bytes_;
  std::vector<std::byte> copy_;
};

TEST(Numerics, FaultsAreFound) {
  if (kSanitized) GTEST_SKIP() << "takes the same roads as equal arms do";
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16}) {
    const CellConfig base = base_cell(dtype);
    const CellRecord reference = record_of(base, *world);
    const auto is_found = [&](const std::string& what, const CellConfig& cell,
                              comm::Communicator& group, const WorkerOptions& options = {}) {
      const CellRecord record = record_of(cell, group, options);
      say(what, cell, record, reference);
      return record::disagreement(record, reference).has_value();
    };
    WorkerOptions swapped;
    swapped.adapt_source = [](WorkerOptions::Source source) {
      return std::make_unique<SwappedExperts>(std::move(source));
    };
    EXPECT_TRUE(is_found("two experts swapped", base, *world, swapped)) << to_string(dtype);
    CellConfig normalised = base;
    normalised.model.rms_norm_eps = 1e-4;
    EXPECT_TRUE(is_found("norms with another epsilon", normalised, *world)) << to_string(dtype);
    CellConfig scaled = base;
    scaled.model.router_aux_loss_coef *= 2;
    EXPECT_TRUE(is_found("auxiliary loss twice", scaled, *world)) << to_string(dtype);
    LosesAGradient loses(*world);
    EXPECT_TRUE(is_found("a gradient lost", base, loses)) << to_string(dtype);
    CellConfig ep = base;
    ep.parallelism = config::Parallelism::kEp;
    ep.ep_degree = world->size();
    SkipsARow skips(*world, ep.model.hidden_size * config::element_bytes(dtype));
    // One row of some 700: what bf16 rounds in all the others is more.
    const bool is_row_found = is_found("a row skipped in each exchange", ep, skips);
    EXPECT_EQ(is_row_found, dtype == Dtype::kFp32);
  }
}

}  // namespace
}  // namespace moebench::train
