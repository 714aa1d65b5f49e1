#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "harness/comm/communicator.h"
#include "harness/measure/nvtx.h"
#include "harness/parallel/buffer_pool.h"
#include "harness/partition/partition.h"
#include "harness/weights/parameters.h"

namespace moebench::parallel {

// Parameters that are gathered, freed and reduced together: FSDP's unit. Each rank of the shard
// group holds an equal slice of the flat parameters, gradients and AdamW moments (full shard). In a
// group of one nothing travels: the slice is the whole, and gradients are accumulated in place.
// Where other groups hold the same slices, gradients are summed over these replicas too (HSDP).
class ShardedUnit {
 public:
  // The communicators of its groups, which must outlive it.
  struct Groups {
    comm::Communicator& shards;
    comm::Communicator& replicas;
  };

  // `pool` must outlive it.
  ShardedUnit(partition::Unit unit, const Groups& groups, BufferPool& pool,
              const at::TensorOptions& options);

  // Fills this rank's slice from the source.
  void load(const weights::ParameterSource& source);

  // These all-gather into a pooled buffer. start_gather does nothing while the unit is gathered, or
  // about to be; wait_gather starts it where nothing has.
  void start_gather();
  void wait_gather();
  void free();
  // The full flat parameters, [padded]; between wait_gather and free.
  const at::Tensor& full() const { return full_; }

  // The flat buffer that the backward pass writes full gradients to; `accumulates` tells whether
  // it must add to what is there: the micro-steps since the last reduction, or, in a group of one,
  // since the first.
  struct GradientBuffer {
    at::Tensor flat;
    bool accumulates = false;
  };
  GradientBuffer start_gradients(bool first_micro_step);
  // Sums the buffer over the shard group into this rank's slice; `accumulate`: adds the sum to it.
  // With replicas the slice is complete after their sum, which the second call starts, or else the
  // last; without, the second call is the last. Each does nothing where nothing is on its way. The
  // buffer is alive until the shard group is done.
  void start_reduce(bool accumulate);
  void continue_reduce();
  void finish_reduce();

  // The gradient's slice appears here, or when a step first needs it. Its contents are those of the
  // last reduction.
  void allocate_gradient();
  void free_gradient();
  // Sums the squares of what this rank answers for of the slice: fp64 [], where the slice lies.
  at::Tensor gradient_sum_of_squares() const;

  // All-gathers shard() or gradient_shard() into memory of its own, [padded].
  at::Tensor gathered(const at::Tensor& shard) const;

  const partition::Unit& plan() const { return plan_; }
  const partition::Layout& layout() const { return plan_.layout; }
  const at::Tensor& shard() const { return shard_; }
  const at::Tensor& gradient_shard() const { return gradient_; }  // undefined while it is freed
  const at::Tensor& exp_avg_shard() const { return exp_avg_; }
  const at::Tensor& exp_avg_sq_shard() const { return exp_avg_sq_; }

 private:
  partition::Unit plan_;
  Groups groups_;
  BufferPool& pool_;
  at::Tensor shard_, gradient_, exp_avg_, exp_avg_sq_;  // [slice_elements]
  at::Tensor full_;                                     // [padded_elements]
  at::Tensor full_gradient_;
  at::Tensor reduced_;  // full_gradient_ while its reduction is on its way
  at::Tensor addend_;   // the shard group's sum, where that of all replicas is added to gradient_
  bool accumulate_ = false;  // of the reduction on its way
  std::unique_ptr<comm::Pending> gather_, reduction_, replica_sum_;
  measure::NvtxName gather_name_, reduce_name_;
  std::optional<measure::NvtxRange> gather_range_, reduce_range_;
};

}  // namespace moebench::parallel
