#include "harness/model/attention_layer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "harness/config/rope.h"
#include "harness/device/kernel_path.h"
#include "harness/model/attention.h"
#include "harness/model/model_testing.h"
#include "harness/partition/layout.h"
#include "harness/testing/models.h"

namespace moebench::model {
namespace {

using config::ModelConfig;

constexpr std::int64_t kSamples = 2, kSeqLen = 13;

// Attention in double and written out, for autograd to go backward through.
class AttentionReference {
 public:
  AttentionReference(const ModelConfig& model, const AttentionWeights& weights)
      : model_(model), w_(weights) {}

  at::Tensor operator()(const at::Tensor& x_TH) const {
    return project(model_.is_latent() ? latent(x_TH) : grouped_query(x_TH), w_.o, w_.o_bias);
  }

 private:
  static at::Tensor project(const at::Tensor& x, const Weight& w, const Weight& bias = {}) {
    const at::Tensor y = at::matmul(x, w.value.t());
    return bias.value.defined() ? y + bias.value : y;
  }

  static at::Tensor norm(const at::Tensor& x, const Weight& w, double epsilon) {
    return x * at::rsqrt(x.square().mean(-1, true) + epsilon) * w.value;
  }

  // [samples, heads, seq_len, dim].
  static at::Tensor by_head(const at::Tensor& x, std::int64_t dim) {
    return x.reshape({kSamples, kSeqLen, -1, dim}).transpose(1, 2);
  }

  at::Tensor rotate(const at::Tensor& x) const {
    const config::RopeFrequencies frequencies = config::rope_frequencies(model_);
    const at::Tensor angle =
        at::outer(at::arange(kSeqLen, at::kDouble), at::tensor(frequencies.inverse));
    const at::Tensor cos = angle.cos() * frequencies.factor;
    const at::Tensor sin = angle.sin() * frequencies.factor;
    if (model_.rope.interleaved) {
      const at::Tensor pairs = x.unflatten(-1, {-1, 2});
      const at::Tensor a = pairs.select(-1, 0), b = pairs.select(-1, 1);
      return at::stack({a * cos - b * sin, b * cos + a * sin}, -1).flatten(-2);
    }
    const auto halves = x.chunk(2, -1);
    return at::cat({halves[0] * cos - halves[1] * sin, halves[1] * cos + halves[0] * sin}, -1);
  }

  // The rotary dimensions of whole heads.
  at::Tensor rotate_part(const at::Tensor& x) const {
    const std::int64_t begin = model_.rotary_begin(), dim = model_.rotary_dim();
    return at::cat({x.narrow(-1, 0, begin), rotate(x.narrow(-1, begin, dim)),
                    x.narrow(-1, begin + dim, x.size(-1) - begin - dim)},
                   -1);
  }

  at::Tensor grouped_query(const at::Tensor& x_TH) const {
    const std::int64_t dim = model_.head_dim;
    const std::int64_t q_size = model_.num_heads * dim, kv_size = model_.num_kv_heads * dim;
    const auto parts =
        project(x_TH, w_.qkv, w_.qkv_bias).split_with_sizes({q_size, kv_size, kv_size}, 1);
    at::Tensor q = parts[0], k = parts[1];
    if (model_.qk_norm == config::QkNorm::kAllHeads) {
      q = norm(q, w_.q_norm, model_.rms_norm_eps);
      k = norm(k, w_.k_norm, model_.rms_norm_eps);
    }
    q = by_head(q, dim);
    k = by_head(k, dim);
    if (model_.qk_norm == config::QkNorm::kPerHead) {
      q = norm(q, w_.q_norm, model_.rms_norm_eps);
      k = norm(k, w_.k_norm, model_.rms_norm_eps);
    }
    const std::int64_t group = model_.num_heads / model_.num_kv_heads;
    return attend(rotate_part(q), rotate_part(k).repeat_interleave(group, 1),
                  by_head(parts[2], dim).repeat_interleave(group, 1));
  }

