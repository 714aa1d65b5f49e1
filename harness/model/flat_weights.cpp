#include "harness/model/flat_weights.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "harness/base/check.h"

namespace moebench::model {
namespace {

using partition::Role;
using partition::Slot;

// Finds parameters of a layout in its flat buffer by what they are for.
class Binder {
 public:
  Binder(const partition::Layout& layout, const at::Tensor& flat, Field field)
      : flat_(flat), field_(field) {
    for (const Slot& slot : layout.slots) {
      Span& span = spans_[static_cast<std::size_t>(slot.parameter.role)];
      span.include({slot.offset, slot.offset + slot.num_elements, slot.num_elements});
      const auto& shape = slot.parameter.shape;
      span.cols = shape.size() > 1 ? shape.back() : 0;
    }
  }

  bool has(Role role) const { return spans_[static_cast<std::size_t>(role)].count > 0; }

  // Points `weight` to the parameters of these roles, which lie behind one another: rows of one
  // matrix, or parts of one vector. Leaves it where the layout has none.
  void operator()(Weight& weight, std::initializer_list<Role> roles) const {
    const Span span = find(roles);
    if (span.count == 0) return;
    const at::Tensor found = elements(span);
    weight.*field_ = span.cols == 0 ? found : found.view({-1, span.cols});
  }

  // The same as matrices of each expert, [experts, rows, cols]; undefined where there are none.
  at::Tensor matrices(std::initializer_list<Role> roles, std::int64_t num_experts) const {
    const Span span = find(roles);
    return span.count == 0 ? at::Tensor() : elements(span).view({num_experts, -1, span.cols});
  }

  // The same as a vector of each expert, [experts, rows].
  at::Tensor vectors(Role role, std::int64_t num_experts) const {
    const Span span = find({role});
    return span.count == 0 ? at::Tensor() : elements(span).view({num_experts, -1});
  }

 private:
  struct Span {
    std::int64_t begin = 0, end = 0, count = 0;
    std::int64_t cols = 0;  // of matrices; 0 of vectors

    void include(const Span& other) {
      if (other.count == 0) return;
      begin = count == 0 ? other.begin : std::min(begin, other.begin);
      end = std::max(end, other.end);
      count += other.count;
      cols = other.cols;
    }
  };

  Span find(std::initializer_list<Role> roles) const {
    Span span;
    for (const Role role : roles) span.include(spans_[static_cast<std::size_t>(role)]);
    MOEBENCH_CHECK(span.end - span.begin == span.count);
    return span;
  }

  at::Tensor elements(const Span& span) const { return flat_.narrow(0, span.begin, span.count); }

