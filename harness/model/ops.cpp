#include "harness/model/ops.h"

#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <utility>
#include <vector>

#include "kernels/cross_entropy/cross_entropy.h"
#include "kernels/rms_norm/rms_norm.h"
#include "kernels/swiglu/swiglu.h"

namespace moebench::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// What a profile counts as moved by an operation: each tensor read or written once.
using Moved = std::vector<c10::IValue>;
const Moved kNoInputs;

// Carries a C++ value in an autograd context.
template <typename T>
struct Capsule : torch::CustomClassHolder {
  explicit Capsule(T v) : value(std::move(v)) {}
  T value;
};

template <typename T>
void keep(AutogradContext* ctx, const char* key, T value) {
  ctx->saved_data[key] = c10::IValue::make_capsule(c10::make_intrusive<Capsule<T>>(std::move(value)));
}

template <typename T>
T& kept(AutogradContext* ctx, const char* key) {
  return static_cast<Capsule<T>*>(ctx->saved_data[key].toCapsule().get())->value;
}

// weight.grad (+)= a times b.
void store_product(const at::Tensor& a, const at::Tensor& b, bool accumulate, at::Tensor grad) {
  if (accumulate) {
    at::addmm_out(grad, grad, a, b);
  } else {
    at::mm_out(grad, a, b);
  }
}

struct LinearFunction : Function<LinearFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, Weight* weight) {
    ctx->save_for_backward({x});
    keep(ctx, "weight", weight);
    return at::mm(x, weight->value.t());
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    Weight* weight = kept<Weight*>(ctx, "weight");
    const at::Tensor dy = grads[0].contiguous();
    const at::Tensor x = ctx->get_saved_variables()[0];
    store_product(dy.t(), x, weight->accumulate, weight->grad);
    weight->written = true;
    return {at::mm(dy, weight->value), at::Tensor()};
  }
};

struct RmsNormFunction : Function<RmsNormFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, Weight* weight, double eps) {
    const at::Tensor y = at::empty_like(x);
    const at::Tensor rstd = at::empty({x.size(0)}, x.options().dtype(at::kFloat));
    RECORD_FUNCTION("moebench::rms_norm", kNoInputs);
    for_dtype(x.scalar_type(), [&]<typename T>(T) {
      kernels::rms_norm_forward(data<T>(x), data<T>(weight->value), x.size(0), x.size(1),
                                static_cast<float>(eps), data<T>(y), data<float>(rstd));
    });
    ctx->save_for_backward({x, rstd});
    keep(ctx, "weight", weight);
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    Weight* weight = kept<Weight*>(ctx, "weight");
    const auto saved = ctx->get_saved_variables();
    const at::Tensor& x = saved[0];
    const at::Tensor dy = grads[0].contiguous();
    const at::Tensor dx = at::empty_like(x);
    RECORD_FUNCTION("moebench::rms_norm_backward", kNoInputs);
    for_dtype(x.scalar_type(), [&]<typename T>(T) {
      kernels::rms_norm_backward(data<T>(dy), data<T>(x), data<T>(weight->value),
                                 data<float>(saved[1]), x.size(0), x.size(1), data<T>(dx),
                                 data<T>(weight->grad), weight->accumulate);
    });
    weight->written = true;
    return {dx, at::Tensor(), at::Tensor()};
  }
};

std::optional<double> scale(const AttentionContext& context) {
  if (context.multiplier == 0) return std::nullopt;
  return context.multiplier;
}

