#include "harness/model/attention.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/_scaled_dot_product_efficient_attention.h>
#include <ATen/ops/_scaled_dot_product_efficient_attention_backward.h>
#include <ATen/ops/_scaled_dot_product_flash_attention.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_backward.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu.h>
#include <ATen/ops/_scaled_dot_product_flash_attention_for_cpu_backward.h>

#include <array>

namespace moebench::model::attention {
namespace {

constexpr double kNoDropout = 0;
constexpr bool kCausal = true;

// Flash attention knows only the 16-bit types.
bool is_flash(const at::Tensor& q) { return q.scalar_type() != at::kFloat; }

}  // namespace

Result forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
               std::optional<double> scale) {
  if (!q.is_cuda()) {
    auto [out, logsumexp] = at::_scaled_dot_product_flash_attention_for_cpu(
        q, k, v, kNoDropout, kCausal, /*attn_mask=*/{}, scale);
    return {out, logsumexp, {}, {}};
  }
  if (is_flash(q)) {
    const auto all = at::_scaled_dot_product_flash_attention(q, k, v, kNoDropout, kCausal,
                                                             /*return_debug_mask=*/false, scale);
    return {std::get<0>(all), std::get<1>(all), std::get<6>(all), std::get<7>(all)};
  }
  auto [out, logsumexp, seed, offset] = at::_scaled_dot_product_efficient_attention(
      q, k, v, /*attn_bias=*/{}, /*compute_log_sumexp=*/true, kNoDropout, kCausal, scale);
  return {out, logsumexp, seed, offset};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor> backward(const at::Tensor& dout, const at::Tensor& q,
                                                        const at::Tensor& k, const at::Tensor& v,
                                                        const Result& result,
                                                        std::optional<double> scale) {
  if (!q.is_cuda()) {
    return at::_scaled_dot_product_flash_attention_for_cpu_backward(
        dout, q, k, v, result.out, result.logsumexp, kNoDropout, kCausal, /*attn_mask=*/{}, scale);
  }
  if (is_flash(q)) {
    return at::_scaled_dot_product_flash_attention_backward(
        dout, q, k, v, result.out, result.logsumexp, /*cum_seq_q=*/{}, /*cum_seq_k=*/{},
        /*max_q=*/q.size(2), /*max_k=*/k.size(2), kNoDropout, kCausal, result.seed, result.offset,
        scale);
  }
  const auto all = at::_scaled_dot_product_efficient_attention_backward(
      dout, q, k, v, /*attn_bias=*/{}, result.out, result.logsumexp, result.seed, result.offset,
      kNoDropout, std::array<bool, 4>{true, true, true, false}, kCausal, scale);
  return {std::get<0>(all), std::get<1>(all), std::get<2>(all)};
}

}  // namespace moebench::model::attention
