#include "harness/model/flat_weights.h"

namespace moebench::model {
namespace {

// Hands out consecutive pieces of a flat buffer as tensors of the given shapes.
class Cutter {
 public:
  explicit Cutter(const at::Tensor& flat) : flat_(flat) {}
  at::Tensor next(at::IntArrayRef shape) {
    const std::int64_t count = c10::multiply_integers(shape);
    offset_ += count;
    return flat_.narrow(0, offset_ - count, count).view(shape);
  }

 private:
  const at::Tensor& flat_;
  std::int64_t offset_ = 0;
};

}  // namespace

void bind(RootWeights& weights, const config::ModelConfig& model, const at::Tensor& flat,
          Field field) {
  Cutter cut(flat);
  weights.embedding.*field = cut.next({model.vocab_size, model.hidden_size});
  weights.norm.*field = cut.next({model.hidden_size});
  weights.tied = model.tie_word_embeddings;
  if (!weights.tied) weights.lm_head.*field = cut.next({model.vocab_size, model.hidden_size});
}

void bind(DenseWeights& weights, const config::ModelConfig& model, const at::Tensor& flat,
          Field field) {
  Cutter cut(flat);
  const std::int64_t hidden = model.hidden_size;
  weights.input_norm.*field = cut.next({hidden});
  weights.qkv.*field =
      cut.next({(model.num_heads + 2 * model.num_kv_heads) * model.head_dim, hidden});
  weights.o.*field = cut.next({hidden, model.num_heads * model.head_dim});
  weights.post_norm.*field = cut.next({hidden});
  weights.router.*field = cut.next({model.num_experts, hidden});
}

void bind(ExpertWeights& weights, const config::ModelConfig& model, const at::Tensor& flat,
          Field field) {
  Cutter cut(flat);
  const std::int64_t experts = weights.num_experts;
  const std::int64_t hidden = model.hidden_size, intermediate = model.intermediate_size;
  weights.gate_up.*field = cut.next({experts, 2 * intermediate, hidden});
  weights.down.*field = cut.next({experts, hidden, intermediate});
  for (auto* list : {&weights.w1, &weights.w2, &weights.w3}) {
    list->resize(static_cast<std::size_t>(experts));
  }
  for (std::int64_t e = 0; e < experts; ++e) {
    const auto i = static_cast<std::size_t>(e);
    const at::Tensor gate_up = (weights.gate_up.*field).select(0, e);
    weights.w1[i].*field = gate_up.narrow(0, 0, intermediate);
    weights.w3[i].*field = gate_up.narrow(0, intermediate, intermediate);
    weights.w2[i].*field = (weights.down.*field).select(0, e);
  }
}

void unbind(RootWeights& weights, Field field) {
  for (Weight* weight : all_weights(weights)) weight->*field = at::Tensor();
}

void unbind(LayerWeights& weights, Field field) {
  for (Weight* weight : all_weights(weights.dense)) weight->*field = at::Tensor();
  for (const auto kernel : kValues<config::ExpertKernel>) {
    for (Weight* weight : all_weights(weights.experts, kernel)) weight->*field = at::Tensor();
  }
}

std::vector<Weight*> all_weights(RootWeights& weights) {
  if (weights.tied) return {&weights.embedding, &weights.norm};
  return {&weights.embedding, &weights.norm, &weights.lm_head};
}

std::vector<Weight*> all_weights(DenseWeights& weights) {
  return {&weights.input_norm, &weights.qkv, &weights.o, &weights.post_norm, &weights.router};
}

std::vector<Weight*> all_weights(ExpertWeights& weights, config::ExpertKernel kernel) {
  std::vector<Weight*> all;
  switch (kernel) {
    case config::ExpertKernel::kLoop:
      for (auto* list : {&weights.w1, &weights.w2, &weights.w3}) {
        for (Weight& weight : *list) all.push_back(&weight);
      }
      break;
    case config::ExpertKernel::kGrouped:
      all = {&weights.gate_up, &weights.down};
      break;
  }
  return all;
}

}  // namespace moebench::model
