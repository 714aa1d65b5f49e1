#include "harness/partition/layout.h"

#include <fmt/core.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "harness/base/check.h"

namespace moebench::partition {
namespace {

class LayoutBuilder {
 public:
  // `all`: the parameters that can be chosen.
  LayoutBuilder(std::string name, std::vector<ParameterSpec> all) : all_(std::move(all)) {
    layout_.name = std::move(name);
  }
  // All of these roles, role by role; a model has some of them.
  LayoutBuilder& add(std::initializer_list<Role> roles) {
    for (const Role role : roles) {
      for (const ParameterSpec& parameter : all_) {
        if (parameter.role == role) add(parameter, 0, parameter.num_elements());
      }
    }
    return *this;
  }
  // Of these experts, in tensors of their own: all roles of an expert before the next.
  void add_experts(ExpertRange range, std::initializer_list<Role> roles) {
    for (const ParameterSpec& parameter : all_) {
      const bool is_of_range = parameter.expert >= range.begin && parameter.expert < range.end;
      if (!is_of_range || std::ranges::count(roles, parameter.role) == 0) continue;
      add(parameter, 0, parameter.num_elements());
    }
  }
  // Rows [begin, end) of the first dimension of stacks.
  void add_rows(ExpertRange rows, std::initializer_list<Role> roles) {
    for (const Role role : roles) {
      for (const ParameterSpec& parameter : all_) {
        if (parameter.role != role) continue;
        const std::int64_t row = parameter.num_elements() / parameter.shape.front();
        add(parameter, rows.begin * row, rows.size() * row);
      }
    }
  }
  Layout build() { return std::move(layout_); }

 private:
  void add(const ParameterSpec& parameter, std::int64_t begin, std::int64_t count) {
    layout_.slots.push_back({parameter, layout_.num_elements, begin, count});
    layout_.num_elements += count;
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

std::int64_t Layout::num_trained() const {
  std::int64_t trained = 0;
  for (const Slot& slot : slots) {
    if (!is_trained(slot.parameter.role)) continue;
    MOEBENCH_CHECK(slot.offset == trained);
    trained += slot.num_elements;
  }
  return trained;
}

Layout root_layout(const config::ModelConfig& model) {
  return LayoutBuilder("root", root_parameters(model))
      .add({Role::kEmbedding, Role::kFinalNorm, Role::kHead})
      .build();
}

Layout dense_layout(const config::ModelConfig& model, std::int64_t layer) {
  return LayoutBuilder(fmt::format("layers.{}", layer), layer_parameters(model, layer))
      .add({Role::kInputNorm, Role::kQ, Role::kK, Role::kV, Role::kO, Role::kPostNorm,
            Role::kRouter})
      .add({Role::kQBias, Role::kKBias, Role::kVBias, Role::kQNorm, Role::kKNorm, Role::kSinks})
      .add({Role::kQA, Role::kQABias, Role::kQANorm, Role::kQB})
      .add({Role::kKvA, Role::kKvABias, Role::kKvANorm, Role::kKvB})
      .add({Role::kOBias, Role::kRouterBias})
      .add({Role::kMlpGate, Role::kMlpUp, Role::kMlpGateUp, Role::kMlpDown, Role::kSharedGate})
      .build();
}

Layout expert_layout(const config::ModelConfig& model, std::int64_t layer, ExpertRange range) {
  LayoutBuilder builder(fmt::format("layers.{}.experts", layer), layer_parameters(model, layer));
  if (has_stacked_experts(model)) {
    builder.add_rows(range, {Role::kExpertGateUp, Role::kExpertDown});
    builder.add_rows(range, {Role::kExpertGateUpColumns, Role::kExpertDownColumns});
    builder.add_rows(range, {Role::kExpertGateUpBias, Role::kExpertDownBias});
    return builder.build();
  }
  builder.add_experts(range, {Role::kExpertGate, Role::kExpertUp});
  builder.add_experts(range, {Role::kExpertDown});
  return builder.build();
}

Layout frozen_layout(const config::ModelConfig& model, std::int64_t layer) {
  return LayoutBuilder(fmt::format("layers.{}.frozen", layer), layer_parameters(model, layer))
      .add({Role::kRouterCorrection})
      .build();
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
