#include "harness/model/layout.h"

#include <fmt/core.h>

#include <map>
#include <utility>

#include "harness/base/check.h"

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

// The model's parameters by name. Small against the model: names and shapes only.
const weights::ParameterSpec& find(const std::vector<weights::ParameterSpec>& all,
                                   const std::string& name) {
  for (const auto& parameter : all) {
    if (parameter.name == name) return parameter;
  }
  MOEBENCH_CHECK(!"every named parameter exists");
  std::abort();
}

class LayoutBuilder {
 public:
  LayoutBuilder(std::string name, const config::ModelConfig& model) {
    layout_.name = std::move(name);
    all_ = weights::model_parameters(model);
  }
  LayoutBuilder& add(const std::string& name) {
    return add_rows(name, 0, find(all_, name).shape.front());
  }
  // Rows [begin, end) of the parameter's first dimension.
  LayoutBuilder& add_rows(const std::string& name, std::int64_t begin, std::int64_t end) {
    const weights::ParameterSpec& parameter = find(all_, name);
    const std::int64_t row = parameter.num_elements() / parameter.shape.front();
    layout_.slots.push_back({parameter, layout_.num_elements, begin * row, (end - begin) * row});
    layout_.num_elements += (end - begin) * row;
    return *this;
  }
  Layout build() { return std::move(layout_); }

 private:
  Layout layout_;
  std::vector<weights::ParameterSpec> all_;
};

}  // namespace

std::vector<std::int64_t> Slot::shape() const {
  std::vector<std::int64_t> shape = parameter.shape;
  shape.front() = num_elements / (parameter.num_elements() / shape.front());
  return shape;
}

Layout root_layout(const config::ModelConfig& model) {
  LayoutBuilder builder("root", model);
  builder.add("model.embed_tokens.weight").add("model.norm.weight");
  if (!model.tie_word_embeddings) builder.add("lm_head.weight");
  return builder.build();
}

Layout dense_layout(const config::ModelConfig& model, std::int64_t layer) {
  const std::string prefix = fmt::format("model.layers.{}.", layer);
  const bool granite = model.type == config::ModelType::kGraniteMoe;
  return LayoutBuilder(fmt::format("layers.{}", layer), model)
      .add(prefix + "input_layernorm.weight")
      .add(prefix + "self_attn.q_proj.weight")
      .add(prefix + "self_attn.k_proj.weight")
      .add(prefix + "self_attn.v_proj.weight")
      .add(prefix + "self_attn.o_proj.weight")
      .add(prefix + "post_attention_layernorm.weight")
      .add(prefix + "block_sparse_moe." + (granite ? "router.layer.weight" : "gate.weight"))
      .build();
}

Layout expert_layout(const config::ModelConfig& model, std::int64_t layer, ExpertRange range) {
  const std::string moe = fmt::format("model.layers.{}.block_sparse_moe.", layer);
  LayoutBuilder builder(fmt::format("layers.{}.experts", layer), model);
  if (model.type == config::ModelType::kGraniteMoe) {
    return builder.add_rows(moe + "input_linear.weight", range.begin, range.end)
        .add_rows(moe + "output_linear.weight", range.begin, range.end)
        .build();
  }
  for (std::int64_t e = range.begin; e < range.end; ++e) {
    builder.add(fmt::format("{}experts.{}.w1.weight", moe, e));
    builder.add(fmt::format("{}experts.{}.w3.weight", moe, e));
  }
  for (std::int64_t e = range.begin; e < range.end; ++e) {
    builder.add(fmt::format("{}experts.{}.w2.weight", moe, e));
  }
  return builder.build();
}

Layout concatenate(Layout first, const Layout& second) {
  for (Slot slot : second.slots) {
    slot.offset += first.num_elements;
    first.slots.push_back(std::move(slot));
  }
  first.num_elements += second.num_elements;
  return first;
}

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
