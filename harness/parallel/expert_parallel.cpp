#include "harness/parallel/expert_parallel.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "harness/base/check.h"
#include "harness/measure/phases.h"
#include "harness/model/backward_mark.h"
#include "harness/model/ops.h"
#include "kernels/permute_rows/permute_rows.h"

namespace moebench::parallel {
namespace {

using measure::Phase;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Rows that this rank sends to and receives from each rank of the group.
struct Exchange {
  comm::Communicator* group;
  std::vector<std::int64_t> send_rows;
  std::vector<std::int64_t> receive_rows;
  Phase phase;  // that it counts as

  Exchange reversed(Phase counts_as) const { return {group, receive_rows, send_rows, counts_as}; }
};

at::Tensor exchange_rows(const at::Tensor& rows, const Exchange& exchange) {
  const measure::PhaseScope phase(exchange.phase);
  const auto& receive = exchange.receive_rows;
  const std::int64_t total = std::accumulate(receive.begin(), receive.end(), std::int64_t{0});
  const at::Tensor received = at::empty({total, rows.size(1)}, rows.options());
  const auto row_bytes = rows.size(1) * static_cast<std::int64_t>(rows.element_size());
  std::vector<std::int64_t> send_bytes, receive_bytes;
  for (std::int64_t n : exchange.send_rows) send_bytes.push_back(n * row_bytes);
  for (std::int64_t n : receive) receive_bytes.push_back(n * row_bytes);
  exchange.group->all_to_all(rows.const_data_ptr(), send_bytes, received.data_ptr(), receive_bytes);
  return received;
}

struct ExchangeHolder : torch::CustomClassHolder {
  explicit ExchangeHolder(Exchange e) : exchange(std::move(e)) {}
  Exchange exchange;
};

// Its gradient travels the same way back.
struct ExchangeFunction : Function<ExchangeFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows,
                            const Exchange& exchange) {
    ctx->saved_data["exchange"] =
        c10::IValue::make_capsule(c10::make_intrusive<ExchangeHolder>(exchange));
    return exchange_rows(rows.contiguous(), exchange);
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto holder = ctx->saved_data["exchange"].toCapsule();
    const auto& exchange = static_cast<ExchangeHolder*>(holder.get())->exchange;
    return {exchange_rows(grads[0].contiguous(), exchange.reversed(backward_of(exchange.phase))),
            at::Tensor()};
  }
};

// counts[d x local + e]: rows for local expert e of rank d. Returns what each rank sends here, as
// [source x local + e].
std::vector<std::int64_t> exchange_counts(comm::Communicator& group,
                                          const std::vector<std::int64_t>& counts) {
  const auto piece = static_cast<std::int64_t>(counts.size() * sizeof(std::int64_t)) / group.size();
  const std::vector<std::int64_t> bytes(static_cast<std::size_t>(group.size()), piece);
  std::vector<std::int64_t> received(counts.size());
  group.all_to_all(counts.data(), bytes, received.data(), bytes);
  return received;
}

std::vector<std::int64_t> sum_by_rank(const std::vector<std::int64_t>& counts, int num_ranks) {
  const std::size_t local = counts.size() / static_cast<std::size_t>(num_ranks);
  std::vector<std::int64_t> sums(static_cast<std::size_t>(num_ranks), 0);
  for (std::size_t i = 0; i < counts.size(); ++i) sums[i / local] += counts[i];
  return sums;
}

// Local expert of every received row: sources one after the other, each sorted by expert.
at::Tensor received_ids(const std::vector<std::int64_t>& counts, std::int64_t num_local) {
  const std::int64_t rows = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  const at::Tensor ids = at::empty({rows, 1}, at::kInt);
  auto* out = ids.data_ptr<std::int32_t>();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto expert = static_cast<std::int32_t>(static_cast<std::int64_t>(i) % num_local);
    out = std::fill_n(out, counts[i], expert);
  }
  return ids;
}

}  // namespace

model::ExpertFunction expert_parallel(comm::Communicator& group, std::int64_t num_experts,
                                      model::ExpertFunction local) {
  MOEBENCH_CHECK(num_experts % group.size() == 0);
  return [&group, num_experts, local = std::move(local)](
             const at::Tensor& x_TH, const at::Tensor& weights_Tk, const at::Tensor& ids_Tk,
             model::ExpertWeights& weights) -> model::ExpertOutput {
    measure::PhaseScope phase(Phase::kDispatch);
    const std::int64_t top_k = ids_Tk.size(1);
    const std::span<const std::int32_t> ids(ids_Tk.data_ptr<std::int32_t>(),
                                            static_cast<std::size_t>(ids_Tk.numel()));
    const auto map =
        std::make_shared<const kernels::RowMap>(kernels::group_rows(ids, num_experts, 1));
    const std::vector<std::int64_t> incoming = exchange_counts(group, map->counts);
    const Exchange there{&group, sum_by_rank(map->counts, group.size()),
                         sum_by_rank(incoming, group.size()), Phase::kDispatch};

    // One name for all stages: each lets the one before go.
    at::Tensor rows = model::permute_rows(x_TH, map, top_k);
    model::mark_backward(rows, Phase::kDispatch);
    rows = ExchangeFunction::apply(rows, there);
    auto [computed, load] =
        local(rows, at::Tensor(), received_ids(incoming, num_experts / group.size()), weights);
    rows = std::move(computed);
    phase.change(Phase::kCombine);
    rows = ExchangeFunction::apply(rows, there.reversed(Phase::kCombine));
    at::Tensor y_TH = model::combine_rows(rows, weights_Tk, map, top_k);
    model::mark_backward(y_TH, Phase::kCombine);
    return {std::move(y_TH), std::move(load)};
  };
}

}  // namespace moebench::parallel
