#include "harness/model/causal_attention.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "harness/base/check.h"
#include "harness/model/attention.h"
#include "harness/model/capsule.h"
#include "harness/model/recorded.h"

namespace moebench::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// How queries, keys and values lie in the operands.
enum class Form { kFused, kSplit, kLatent };

RopeViews fused_views(const at::Tensor& qkv, const kernels::RopeShape& s) {
  const std::int64_t row = qkv.stride(0), dim = s.head_dim;
  const std::int64_t k = s.num_heads * dim, v = k + s.num_kv_heads * dim;
  return {{qkv, 0, row, dim},
          {qkv, k, row, dim},
          {qkv, k + s.rotary_begin, row, dim},
          {qkv, v, row, dim}};
}

RopeViews split_views(at::TensorList parts, const kernels::RopeShape& s) {
  const at::Tensor &q = parts[0], &k = parts[1], &v = parts[2];
  return {{q, 0, q.stride(0), s.head_dim},
          {k, 0, k.stride(0), s.head_dim},
          {k, s.rotary_begin, k.stride(0), s.head_dim},
          {v, 0, v.stride(0), s.value()}};
}

RopeViews latent_views(at::TensorList parts, const kernels::RopeShape& s) {
  const at::Tensor &q = parts[0], &kv = parts[1], &k_rotary = parts[2];
  const std::int64_t kv_head = s.rotary_begin + s.value();
  return {{q, 0, q.stride(0), s.head_dim},
          {kv, 0, kv.stride(0), kv_head},
          {k_rotary, 0, k_rotary.stride(0), 0},
          {kv, s.rotary_begin, kv.stride(0), kv_head}};
}

RopeViews views(Form form, at::TensorList parts, const kernels::RopeShape& shape) {
  switch (form) {
    case Form::kFused:
      return fused_views(parts[0], shape);
    case Form::kSplit:
      return split_views(parts, shape);
    case Form::kLatent:
      return latent_views(parts, shape);
  }
  MOEBENCH_CHECK(!"a form outside its enumeration");
}

// Elements of a row of each operand.
std::vector<std::int64_t> widths(Form form, const kernels::RopeShape& s) {
  const std::int64_t q = s.num_heads * s.head_dim;
  switch (form) {
    case Form::kFused:
      return {q + 2 * s.num_kv_heads * s.head_dim};
    case Form::kSplit:
      return {q, s.num_kv_heads * s.head_dim, s.num_kv_heads * s.value()};
    case Form::kLatent:
      return {q, s.num_heads * (s.rotary_begin + s.value()), s.rotary()};
  }
  MOEBENCH_CHECK(!"a form outside its enumeration");
}

// What the backward pass needs beside tensors.
struct Call {
  CausalAttention how;
  Form form;

  // q takes the scale's sign: the fused kernels mask with -inf before they scale.
  bool is_negative() const { return how.scale < 0; }
  attention::Options options() const {
    return {std::abs(how.scale), how.window, how.window_mask,
            how.sinks == nullptr ? at::Tensor() : how.sinks->value};
  }
};

struct AttentionFunction : Function<AttentionFunction> {
  static at::Tensor forward(AutogradContext* ctx, at::TensorList parts, Call call) {
    kernels::RopeShape& s = call.how.shape;
    s.split_dim = attention::padded_dim(std::max(s.head_dim, s.value()), parts[0]);
    const at::Tensor q =
        at::empty({s.batch, s.seq_len, s.num_heads, s.split()}, parts[0].options());
    const at::Tensor k = at::empty_like(q);
    const at::Tensor v = at::empty_like(q);
    {
      RECORD_FUNCTION("moebench::rope_split", kNoInputs);
      rows::rope_split(views(call.form, parts, s), call.how.rope, s, q, k, v);
    }
    if (call.is_negative()) q.neg_();
    const attention::Result result =
        attention::forward(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), call.options());
    ctx->save_for_backward({q, k, v, result.out, result.logsumexp, result.seed, result.offset});
    at::Tensor out = result.out.transpose(1, 2);
    if (s.value() < s.split()) out = out.narrow(3, 0, s.value());
    out = out.reshape({s.rows(), s.num_heads * s.value()});
    keep(ctx, "call", std::move(call));
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto& call = kept<Call>(ctx, "call");
    const kernels::RopeShape& s = call.how.shape;
    const auto saved = ctx->get_saved_variables();
    const attention::Result result{saved[3], saved[4], saved[5], saved[6]};
    at::Tensor dout = grads[0].reshape({s.batch, s.seq_len, s.num_heads, s.value()});
    if (s.value() < s.split()) dout = at::constant_pad_nd(dout, {0, s.split() - s.value()});
    dout = dout.transpose(1, 2);
    if (Weight* sinks = call.how.sinks; sinks != nullptr) {
      store(attention::sinks_gradient(dout, result, sinks->value), *sinks);
    }
    const auto [dq, dk, dv] =
        attention::backward(dout, saved[0].transpose(1, 2), saved[1].transpose(1, 2),
                            saved[2].transpose(1, 2), result, call.options());
    const at::Tensor dq_c = dq.transpose(1, 2).contiguous();
    if (call.is_negative()) dq_c.neg_();
    const at::Tensor dk_c = dk.transpose(1, 2).contiguous();
    const at::Tensor dv_c = dv.transpose(1, 2).contiguous();
    variable_list dparts;
    for (const std::int64_t width : widths(call.form, s)) {
      dparts.push_back(at::empty({s.rows(), width}, dq_c.options()));
    }
    RECORD_FUNCTION("moebench::rope_split_backward", kNoInputs);
    rows::rope_split_backward(dq_c, dk_c, dv_c, call.how.rope, s, views(call.form, dparts, s));
    dparts.emplace_back();
    return dparts;
  }
};

at::Tensor apply(Form form, at::TensorList parts, const CausalAttention& how) {
  for (const at::Tensor& part : parts) MOEBENCH_CHECK(part.stride(1) == 1);
  return AttentionFunction::apply(parts, Call{how, form});
}

}  // namespace

at::Tensor fused_attention(const at::Tensor& qkv, const CausalAttention& how) {
  return apply(Form::kFused, {qkv}, how);
}

at::Tensor split_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           const CausalAttention& how) {
  return apply(Form::kSplit, {q, k, v}, how);
}

at::Tensor latent_attention(const at::Tensor& q, const at::Tensor& kv, const at::Tensor& k_rotary,
                            const CausalAttention& how) {
  return apply(Form::kLatent, {q, kv, k_rotary}, how);
}

}  // namespace moebench::model