struct AttentionFunction : Function<AttentionFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& qkv,
                            const AttentionContext& context) {
    const kernels::RopeShape& s = context.shape;
    const at::Tensor q = at::empty({s.batch, s.seq_len, s.num_heads, s.head_dim}, qkv.options());
    const at::Tensor k = at::empty_like(q);
    const at::Tensor v = at::empty_like(q);
    {
      RECORD_FUNCTION("moebench::rope_split", kNoInputs);
      for_dtype(qkv.scalar_type(), [&]<typename T>(T) {
        kernels::rope_split_forward(data<T>(qkv), *context.rope, s, data<T>(q), data<T>(k),
                                    data<T>(v));
      });
    }
    auto [out, logsumexp] = at::_scaled_dot_product_flash_attention_for_cpu(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), 0.0, /*is_causal=*/true,
        /*attn_mask=*/{}, scale(context));
    ctx->save_for_backward({q, k, v, out, logsumexp});
    keep(ctx, "context", context);
    return out.transpose(1, 2).reshape({s.batch * s.seq_len, s.num_heads * s.head_dim});
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto& context = kept<AttentionContext>(ctx, "context");
    const kernels::RopeShape& s = context.shape;
    const auto saved = ctx->get_saved_variables();
    const at::Tensor dout =
        grads[0].reshape({s.batch, s.seq_len, s.num_heads, s.head_dim}).transpose(1, 2);
    auto [dq, dk, dv] = at::_scaled_dot_product_flash_attention_for_cpu_backward(
        dout, saved[0].transpose(1, 2), saved[1].transpose(1, 2), saved[2].transpose(1, 2),
        saved[3], saved[4], 0.0, /*is_causal=*/true, /*attn_mask=*/{}, scale(context));
    const at::Tensor dq_c = dq.transpose(1, 2).contiguous();
    const at::Tensor dk_c = dk.transpose(1, 2).contiguous();
    const at::Tensor dv_c = dv.transpose(1, 2).contiguous();
    const at::Tensor dqkv =
        at::empty({s.batch * s.seq_len, (s.num_heads + 2 * s.num_kv_heads) * s.head_dim},
                  dq_c.options());
    RECORD_FUNCTION("moebench::rope_split_backward", kNoInputs);
    for_dtype(dqkv.scalar_type(), [&]<typename T>(T) {
      kernels::rope_split_backward(data<T>(dq_c), data<T>(dk_c), data<T>(dv_c), *context.rope, s,
                                   data<T>(dqkv));
    });
    return {dqkv, at::Tensor()};
  }
};

struct PermuteFunction : Function<PermuteFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, SharedRowMap map,
                            std::int64_t top_k) {
    const at::Tensor rows = at::empty({map->num_rows(), x.size(1)}, x.options());
    RECORD_FUNCTION("moebench::permute_rows", Moved({rows, rows}));
    for_dtype(x.scalar_type(), [&]<typename T>(T) {
      kernels::permute_rows(data<T>(x), *map, top_k, x.size(1), data<T>(rows));
    });
    ctx->saved_data["top_k"] = top_k;
    keep(ctx, "map", std::move(map));
    return rows;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor drows = grads[0].contiguous();
    const std::int64_t top_k = ctx->saved_data["top_k"].toInt();
    const auto& map = kept<SharedRowMap>(ctx, "map");
    const std::int64_t tokens = static_cast<std::int64_t>(map->position.size()) / top_k;
    const at::Tensor dx = at::empty({tokens, drows.size(1)}, drows.options());
    RECORD_FUNCTION("moebench::permute_rows_backward", Moved({drows, dx}));
    for_dtype(dx.scalar_type(), [&]<typename T>(T) {
      kernels::combine_rows(data<T>(drows), static_cast<const float*>(nullptr), *map, top_k,
                            drows.size(1), data<T>(dx));
    });
    return {dx, at::Tensor(), at::Tensor()};
  }
};

