#include "harness/train/run.h"

#include <utility>
#include <vector>

#include "harness/measure/clock.h"
#include "harness/measure/phases.h"
#include "harness/train/checkpoints.h"
#include "harness/train/perturb.h"
#include "harness/weights/parameters.h"

namespace moebench::train {

void Consumed::add(const data::MicroBatch& batch, const estimate::ModelFlops& of_model,
                   bool recomputes) {
  real += batch.real_tokens();
  padding += batch.padding_tokens();
  loss += batch.loss_tokens();
  for (const std::int64_t length : batch.lengths) {
    const double flops = of_model.per_sequence(length);
    model_flops += flops;
    hardware_flops += flops;
    if (recomputes) hardware_flops += of_model.recomputed(length);
  }
}

Run::Run(const PassInputs& inputs, Engine::BufferCaching caching)
    : inputs_(inputs),
      model_flops_(inputs.cell.model),
      engine_(inputs.cell, inputs.world, caching, inputs.place) {
  const config::CellConfig& cell = inputs.cell;
  if (!cell.resume_from.empty()) {
    const measure::Stopwatch watch;
    next_step_ = load_checkpoint(engine_, cell, inputs.world);
    checkpoint_load_ns_ = watch.elapsed_ns();
  } else if (cell.load_from.empty()) {
    auto source = weights::seeded_source(cell.seed, cell.model.initializer_range);
    engine_.load(*inputs.options.adapt_source(std::move(source)));
  } else {
    engine_.load_pretrained();
  }
  if (cell.perturb_weights) perturb_parameters(engine_);
}

std::vector<data::MicroBatch> Run::next_micro_batches() const {
  std::vector<data::MicroBatch> batches;
  const config::CellConfig& cell = inputs_.cell;
  for (std::int64_t i = 0; i < cell.grad_accumulation; ++i) {
    const std::int64_t index = i * cell.ranks + inputs_.world.rank();
    batches.push_back(inputs_.data.micro_batch(next_step_, index));
  }
  return batches;
}

StepResult Run::step(Consumed& consumed) {
  std::vector<data::MicroBatch> batches;
  {
    const measure::PhaseScope scope(measure::Phase::kData);
    batches = next_micro_batches();
    for (const data::MicroBatch& batch : batches) {
      consumed.add(batch, model_flops_, inputs_.cell.activation_checkpointing);
    }
  }
  ++next_step_;
  return engine_.step(batches);
}

}  // namespace moebench::train