  at::Tensor latent(const at::Tensor& x_TH) const {
    const at::Tensor q =
        model_.q_lora_rank == 0
            ? project(x_TH, w_.q)
            : project(norm(project(x_TH, w_.q_a, w_.q_a_bias), w_.q_a_norm, 1e-6), w_.q_b);
    const auto down = project(x_TH, w_.kv_a, w_.kv_a_bias)
                          .split_with_sizes({model_.kv_lora_rank, model_.qk_rope_head_dim}, 1);
    const at::Tensor kv = by_head(project(norm(down[0], w_.kv_a_norm, 1e-6), w_.kv_b),
                                  model_.qk_nope_head_dim + model_.v_head_dim);
    const auto up = kv.split_with_sizes({model_.qk_nope_head_dim, model_.v_head_dim}, -1);
    const at::Tensor k_rotary =
        rotate(by_head(down[1], model_.qk_rope_head_dim)).expand({-1, model_.num_heads, -1, -1});
    return attend(rotate_part(by_head(q, model_.head_dim)), at::cat({up[0], k_rotary}, -1), up[1]);
  }

  at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) const {
    at::Tensor scores = at::matmul(q, k.transpose(-2, -1)) * config::score_scale(model_);
    const at::Tensor position = at::arange(kSeqLen);
    const at::Tensor ahead = position.unsqueeze(0) - position.unsqueeze(1);
    at::Tensor is_hidden = ahead > 0;
    if (const std::int64_t window = model_.window_of(0); window > 0) {
      is_hidden = is_hidden | (ahead <= -window);
    }
    scores = scores.masked_fill(is_hidden, -std::numeric_limits<double>::infinity());
    if (w_.sinks.value.defined()) {
      const at::Tensor sinks =
          w_.sinks.value.view({1, -1, 1, 1}).expand({kSamples, -1, kSeqLen, 1});
      scores = at::cat({scores, sinks}, -1);
    }
    const at::Tensor probabilities = at::softmax(scores, -1).narrow(-1, 0, kSeqLen);
    return at::matmul(probabilities, v).transpose(1, 2).reshape({kSamples * kSeqLen, -1});
  }