struct CombineFunction : Function<CombineFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows,
                            const std::optional<at::Tensor>& weights, SharedRowMap map,
                            std::int64_t top_k) {
    const std::int64_t tokens = static_cast<std::int64_t>(map->position.size()) / top_k;
    const at::Tensor y = at::empty({tokens, rows.size(1)}, rows.options());
    const float* w = weights ? data<float>(*weights) : nullptr;
    RECORD_FUNCTION("moebench::combine_rows", Moved({rows, y}));
    for_dtype(rows.scalar_type(), [&]<typename T>(T) {
      kernels::combine_rows(data<T>(rows), w, *map, top_k, rows.size(1), data<T>(y));
    });
    if (weights) ctx->save_for_backward({rows, *weights});
    ctx->saved_data["top_k"] = top_k;
    keep(ctx, "map", std::move(map));
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor dy = grads[0].contiguous();
    const std::int64_t top_k = ctx->saved_data["top_k"].toInt();
    const auto& map = kept<SharedRowMap>(ctx, "map");
    const auto saved = ctx->get_saved_variables();
    const at::Tensor drows = at::empty({map->num_rows(), dy.size(1)}, dy.options());
    at::Tensor dweights;
    if (!saved.empty()) dweights = at::empty_like(saved[1]);
    RECORD_FUNCTION("moebench::combine_rows_backward", Moved({drows, drows}));
    for_dtype(dy.scalar_type(), [&]<typename T>(T) {
      if (saved.empty()) {
        kernels::permute_rows(data<T>(dy), *map, top_k, dy.size(1), data<T>(drows));
      } else {
        kernels::combine_rows_backward(data<T>(dy), data<T>(saved[0]), data<float>(saved[1]), *map,
                                       top_k, dy.size(1), data<T>(drows), data<float>(dweights));
      }
    });
    return {drows, dweights, at::Tensor(), at::Tensor()};
  }
};

// Rows of one expert in a grouped matrix.
at::Tensor group(const at::Tensor& rows, const kernels::RowMap& map, std::size_t expert) {
  return rows.narrow(0, map.offsets[expert], map.offsets[expert + 1] - map.offsets[expert]);
}

struct GroupedExpertsFunction : Function<GroupedExpertsFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows, SharedRowMap map,
                            Weight* gate_up, Weight* down) {
    const std::int64_t intermediate = down->value.size(2);
    const at::Tensor gate_up_rows = at::empty({rows.size(0), 2 * intermediate}, rows.options());
    const at::Tensor out = at::empty_like(rows);
    for (std::size_t e = 0; e < map->counts.size(); ++e) {
      const at::Tensor x_e = group(rows, *map, e);
      if (x_e.size(0) == 0) continue;
      at::Tensor gate_up_e = group(gate_up_rows, *map, e);
      at::mm_out(gate_up_e, x_e, gate_up->value.select(0, static_cast<std::int64_t>(e)).t());
      const at::Tensor hidden_e = at::empty({x_e.size(0), intermediate}, rows.options());
      {
        RECORD_FUNCTION("moebench::swiglu", kNoInputs);
        for_dtype(rows.scalar_type(), [&]<typename T>(T) {
          kernels::swiglu_forward(data<T>(gate_up_e), x_e.size(0), intermediate,
                                  data<T>(hidden_e));
        });
      }
      at::Tensor out_e = group(out, *map, e);
      at::mm_out(out_e, hidden_e, down->value.select(0, static_cast<std::int64_t>(e)).t());
    }
    ctx->save_for_backward({rows, gate_up_rows});
    keep(ctx, "map", std::move(map));
    keep(ctx, "gate_up", gate_up);
    keep(ctx, "down", down);
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor dout = grads[0].contiguous();
    const auto& map = kept<SharedRowMap>(ctx, "map");
    Weight* gate_up = kept<Weight*>(ctx, "gate_up");
    Weight* down = kept<Weight*>(ctx, "down");
    const auto saved = ctx->get_saved_variables();
    const at::Tensor drows = at::empty_like(saved[0]);
    for (std::size_t e = 0; e < map->counts.size(); ++e) {
      backward_of_expert(static_cast<std::int64_t>(e), group(saved[0], *map, e),
                         group(saved[1], *map, e), group(dout, *map, e), *gate_up, *down,
                         group(drows, *map, e));
    }
    gate_up->written = down->written = true;
    return {drows, at::Tensor(), at::Tensor(), at::Tensor()};
  }

  static void backward_of_expert(std::int64_t expert, const at::Tensor& x_e,
                                 const at::Tensor& gate_up_e, const at::Tensor& dout_e,
                                 Weight& gate_up, Weight& down, at::Tensor dx_e) {
    const at::Tensor dgate_up_weight = gate_up.grad.select(0, expert);
    const at::Tensor ddown_weight = down.grad.select(0, expert);
    if (x_e.size(0) == 0) {
      if (!gate_up.accumulate) dgate_up_weight.zero_();
      if (!down.accumulate) ddown_weight.zero_();
      return;
    }
    const at::Tensor dhidden_e = at::mm(dout_e, down.value.select(0, expert));
    const at::Tensor hidden_e = at::empty_like(dhidden_e);
    // The saved projection is used once: its memory takes its own gradient.
    {
      RECORD_FUNCTION("moebench::swiglu_backward", kNoInputs);
      for_dtype(x_e.scalar_type(), [&]<typename T>(T) {
        kernels::swiglu_backward(data<T>(dhidden_e), data<T>(gate_up_e), x_e.size(0),
                                 dhidden_e.size(1), data<T>(gate_up_e), data<T>(hidden_e));
      });
    }
    store_product(dout_e.t(), hidden_e, down.accumulate, ddown_weight);
    store_product(gate_up_e.t(), x_e, gate_up.accumulate, dgate_up_weight);
    at::mm_out(dx_e, gate_up_e, gate_up.value.select(0, expert));
  }
};

