#include "harness/parallel/sharded_unit.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "harness/base/check.h"
#include "harness/measure/memory_kind.h"
#include "harness/measure/phases.h"
#include "harness/model/weight.h"
#include "harness/parallel/flat_kernels.h"
#include "harness/parallel/unit_events.h"

namespace moebench::parallel {
namespace {

using measure::MemoryKind;
using measure::MemoryScope;
using measure::Phase;
using measure::PhaseScope;

comm::ElementType element_type(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat ? comm::ElementType::kFp32 : comm::ElementType::kBf16;
}

void store(const std::vector<float>& values, at::Tensor slice) {
  const at::Tensor on_host =
      slice.is_cpu() ? slice : at::empty(slice.sizes(), slice.options().device(at::kCPU));
  model::for_dtype(slice.scalar_type(), [&]<typename T>(T) {
    std::transform(values.begin(), values.end(), model::data<T>(on_host),
                   [](float v) { return from_float<T>(v); });
  });
  if (!slice.is_cpu()) slice.copy_(on_host);
}

}  // namespace

ShardedUnit::ShardedUnit(partition::Unit unit, const Groups& groups, BufferPool& pool,
                         const at::TensorOptions& options)
    : plan_(std::move(unit)),
      groups_(groups),
      pool_(pool),
      gather_name_("gather " + layout().name),
      reduce_name_("reduce " + layout().name) {
  MOEBENCH_CHECK(groups.shards.size() == plan_.shard_group.size);
  MOEBENCH_CHECK(groups.replicas.size() == plan_.replica_group.size);
  MOEBENCH_CHECK(plan_.is_sharded() || !plan_.is_replicated());
  const auto zeros = [&](MemoryKind kind) {
    const MemoryScope memory(kind);
    return at::zeros({plan_.slice_elements}, options);
  };
  shard_ = zeros(MemoryKind::kParameters);
  exp_avg_ = zeros(MemoryKind::kOptimizer);
  exp_avg_sq_ = zeros(MemoryKind::kOptimizer);
}

void ShardedUnit::load(const weights::ParameterSource& source) {
  constexpr std::int64_t kBlock = 1 << 20;
  std::vector<float> values;
  for (const partition::SlicePiece& piece : plan_.pieces()) {
    for (std::int64_t at = 0; at < piece.count; at += kBlock) {
      values.resize(static_cast<std::size_t>(std::min(kBlock, piece.count - at)));
      source.read(*piece.parameter, piece.begin + at, values);
      store(values, shard_.narrow(0, piece.offset + at, std::ssize(values)));
    }
  }
}

void ShardedUnit::start_gather() {
  if (full_.defined()) return;
  const PhaseScope phase(Phase::kGather);
  note(UnitEvent::kStartGather, layout().name);
  if (!plan_.is_sharded()) {
    full_ = shard_;
    return;
  }
  const MemoryScope memory(MemoryKind::kGathered);
  full_ = pool_.acquire(plan_.padded_elements());
  gather_range_.emplace(measure::NvtxKind::kUnit, gather_name_,
                        static_cast<std::int64_t>(full_.nbytes()));
  gather_ = groups_.shards.start_all_gather(shard_.data_ptr(), full_.data_ptr(),
                                            static_cast<std::int64_t>(shard_.nbytes()));
}

void ShardedUnit::wait_gather() {
  const PhaseScope phase(Phase::kGather);
  start_gather();
  note(UnitEvent::kWaitGather, layout().name);
  if (gather_) gather_->wait();
  gather_.reset();
  gather_range_.reset();
}

at::Tensor ShardedUnit::gathered(const at::Tensor& shard) const {
  if (!plan_.is_sharded()) return shard.clone();
  const at::Tensor whole = at::empty({plan_.padded_elements()}, shard.options());
  groups_.shards.all_gather(shard.const_data_ptr(), whole.data_ptr(),
                            static_cast<std::int64_t>(shard.nbytes()));
  return whole;
}

void ShardedUnit::free() {
  MOEBENCH_CHECK(full_.defined() && !gather_);
  note(UnitEvent::kFree, layout().name);
  if (plan_.is_sharded()) pool_.release(std::move(full_));
  full_ = at::Tensor();
}

ShardedUnit::GradientBuffer ShardedUnit::start_gradients(bool first_micro_step) {
  if (full_gradient_.defined()) {
    MOEBENCH_CHECK(!first_micro_step);
    return {full_gradient_, true};
  }
  if (!plan_.is_sharded()) {
    allocate_gradient();
    full_gradient_ = gradient_;
    return {full_gradient_, !first_micro_step};
  }
  const MemoryScope memory(MemoryKind::kFullGradients);
  full_gradient_ = pool_.acquire(plan_.padded_elements());
  // The last slice's padding belongs to no parameter and must not hold another unit's gradients.
  full_gradient_.narrow(0, layout().num_elements, full_gradient_.numel() - layout().num_elements)
      .zero_();
  return {full_gradient_, false};
}

void ShardedUnit::start_reduce(bool accumulate) {
  const PhaseScope phase(Phase::kReduce);
  MOEBENCH_CHECK(full_gradient_.defined() && !reduction_);
  note(UnitEvent::kStartReduce, layout().name);
  if (plan_.is_sharded()) {
    allocate_gradient();
    reduce_range_.emplace(measure::NvtxKind::kUnit, reduce_name_,
                          static_cast<std::int64_t>(full_gradient_.nbytes()));
    at::Tensor sum = gradient_;
    if (plan_.is_replicated() && accumulate) {
      const MemoryScope memory(MemoryKind::kGradients);
      sum = addend_ = pool_.acquire(plan_.slice_elements);
    }
    accumulate_ = accumulate;
    reduction_ = groups_.shards.start_reduce_scatter(full_gradient_.data_ptr(), sum.data_ptr(),
                                                     plan_.slice_elements, element_type(sum),
                                                     accumulate && !plan_.is_replicated());
    reduced_ = full_gradient_;
  }
  full_gradient_ = at::Tensor();
}

void ShardedUnit::continue_reduce() {
  if (!plan_.is_replicated()) return finish_reduce();
  if (!reduction_) return;
  const PhaseScope phase(Phase::kReduce);
  note(UnitEvent::kSumReplicas, layout().name);
  reduction_->wait();
  reduction_.reset();
  pool_.release(std::move(reduced_));
  const at::Tensor& sum = addend_.defined() ? addend_ : gradient_;
  replica_sum_ =
      groups_.replicas.start_all_reduce(sum.data_ptr(), gradient_.data_ptr(), plan_.slice_elements,
                                        element_type(gradient_), accumulate_);
}

void ShardedUnit::finish_reduce() {
  if (plan_.is_replicated()) continue_reduce();
  auto& last = plan_.is_replicated() ? replica_sum_ : reduction_;
  if (!last) return;
  const PhaseScope phase(Phase::kReduce);
  note(UnitEvent::kFinishReduce, layout().name);
  last->wait();
  last.reset();
  reduce_range_.reset();
  if (reduced_.defined()) pool_.release(std::move(reduced_));
  if (addend_.defined()) pool_.release(std::move(addend_));
}

void ShardedUnit::allocate_gradient() {
  if (gradient_.defined()) return;
  const MemoryScope memory(MemoryKind::kGradients);
  gradient_ = at::empty_like(shard_);
  // A reduction writes the padding as well; in a group of one nobody else would.
  if (!plan_.is_sharded()) {
    gradient_.narrow(0, layout().num_elements, plan_.slice_elements - layout().num_elements)
        .zero_();
  }
}

void ShardedUnit::free_gradient() { gradient_ = at::Tensor(); }

at::Tensor ShardedUnit::gradient_sum_of_squares() const {
  RECORD_FUNCTION("moebench::sum_of_squares", std::vector<c10::IValue>());
  return flat::sum_of_squares(gradient_.narrow(0, plan_.own_offset, plan_.own_elements));
}

}  // namespace moebench::parallel
