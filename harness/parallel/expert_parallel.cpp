#include "harness/parallel/expert_parallel.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/custom_function.h>

#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "harness/base/check.h"
#include "harness/measure/phases.h"
#include "harness/model/backward_mark.h"
#include "harness/model/ops.h"

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

// An exchange of rows from its start to its end, and then that of their gradients, which go the
// same way back.
class Flight : public torch::CustomClassHolder {
 public:
  Flight(Exchange forward) : forward_(std::move(forward)) {}

  at::Tensor start(const at::Tensor& rows) { return start(rows, forward_); }
  void finish() { finish(forward_); }
  void start_back(const at::Tensor& gradients) { gradients_ = start(gradients, backward()); }
  at::Tensor finish_back() {
    finish(backward());
    return std::exchange(gradients_, {});
  }

 private:
  Exchange backward() const { return forward_.reversed(backward_of(forward_.phase)); }

  at::Tensor start(const at::Tensor& rows, const Exchange& exchange) {
    const measure::PhaseScope phase(exchange.phase);
    MOEBENCH_CHECK(!pending_);
    sent_ = rows.contiguous();
    const auto& receive = exchange.receive_rows;
    const std::int64_t total = std::accumulate(receive.begin(), receive.end(), std::int64_t{0});
    const at::Tensor received = at::empty({total, rows.size(1)}, rows.options());
    const auto row_bytes = rows.size(1) * static_cast<std::int64_t>(rows.element_size());
    std::vector<std::int64_t> send_bytes, receive_bytes;
    for (std::int64_t n : exchange.send_rows) send_bytes.push_back(n * row_bytes);
    for (std::int64_t n : receive) receive_bytes.push_back(n * row_bytes);
    pending_ = exchange.group->start_all_to_all(sent_.const_data_ptr(), send_bytes,
                                                received.data_ptr(), receive_bytes);
    return received;
  }

  void finish(const Exchange& exchange) {
    const measure::PhaseScope phase(exchange.phase);
    pending_->wait();
    pending_.reset();
    sent_ = at::Tensor();
  }

  Exchange forward_;
  at::Tensor sent_;       // alive while it travels
  at::Tensor gradients_;  // that come back
  std::unique_ptr<comm::Pending> pending_;
};

using SharedFlight = c10::intrusive_ptr<Flight>;

Flight& flight_of(AutogradContext* ctx) {
  return *static_cast<Flight*>(ctx->saved_data["flight"].toCapsule().get());
}

// Between the two, whatever needs no received row runs while they travel: in the forward pass what
// is called between them, in the backward pass the gradients of that.
struct StartFunction : Function<StartFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& rows,
                            const SharedFlight& flight) {
    ctx->saved_data["flight"] = c10::IValue::make_capsule(flight);
    return flight->start(rows);
  }

  static variable_list backward(AutogradContext* ctx, variable_list) {
    return {flight_of(ctx).finish_back(), at::Tensor()};
  }
};

struct FinishFunction : Function<FinishFunction> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& received,
                            const SharedFlight& flight) {
    ctx->saved_data["flight"] = c10::IValue::make_capsule(flight);
    flight->finish();
    return received;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    flight_of(ctx).start_back(grads[0]);
    return {grads[0], at::Tensor()};  // in the shape of what was received; nobody reads it
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

std::vector<std::int64_t> to_vector(const at::Tensor& counts) {
  const at::Tensor on_host = counts.cpu();
  const auto* begin = on_host.const_data_ptr<std::int64_t>();
  return {begin, begin + on_host.numel()};
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

// Calls the experts once, with rows sent and back.
model::ExpertOutput dispatched(comm::Communicator& group, std::int64_t num_experts,
                               const model::ExpertFunction& local, const at::Tensor& x_TH,
                               const at::Tensor& weights_Tk, const at::Tensor& ids_Tk,
                               model::ExpertWeights& weights, const model::Meanwhile& meanwhile) {
  measure::PhaseScope phase(Phase::kDispatch);
  const std::int64_t top_k = ids_Tk.size(1);
  const auto groups = model::group_rows(ids_Tk, num_experts, 1);
  // The host has to know: it is it that hands over messages of these sizes.
  const std::vector<std::int64_t> outgoing = to_vector(model::rows_of_experts(*groups));
  const std::vector<std::int64_t> incoming = exchange_counts(group.host(), outgoing);
  const Exchange there{&group, sum_by_rank(outgoing, group.size()),
                       sum_by_rank(incoming, group.size()), Phase::kDispatch};
  const auto dispatch = c10::make_intrusive<Flight>(there);
  const auto combine = c10::make_intrusive<Flight>(there.reversed(Phase::kCombine));

  // One name for all stages: each lets the one before go.
  at::Tensor rows = model::permute_rows(x_TH, groups, top_k);
  model::mark_backward(rows, Phase::kDispatch);
  rows = StartFunction::apply(rows, dispatch);
  const at::Tensor ids_R = received_ids(incoming, num_experts / group.size()).to(ids_Tk.device());
  meanwhile();
  rows = FinishFunction::apply(rows, dispatch);
  auto [computed, load] = local(rows, at::Tensor(), ids_R, weights, [] {});
  rows = std::move(computed);
  phase.change(Phase::kCombine);
  rows = FinishFunction::apply(StartFunction::apply(rows, combine), combine);
  at::Tensor y_TH = model::combine_rows(rows, weights_Tk, groups, top_k);
  model::mark_backward(y_TH, Phase::kCombine);
  return {std::move(y_TH), std::move(load)};
}

}  // namespace

model::ExpertFunction expert_parallel(comm::Communicator& group, std::int64_t num_experts,
                                      model::ExpertFunction local) {
  MOEBENCH_CHECK(num_experts % group.size() == 0);
  return [&group, num_experts, local = std::move(local)](
             const at::Tensor& x_TH, const at::Tensor& weights_Tk, const at::Tensor& ids_Tk,
             model::ExpertWeights& weights, const model::Meanwhile& meanwhile) {
    return dispatched(group, num_experts, local, x_TH, weights_Tk, ids_Tk, weights, meanwhile);
  };
}

}  // namespace moebench::parallel