struct LossFunction : Function<LossFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, Weight* lm_head,
                            const LossOptions& options, double* sum) {
    const at::Tensor logits = at::mm(x, lm_head->value.t());
    RECORD_FUNCTION("moebench::cross_entropy", kNoInputs);
    for_dtype(x.scalar_type(), [&]<typename T>(T) {
      *sum = kernels::cross_entropy_in_place(data<T>(logits), options.labels, logits.size(0),
                                             logits.size(1), options.scale);
    });
    ctx->save_for_backward({x, logits});  // by now the gradient of the logits
    keep(ctx, "lm_head", lm_head);
    return at::scalar_tensor(*sum, at::kFloat);
  }

  static variable_list backward(AutogradContext* ctx, variable_list) {
    Weight* lm_head = kept<Weight*>(ctx, "lm_head");
    const auto saved = ctx->get_saved_variables();
    store_product(saved[1].t(), saved[0], lm_head->accumulate, lm_head->grad);
    lm_head->written = true;
    return {at::mm(saved[1], lm_head->value), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

at::Tensor linear(const at::Tensor& x, Weight& weight) { return LinearFunction::apply(x, &weight); }

at::Tensor rms_norm(const at::Tensor& x_TH, Weight& weight, double eps) {
  return RmsNormFunction::apply(x_TH, &weight, eps);
}

at::Tensor causal_attention(const at::Tensor& qkv, const AttentionContext& context) {
  return AttentionFunction::apply(qkv, context);
}

at::Tensor permute_rows(const at::Tensor& x_TH, SharedRowMap map, std::int64_t top_k) {
  return PermuteFunction::apply(x_TH, std::move(map), top_k);
}

at::Tensor combine_rows(const at::Tensor& rows_RH, const at::Tensor& weights_Tk, SharedRowMap map,
                        std::int64_t top_k) {
  std::optional<at::Tensor> weights;
  if (weights_Tk.defined()) weights = weights_Tk;
  return CombineFunction::apply(rows_RH, weights, std::move(map), top_k);
}

at::Tensor grouped_experts(const at::Tensor& rows_RH, SharedRowMap map, Weight& gate_up,
                           Weight& down) {
  return GroupedExpertsFunction::apply(rows_RH, std::move(map), &gate_up, &down);
}

at::Tensor lm_head_loss(const at::Tensor& x_TH, Weight& lm_head, const LossOptions& options,
                        double& sum) {
  return LossFunction::apply(x_TH, &lm_head, options, &sum);
}

}  // namespace moebench::model