  const ModelConfig& model_;
  const AttentionWeights& w_;
};

struct Variant {
  std::string name;
  ModelConfig model;
};

ModelConfig latent_model() {
  ModelConfig model = small_model();
  model.type = config::ModelType::kDeepseekV3;
  model.num_kv_heads = model.num_heads;
  model.q_lora_rank = 10;
  model.kv_lora_rank = 12;
  model.qk_nope_head_dim = 6;
  model.qk_rope_head_dim = 4;
  model.head_dim = 10;
  model.v_head_dim = 6;
  model.rms_norm_eps = 0.1;  // which the latent vectors' norms do not take
  model.rope.interleaved = true;
  return model;
}

void scale_by_yarn(ModelConfig& model) {
  model.rope.scaling = config::RopeScaling::kYarn;
  model.rope.factor = 8;
  model.rope.original_positions = 16;
  model.rope.beta_fast = 4;
}

std::vector<Variant> variants() {
  std::vector<Variant> all;
  const auto add = [&](const std::string& name, ModelConfig model, auto change) {
    model.rope_theta = 100;
    change(model);
    all.push_back({name, model});
  };
  ModelConfig grouped = small_model();
  grouped.head_dim = 8;
  add("plain", grouped, [](ModelConfig&) {});
  add("multiplier", grouped, [](ModelConfig& m) { m.attention_multiplier = 0.1; });
  add("negative multiplier", grouped, [](ModelConfig& m) { m.attention_multiplier = -0.7; });
  add("biases", grouped, [](ModelConfig& m) { m.qkv_bias = m.o_bias = true; });
  add("norm per head, part rotated", grouped, [](ModelConfig& m) {
    m.qk_norm = config::QkNorm::kPerHead;
    m.qkv_bias = true;
    m.rope.rotary_dim = 4;
  });
  add("norm over all heads, sinks, interleaved", grouped, [](ModelConfig& m) {
    m.qk_norm = config::QkNorm::kAllHeads;
    m.attention_sinks = m.rope.interleaved = true;
  });
  add("sinks, window, yarn", grouped, [](ModelConfig& m) {
    m.attention_sinks = m.qkv_bias = m.o_bias = true;
    m.sliding_window = 5;
    scale_by_yarn(m);
  });
  add("a layer without the window", grouped, [](ModelConfig& m) {
    m.sliding_window = 5;
    m.full_attention_layers = {0};
  });
  add("a window of all positions", grouped, [](ModelConfig& m) { m.sliding_window = kSeqLen; });
  add("latent", latent_model(), [](ModelConfig& m) { scale_by_yarn(m); });
  add("latent, biases, halves", latent_model(), [](ModelConfig& m) {
    m.qkv_bias = m.o_bias = true;
    m.rope.interleaved = false;
    scale_by_yarn(m);
    m.rope.mscale = 1;
    m.rope.mscale_all_dim = 0.7;
  });
  add("latent, queries from the input, values as long as keys", latent_model(), [](ModelConfig& m) {
    m.q_lora_rank = 0;
    m.v_head_dim = 10;
  });
  add("latent, values longer than keys, window", latent_model(), [](ModelConfig& m) {
    m.v_head_dim = 14;
    m.sliding_window = 4;
  });
  return all;
}

// Runs the layer and its reference forward and backward, and compares output and gradients.
void expect_like_the_reference(const ModelConfig& model, at::ScalarType type, bool accumulate) {
  const double bound = type == at::kFloat ? 5e-6 : 3e-2;
  // A bias of keys moves most scores of a row alike, which changes nothing: its gradient is small
  // beside what it is the sum of, and what is rounded.
  const double grad_bound = type == at::kFloat ? 5e-6 : 0.12;
  const partition::Layout layout = partition::dense_layout(model, 0);
  const at::Tensor values = (at::randn({layout.num_elements}) * 0.3).to(type);
  const at::Tensor grads = at::full_like(values, 2);  // which is overwritten, or added to
  LayerWeights weights, reference;
  bind(weights, layout, values, &Weight::value);
  bind(weights, layout, grads, &Weight::grad);
  const auto all = all_weights(weights.dense);
  for (Weight* weight : all) weight->accumulate = accumulate;
  const at::Tensor exact_values = values.to(at::kDouble).requires_grad_(true);
  bind(reference, layout, exact_values, &Weight::value);

  const at::Tensor input = at::randn({kSamples * kSeqLen, model.hidden_size}).to(type);
  const at::Tensor x = input.clone().requires_grad_(true);
  const at::Tensor exact_x = input.to(at::kDouble).requires_grad_(true);
  const auto context = attention_context(
      model, {kSamples, kSeqLen}, rope_tables(model, kSeqLen + 2, at::kCPU), input.options());
  const at::Tensor y = attention_layer(x, weights, model, context);
  const at::Tensor exact_y = AttentionReference(model, reference.dense.attention)(exact_x);
  EXPECT_LT(relative_error(y, exact_y), bound);

  const at::Tensor dy = at::randn_like(y);
  y.backward(dy);
  exact_y.backward(dy.to(at::kDouble));
  EXPECT_LT(relative_error(x.grad(), exact_x.grad()), bound);
  bind(reference, layout, exact_values.grad(), &Weight::grad);
  const auto all_exact = all_weights(reference.dense);
  ASSERT_EQ(all.size(), all_exact.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_used = all_exact[i]->grad.norm().item<double>() > 0;
    EXPECT_EQ(all[i]->written, is_used) << "weight " << i;
    if (!is_used) continue;
    EXPECT_LT(relative_error(all[i]->grad, all_exact[i]->grad + (accumulate ? 2 : 0)), grad_bound)
        << "weight " << i;
  }
}

void expect_all_like_the_reference() {
  for (const Variant& variant : variants()) {
    for (const auto type : {at::kFloat, at::kBFloat16}) {
      for (const bool accumulate : {false, true}) {
        SCOPED_TRACE(::testing::Message() << variant.name << (accumulate ? ", accumulating" : "")
                                          << ", " << c10::toString(type));
        expect_like_the_reference(variant.model, type, accumulate);
      }
    }
  }
}

TEST(AttentionLayer, MatchesAutograd) { expect_all_like_the_reference(); }

TEST(AttentionLayer, MatchesAutogradOnTheGpuPath) {
  const device::HostExecutesGpuKernels host;
  expect_all_like_the_reference();
}

TEST(WindowMask, HidesWhatLiesBeforeTheWindow) {
  const at::Tensor mask = attention::window_mask(5, 2, at::kFloat);
  ASSERT_EQ(mask.sizes(), (at::IntArrayRef{5, 5}));
  for (std::int64_t row = 0; row < 5; ++row) {
    for (std::int64_t column = 0; column < 5; ++column) {
      const auto value = mask[row][column].item<float>();
      EXPECT_EQ(value, column <= row - 2 ? -std::numeric_limits<float>::infinity() : 0);
    }
  }
}

}  // namespace
}  // namespace moebench::model
