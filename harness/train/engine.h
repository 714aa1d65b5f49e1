#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/comm/communicator.h"
#include "harness/config/cell.h"
#include "harness/data/data_set.h"
#include "harness/device/device.h"
#include "harness/model/decoder.h"
#include "harness/model/forced_routing.h"
#include "harness/parallel/buffer_pool.h"
#include "harness/parallel/groups.h"
#include "harness/parallel/sharded_unit.h"
#include "harness/partition/partition.h"
#include "harness/weights/parameters.h"

namespace moebench::train {

struct StepResult {
  // Global values, the same bits on every rank. loss = mean cross entropy over all loss tokens of
  // the step + router_aux_loss_weight() x mean load-balancing loss over its micro-batches.
  double loss = 0;
  double grad_norm = 0;                  // before clipping, over every parameter once
  std::vector<double> layer_grad_norms;  // the same of each layer, and last of the root unit
};

struct RoutingCounts {
  // Rows that this rank's experts computed, [layers with experts x experts]; 0 for experts of other
  // ranks.
  std::vector<std::int64_t> tokens_per_expert;
  std::int64_t routed_rows = 0;  // choices of this rank's tokens: tokens x top_k x such layers
  std::int64_t padded_rows = 0;  // computed beside the experts' rows, to fill up groups
};

// An Engine is one rank of a training run: the model in sharded units, and the schedule that
// gathers, computes, frees and reduces them. All calls are collective over `world`.
//
// fsdp: one unit per decoder layer plus a root unit (embedding, final norm, lm_head; a tied head is
// the embedding, and its gradient the sum of both uses). A layer is gathered before its forward and
// freed after it, gathered again before its backward, freed, and its gradient reduce-scattered.
// With prefetch the next layers are gathered while one is computed, and a layer's gradient is
// reduced behind the backward pass of the one before it. The root stays gathered for the step. The
// cell's gathers and sync_each_batch change this schedule as well, keep_gradients and optimizer
// what is alive beside it. ep: the experts of a layer form a unit of their own, sharded over the
// ranks that own the same experts; all other parameters as in fsdp.
class Engine {
 public:
  enum class BufferCaching { kOn, kOff };  // off: see BufferPool

  // `world` must outlive the engine. On a GPU everything lives there but what the host needs to
  // know: sizes of messages, losses and the gradient norm.
  Engine(const config::CellConfig& cell, comm::Communicator& world,
         BufferCaching caching = BufferCaching::kOn, device::Place place = {});

  void load(const weights::ParameterSource& source);

  // Loads the weights from the cell's checkpoint, by its loader.
  void load_pretrained();

  // Does one optimizer step over this rank's micro-batches (grad_accumulation of them): forward,
  // backward, clipping to the global norm, AdamW. The step is over when it returns, on a GPU too.
  StepResult step(const std::vector<data::MicroBatch>& micro_batches);

  // Returns what the forward passes routed since the last call; recomputation does not count again.
  RoutingCounts take_routing_counts();

  // Runs a forward pass alone and returns the cross entropy of each token of a micro-batch as the
  // model is now, fp32 [tokens] on the host; 0 where there is no next token. `tie_margin`: see
  // model::BatchContext.
  at::Tensor token_losses(const data::MicroBatch& batch, double tie_margin = 0);

  // Runs a forward pass alone and returns the model's logits as it is now, [tokens, vocabulary].
  at::Tensor logits(const data::MicroBatch& batch);

  // Gathers everything that this rank's groups hold and visits it by slot, in the slot's shape.
  // Under ep that is all dense parameters and this rank's experts.
  using Visit = std::function<void(const partition::Slot&, const at::Tensor&)>;
  void visit_parameters(const Visit& visit);
  // Visits what the last step left: gradients of the whole batch, before clipping with optimizer
  // fused and after it with the others. Throws Error where the cell doesn't keep them.
  void visit_gradients(const Visit& visit);

  // The whole state of training, for checkpoints: what the units hold, and optimizer steps done.
  std::vector<parallel::ShardedUnit*> all_units();
  std::int64_t num_updates() const { return num_updates_; }
  void set_num_updates(std::int64_t count) { num_updates_ = count; }

 private:
  struct Layer {
    std::vector<std::unique_ptr<parallel::ShardedUnit>> units;  // one, or dense and experts
    model::LayerWeights weights;

    const std::string& name() const { return units.front()->layout().name; }
  };
  // The graph of one layer, kept between its forward and its backward.
  struct SavedLayer {
    at::Tensor x_in;
    model::LayerOutput out;
  };
  // Says whether a micro-step is its step's first, and whether it is the last.
  struct Turn {
    bool first, last;
  };
  // Holds what a micro-step leaves, where it was computed.
  struct Outcome {
    at::Tensor cross_entropy_sum;          // fp64 []
    at::Tensor load_balancing;             // fp64 []
    std::vector<model::ExpertLoad> loads;  // by layer with experts
  };

  std::unique_ptr<parallel::ShardedUnit> make_unit(partition::Unit unit);
  void build_units();
  void bind_layer(Layer& layer, model::Field field, const std::vector<at::Tensor>& flats);
  void start_gather(Layer& layer);
  void start_gathers_beyond(std::int64_t index, std::int64_t direction);
  void gather(Layer& layer);
  void release(Layer& layer);

  void gather_root();
  void release_root();

  model::BatchContext context_of(const data::MicroBatch& batch) const;
  at::Tensor forward(const model::BatchContext& context, std::vector<SavedLayer>& saved);
  Outcome micro_step(const data::MicroBatch& batch, Turn turn, double loss_scale);
  at::Tensor forward_layer(Layer& layer, const at::Tensor& x, const model::BatchContext& batch,
                           SavedLayer& saved);
  void recompute(Layer& layer, SavedLayer& saved, const model::BatchContext& batch);
  at::Tensor backward_layer(Layer& layer, SavedLayer& saved, const at::Tensor& dx,
                            const at::Tensor& dprob_sum, bool first);
  at::Tensor head(const at::Tensor& x, const at::Tensor& labels, double loss_scale,
                  at::Tensor& loss_sum);
  at::Tensor forced_ids(const data::MicroBatch& batch) const;
  void count_routing(const std::vector<model::ExpertLoad>& loads, const data::MicroBatch& batch);
  std::vector<double> squared_gradient_norms();
  void start_root_gradients(bool first);
  void finish_root_gradients();
  void start_reduce(parallel::ShardedUnit& unit, Turn turn);
  void start_reduce(Layer& layer, Turn turn);
  void continue_reduce(Layer& layer);
  void finish_reduce(Layer& layer);

  config::CellConfig cell_;
  comm::Communicator& world_;
  device::Place place_;
  partition::Partition partition_;
  parallel::Groups groups_;
  at::TensorOptions options_;  // dtype and device of parameters
  parallel::BufferPool pool_;
  std::unique_ptr<parallel::ShardedUnit> root_;
  model::RootWeights root_weights_;
  std::vector<Layer> layers_;
  model::ExpertFunction experts_;
  model::RopeTables rope_;
  std::unique_ptr<model::ForcedRouting> forced_routing_;  // null: the router decides
  RoutingCounts routing_counts_;
  std::int64_t num_updates_ = 0;
};

}  // namespace moebench::train
