// Experts of a layer, forward and backward, by either kernel: few large ones, and many small ones
// with few rows each. Threads: OMP_NUM_THREADS.
#include "harness/model/experts.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/zeros_like.h>
#include <benchmark/benchmark.h>

#include <tuple>

#include "harness/partition/layout.h"

namespace moebench::model {
namespace {

constexpr std::int64_t kTokens = 512;

config::ModelConfig model_of(std::int64_t experts, std::int64_t top_k, std::int64_t intermediate) {
  config::ModelConfig model;
  model.type = config::ModelType::kQwen3Moe;
  model.hidden_size = 256;
  model.intermediate_size = intermediate;
  model.num_layers = 1;
  model.num_experts = experts;
  model.top_k = top_k;
  return model;
}

// Arguments: experts, top_k, size of an expert; whether in bf16.
template <config::ExpertKernel kernel>
void experts(benchmark::State& state) {
  const config::ModelConfig model = model_of(state.range(0), state.range(1), state.range(2));
  const auto dtype = state.range(3) == 1 ? at::kBFloat16 : at::kFloat;
  const auto layout = partition::expert_layout(model, 0, {0, model.num_experts});
  const at::Tensor values = (at::randn({layout.num_elements}) * 0.1).to(dtype);
  const at::Tensor grads = at::zeros_like(values);
  LayerWeights layer;
  layer.experts.num_experts = model.num_experts;
  layer.experts.kernel = kernel;
  bind(layer, layout, values, &Weight::value);
  bind(layer, layout, grads, &Weight::grad);
  const at::Tensor x = at::randn({kTokens, model.hidden_size}).to(dtype).requires_grad_(true);
  const auto [top, ids] = at::topk(at::rand({kTokens, model.num_experts}), model.top_k, -1);
  const at::Tensor ids_Tk = ids.to(at::kInt), dy = at::randn_like(x);
  const ExpertFunction function = local_experts(kernel, expert_activation(model));
  for (auto _ : state) {
    function(x, top, ids_Tk, layer.experts, [] {}).y_TH.backward(dy);
  }
  state.SetItemsProcessed(state.iterations() * kTokens);
}

// Beside one of mixtral-tiny's proportions those of Qwen 3's: 128 experts, 8 of them a token.
#define MOEBENCH_EXPERTS_BENCHMARK(kernel)             \
  BENCHMARK(experts<config::ExpertKernel::kernel>)     \
      ->ArgNames({"experts", "top_k", "size", "bf16"}) \
      ->Args({8, 2, 512, 0})                           \
      ->Args({8, 2, 512, 1})                           \
      ->Args({32, 4, 256, 1})                          \
      ->Args({128, 8, 96, 0})                          \
      ->Args({128, 8, 96, 1})                          \
      ->UseRealTime()                                  \
      ->Unit(benchmark::kMillisecond)

MOEBENCH_EXPERTS_BENCHMARK(kLoop);
MOEBENCH_EXPERTS_BENCHMARK(kGrouped);

}  // namespace
}  // namespace moebench::model