  const at::Tensor& flat_;
  Field field_;
  std::array<Span, partition::kNumRoles> spans_;
};

void bind_attention(AttentionWeights& w, const Binder& bind) {
  const bool is_latent = bind.has(Role::kKvA);
  if (is_latent) {
    bind(w.q, {Role::kQ});
  } else {
    bind(w.qkv, {Role::kQ, Role::kK, Role::kV});
    bind(w.qkv_bias, {Role::kQBias, Role::kKBias, Role::kVBias});
  }
  bind(w.q_norm, {Role::kQNorm});
  bind(w.k_norm, {Role::kKNorm});
  bind(w.sinks, {Role::kSinks});
  bind(w.q_a, {Role::kQA});
  bind(w.q_a_bias, {Role::kQABias});
  bind(w.q_a_norm, {Role::kQANorm});
  bind(w.q_b, {Role::kQB});
  bind(w.kv_a, {Role::kKvA});
  bind(w.kv_a_bias, {Role::kKvABias});
  bind(w.kv_a_norm, {Role::kKvANorm});
  bind(w.kv_b, {Role::kKvB});
  bind(w.o, {Role::kO});
  bind(w.o_bias, {Role::kOBias});
}

void bind_dense(DenseWeights& w, const Binder& bind) {
  bind(w.input_norm, {Role::kInputNorm});
  bind_attention(w.attention, bind);
  bind(w.post_norm, {Role::kPostNorm});
  bind(w.router, {Role::kRouter});
  bind(w.router_bias, {Role::kRouterBias});
  bind(w.router_correction, {Role::kRouterCorrection});
  bind(w.mlp.gate_up, {Role::kMlpGate, Role::kMlpUp, Role::kMlpGateUp});
  bind(w.mlp.down, {Role::kMlpDown});
  bind(w.shared_gate, {Role::kSharedGate});
}

// All experts' of each kind: [E, 2I, H], [E, H, I], [E, 2I], [E, H].
struct Stacks {
  at::Tensor gate_up, down, gate_up_bias, down_bias;
};

// One weight for each expert; none where there is no such stack.
void bind_each(std::vector<Weight>& each, const at::Tensor& stack, Field field) {
  if (!stack.defined()) return;
  each.resize(static_cast<std::size_t>(stack.size(0)));
  for (std::int64_t e = 0; e < stack.size(0); ++e) {
    each[static_cast<std::size_t>(e)].*field = stack.select(0, e);
  }
}

void bind_stacks(ExpertWeights& w, const Stacks& stacks, Field field) {
  w.gate_up.*field = stacks.gate_up;
  w.down.*field = stacks.down;
  w.gate_up_bias.*field = stacks.gate_up_bias;
  w.down_bias.*field = stacks.down_bias;
}

void bind_each_expert(ExpertWeights& w, const Stacks& stacks, Field field) {
  bind_each(w.downs, stacks.down, field);
  bind_each(w.gate_up_biases, stacks.gate_up_bias, field);
  bind_each(w.down_biases, stacks.down_bias, field);
  if (w.interleaved) return bind_each(w.gate_ups, stacks.gate_up, field);
  const std::int64_t intermediate = stacks.down.size(2);
  bind_each(w.gates, stacks.gate_up.narrow(1, 0, intermediate), field);
  bind_each(w.ups, stacks.gate_up.narrow(1, intermediate, intermediate), field);
}

void bind_experts(ExpertWeights& w, const Binder& bind, Field field) {
  const std::int64_t experts = w.num_experts;
  Stacks stacks{
      bind.matrices({Role::kExpertGate, Role::kExpertUp, Role::kExpertGateUp}, experts),
      bind.matrices({Role::kExpertDown}, experts),
      bind.vectors(Role::kExpertGateUpBias, experts),
      bind.vectors(Role::kExpertDownBias, experts),
  };
  const at::Tensor columns = bind.matrices({Role::kExpertGateUpColumns}, experts);
  w.interleaved = columns.defined();
  if (w.interleaved) {
    stacks.gate_up = columns.transpose(1, 2);
    stacks.down = bind.matrices({Role::kExpertDownColumns}, experts).transpose(1, 2);
  }
  switch (w.kernel) {
    case config::ExpertKernel::kLoop:
      return bind_each_expert(w, stacks, field);
    case config::ExpertKernel::kGrouped:
      return bind_stacks(w, stacks, field);
  }
}

std::vector<Weight*> every(RootWeights& w) { return {&w.embedding, &w.norm, &w.lm_head}; }

std::vector<Weight*> every(DenseWeights& w) {
  AttentionWeights& a = w.attention;
  return {&w.input_norm,  &a.qkv,         &a.qkv_bias,
          &a.q_norm,      &a.k_norm,      &a.sinks,
          &a.q,           &a.q_a,         &a.q_a_bias,
          &a.q_a_norm,    &a.q_b,         &a.kv_a,
          &a.kv_a_bias,   &a.kv_a_norm,   &a.kv_b,
          &a.o,           &a.o_bias,      &w.post_norm,
          &w.router,      &w.router_bias, &w.router_correction,
          &w.mlp.gate_up, &w.mlp.down,    &w.shared_gate};
}

std::vector<Weight*> every(ExpertWeights& w) {
  std::vector<Weight*> all = {&w.gate_up, &w.down, &w.gate_up_bias, &w.down_bias};
  for (auto* list : {&w.gates, &w.ups, &w.gate_ups, &w.gate_up_biases, &w.downs, &w.down_biases}) {
    for (Weight& weight : *list) all.push_back(&weight);
  }
  return all;
}

std::vector<Weight*> bound(std::vector<Weight*> weights) {
  std::erase_if(weights, [](const Weight* weight) {
    return !weight->value.defined() && !weight->grad.defined();
  });
  return weights;
}

void let_go(const std::vector<Weight*>& weights, Field field) {
  for (Weight* weight : weights) weight->*field = at::Tensor();
}

}  // namespace

void bind(RootWeights& weights, const partition::Layout& layout, const at::Tensor& flat,
          Field field) {
  const Binder bind(layout, flat, field);
  bind(weights.embedding, {Role::kEmbedding});
  bind(weights.norm, {Role::kFinalNorm});
  bind(weights.lm_head, {Role::kHead});
  weights.tied = !bind.has(Role::kHead);
}

void bind(LayerWeights& weights, const partition::Layout& layout, const at::Tensor& flat,
          Field field) {
  const Binder bind(layout, flat, field);
  if (bind.has(Role::kInputNorm)) bind_dense(weights.dense, bind);
  const bool has_experts = bind.has(Role::kExpertDown) || bind.has(Role::kExpertDownColumns);
  if (has_experts) bind_experts(weights.experts, bind, field);
}

void unbind(RootWeights& weights, Field field) { let_go(every(weights), field); }

void unbind(LayerWeights& weights, Field field) {
  let_go(every(weights.dense), field);
  let_go(every(weights.experts), field);
}

std::vector<Weight*> all_weights(RootWeights& weights) { return bound(every(weights)); }

std::vector<Weight*> all_weights(DenseWeights& weights) { return bound(every(weights)); }

std::vector<Weight*> all_weights(ExpertWeights& weights) { return bound(every(weights)); }

}  // namespace moebench::model
