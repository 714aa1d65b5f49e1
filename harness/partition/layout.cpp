#include "harness/partition/layout.h"

#include <fmt/core.h>

#include <utility>

#include "harness/base/check.h"

namespace moebench::partition {
namespace {

const ParameterSpec& find(const std::vector<ParameterSpec>& all, const std::string& name) {
  for (const auto& parameter : all) {
    if (parameter.name == name) return parameter;
  }
  MOEBENCH_CHECK(!"every named parameter exists");
  std::abort();
}

class LayoutBuilder {
 public:
  // `all`: the parameters that can be named.
  LayoutBuilder(std::string name, std::vector<ParameterSpec> all) : all_(std::move(all)) {
    layout_.name = std::move(name);
  }
  LayoutBuilder& add(const std::string& name) {
    const ParameterSpec& parameter = find(all_, name);
    return add(parameter, 0, parameter.num_elements());
  }
  // Rows [begin, end) of the parameter's first dimension.
  LayoutBuilder& add_rows(const std::string& name, std::int64_t begin, std::int64_t end) {
    const ParameterSpec& parameter = find(all_, name);
    const std::int64_t row = parameter.num_elements() / parameter.shape.front();
    return add(parameter, begin * row, (end - begin) * row);
  }
  Layout build() { return std::move(layout_); }

 private:
  LayoutBuilder& add(const ParameterSpec& parameter, std::int64_t begin, std::int64_t count) {
    layout_.slots.push_back({parameter, layout_.num_elements, begin, count});
    layout_.num_elements += count;
    return *this;
  }

  Layout layout_;
  std::vector<ParameterSpec> all_;
};

}  // namespace

std::vector<std::int64_t> Slot::shape() const {
  std::vector<std::int64_t> shape = parameter.shape;
  shape.front() = num_elements / (parameter.num_elements() / shape.front());
  return shape;
}

Layout root_layout(const config::ModelConfig& model) {
  LayoutBuilder builder("root", root_parameters(model));
  builder.add("model.embed_tokens.weight").add("model.norm.weight");
  if (!model.tie_word_embeddings) builder.add("lm_head.weight");
  return builder.build();
}

Layout dense_layout(const config::ModelConfig& model, std::int64_t layer) {
  const std::string prefix = fmt::format("model.layers.{}.", layer);
  const bool granite = model.type == config::ModelType::kGraniteMoe;
  return LayoutBuilder(fmt::format("layers.{}", layer), layer_parameters(model, layer))
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
  LayoutBuilder builder(fmt::format("layers.{}.experts", layer), layer_parameters(model, layer));
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

}  // namespace moebench::partition
