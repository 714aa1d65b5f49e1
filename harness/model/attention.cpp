#include "harness/model/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_flash_attention_backward.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/_scaled_dot_product_efficient_attention.h>
#include <ATen/ops/_scaled_dot_product_efficient_attention_backward.h>
#include <ATen/ops/_scaled_dot_product_flash_attention.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_backward.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logaddexp.h>

#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "harness/base/check.h"

namespace moebench::model::attention {
namespace {

constexpr double kNoDropout = 0;
constexpr bool kCausal = true;
constexpr std::int64_t kFlashMultiple = 8;  // of a head's dimensions on a GPU
constexpr std::int64_t kMaskMultiple = 16;  // of elements between two rows of a mask

// Flash attention on a GPU knows only the 16-bit types.
bool is_flash(at::ScalarType type) { return type != at::kFloat; }

std::int64_t round_up(std::int64_t count, std::int64_t multiple) {
  return (count + multiple - 1) / multiple * multiple;
}

// For kernels that know no windows.
std::optional<at::Tensor> mask_of(const Options& options) {
  MOEBENCH_CHECK((options.window > 0) == options.window_mask.defined());
  if (options.window == 0) return std::nullopt;
  return options.window_mask;
}

// Memory-efficient attention wants a bias for each head; they share their memory.
std::optional<at::Tensor> bias_of(const Options& options, const at::Tensor& q) {
  const auto mask = mask_of(options);
  if (!mask) return mask;
  return mask->expand({q.size(0), q.size(1), q.size(2), q.size(2)});
}

// The SDPA functions above this have no window. [batch, seq_len, heads, dim].
Result windowed_flash(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                      const Options& options) {
  const auto all = at::_flash_attention_forward(
      q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), /*cum_seq_q=*/{}, /*cum_seq_k=*/{},
      /*max_q=*/q.size(2), /*max_k=*/k.size(2), kNoDropout, kCausal, /*return_debug_mask=*/false,
      options.scale, /*window_size_left=*/options.window - 1, /*window_size_right=*/0);
  return {std::get<0>(all).transpose(1, 2), std::get<1>(all), std::get<2>(all), std::get<3>(all)};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> windowed_flash_backward(
    const at::Tensor& dout, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
    const Result& result, const Options& options) {
  const auto [dq, dk, dv] = at::_flash_attention_backward(
      dout.transpose(1, 2), q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2),
      result.out.transpose(1, 2), result.logsumexp, /*cum_seq_q=*/{}, /*cum_seq_k=*/{},
      /*max_q=*/q.size(2), /*max_k=*/k.size(2), kNoDropout, kCausal, result.seed, result.offset,
      options.scale, /*window_size_left=*/options.window - 1, /*window_size_right=*/0);
  return {dq.transpose(1, 2), dk.transpose(1, 2), dv.transpose(1, 2)};
}

Result without_sinks(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     const Options& options) {
  if (!q.is_cuda()) {
    auto [out, logsumexp] = at::_scaled_dot_product_flash_attention_for_cpu(
        q, k, v, kNoDropout, kCausal, mask_of(options), options.scale);
    return {out, logsumexp, {}, {}};
  }
  if (is_flash(q.scalar_type())) {
    if (options.window > 0) return windowed_flash(q, k, v, options);
    const auto all =
        at::_scaled_dot_product_flash_attention(q, k, v, kNoDropout, kCausal,
                                                /*return_debug_mask=*/false, options.scale);
    return {std::get<0>(all), std::get<1>(all), std::get<6>(all), std::get<7>(all)};
  }
  auto [out, logsumexp, seed, offset] = at::_scaled_dot_product_efficient_attention(
      q, k, v, bias_of(options, q), /*compute_log_sumexp=*/true, kNoDropout, kCausal,
      options.scale);
  return {out, logsumexp, seed, offset};
}

// In fp32, a quarter of the heads at a time: copies of them all would be the backward pass's peak.
at::Tensor dot_of_rows(const at::Tensor& a, const at::Tensor& b) {
  const auto a_parts = a.chunk(4, 1), b_parts = b.chunk(4, 1);
  std::vector<at::Tensor> dots;
  for (std::size_t i = 0; i < a_parts.size(); ++i) {
    dots.push_back((a_parts[i].to(at::kFloat) * b_parts[i]).sum(-1));
  }
  return at::cat(dots, 1);
}

at::Tensor by_head(const at::Tensor& sinks) { return sinks.to(at::kFloat).view({1, -1, 1}); }

void add_sinks(Result& result, const at::Tensor& sinks) {
  const at::Tensor before = result.logsumexp;
  result.logsumexp = at::logaddexp(before, by_head(sinks));
  const at::Tensor share = at::exp(before - result.logsumexp).narrow(2, 0, result.out.size(2));
  result.out.mul_(share.unsqueeze(3));
}

}  // namespace

std::int64_t padded_dim(std::int64_t dim, const at::Tensor& like) {
  const bool is_gpu_flash = like.is_cuda() && is_flash(like.scalar_type());
  return is_gpu_flash ? round_up(dim, kFlashMultiple) : dim;
}

at::Tensor window_mask(std::int64_t seq_len, std::int64_t window, const at::TensorOptions& like) {
  const at::ScalarType type = c10::typeMetaToScalarType(like.dtype());
  if (like.device().is_cuda() && is_flash(type)) return at::Tensor();
  return at::full({seq_len, round_up(seq_len, kMaskMultiple)},
                  -std::numeric_limits<float>::infinity(), like.dtype(at::kFloat))
      .tril(-window)
      .narrow(1, 0, seq_len);
}

Result forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
               const Options& options) {
  Result result = without_sinks(q, k, v, options);
  if (options.sinks.defined()) add_sinks(result, options.sinks);
  return result;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(const at::Tensor& dout, const at::Tensor& q,
                                                        const at::Tensor& k, const at::Tensor& v,
                                                        const Result& result,
                                                        const Options& options) {
  if (!q.is_cuda()) {
    return at::_scaled_dot_product_flash_attention_for_cpu_backward(
        dout, q, k, v, result.out, result.logsumexp, kNoDropout, kCausal, mask_of(options),
        options.scale);
  }
  if (is_flash(q.scalar_type())) {
    if (options.window > 0) return windowed_flash_backward(dout, q, k, v, result, options);
    return at::_scaled_dot_product_flash_attention_backward(
        dout, q, k, v, result.out, result.logsumexp, /*cum_seq_q=*/{}, /*cum_seq_k=*/{},
        /*max_q=*/q.size(2), /*max_k=*/k.size(2), kNoDropout, kCausal, result.seed, result.offset,
        options.scale);
  }
  const auto all = at::_scaled_dot_product_efficient_attention_backward(
      dout, q, k, v, bias_of(options, q).value_or(at::Tensor()), result.out, result.logsumexp,
      result.seed, result.offset, kNoDropout, std::array<bool, 4>{true, true, true, false}, kCausal,
      options.scale);
  return {std::get<0>(all), std::get<1>(all), std::get<2>(all)};
}

at::Tensor sinks_gradient(const at::Tensor& dout, const Result& result, const at::Tensor& sinks) {
  const at::Tensor dot = dot_of_rows(dout, result.out);
  const at::Tensor logsumexp = result.logsumexp.narrow(2, 0, dot.size(2));
  return -(at::exp(by_head(sinks) - logsumexp) * dot).sum(at::IntArrayRef{0, 2});
}

}  // namespace moebench::model::attention
