#include "harness/profile/op_profiler.h"

#include <ATen/core/ivalue.h>
#include <ATen/record_function.h>

#include <optional>
#include <string_view>
#include <vector>

#include "harness/measure/clock.h"

namespace moebench::profile {
namespace {

std::int64_t bytes_of(const c10::IValue& value) {
  if (value.isTensor()) {
    const at::Tensor& tensor = value.toTensor();
    return tensor.defined() ? static_cast<std::int64_t>(tensor.nbytes()) : 0;
  }
  std::int64_t bytes = 0;
  if (value.isTensorList()) {
    for (const at::Tensor& tensor : value.toTensorVector()) {
      bytes += static_cast<std::int64_t>(tensor.nbytes());
    }
  }
  return bytes;
}

// An operation that only moves data, and what one call moves: the sum of some inputs, some of them
// twice (read here and written elsewhere, of the same size). Only those that do the work
// themselves: aten::contiguous, clone, reshape, to and stack are booked as the copy_ or cat in
// them.
struct Mover {
  std::string_view function;
  std::vector<std::pair<std::size_t, std::int64_t>> inputs;  // which, times
};

const std::vector<Mover>& movers() {
  static const std::vector<Mover> table = {
      {"aten::copy_", {{0, 1}, {1, 1}}},  // self, source
      {"aten::cat", {{0, 2}}},            // tensors
      {"aten::index_add_", {{3, 3}}},     // source; the rows of self are read and written
      {"aten::index_add", {{3, 3}}},
      {"moebench::permute_rows", {{0, 1}, {1, 1}}},
      {"moebench::permute_rows_backward", {{0, 1}, {1, 1}}},
      {"moebench::combine_rows", {{0, 1}, {1, 1}}},
      {"moebench::combine_rows_backward", {{0, 1}, {1, 1}}},
  };
  return table;
}

// index_select(self, dim, index): as many slices as the index names, each read and written.
using Inputs = c10::ArrayRef<const c10::IValue>;

std::int64_t index_select_bytes(Inputs inputs) {
  if (inputs.size() < 3 || !inputs[0].isTensor() || !inputs[2].isTensor()) return 0;
  const at::Tensor& self = inputs[0].toTensor();
  const std::int64_t dim = inputs[1].toInt();
  if (self.dim() == 0 || self.size(dim) == 0) return 0;
  const auto bytes = static_cast<std::int64_t>(self.nbytes());
  return 2 * bytes / self.size(dim) * inputs[2].toTensor().numel();
}

// nullopt: no operation that moves data.
std::optional<std::int64_t> moved_bytes(std::string_view function, Inputs inputs) {
  if (function == "aten::index_select") return index_select_bytes(inputs);
  for (const Mover& mover : movers()) {
    if (mover.function != function) continue;
    std::int64_t bytes = 0;
    for (const auto& [input, times] : mover.inputs) {
      if (input < inputs.size()) bytes += times * bytes_of(inputs[input]);
    }
    return bytes;
  }
  return std::nullopt;
}

}  // namespace

class OpProfiler::State : public measure::PhaseObserver {
 public:
  explicit State(Detail detail) : detail_(detail), observe_(*this) {
    active = this;
    recorder_.start(measure::current_phase(), measure::now_ns());
    handle_ = at::addThreadLocalCallback(
        at::RecordFunctionCallback(begin, end)
            .needsInputs(detail == Detail::kBytes)
            .scopes({at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION,
                     at::RecordScope::USER_SCOPE}));
  }
  ~State() override { stop(); }

  void stop() {
    if (active != this) return;
    at::removeCallback(handle_);
    recorder_.stop(measure::now_ns());
    active = nullptr;
  }

  void on_change(measure::Phase, measure::Phase to) override {
    if (active == this) recorder_.change_phase(to, measure::now_ns());
  }

  CallTable table() const { return recorder_.table(); }

  std::map<std::string, Movement> movements() const {
    std::map<std::string, Movement> movements = moved_;
    for (const auto& [key, counts] : recorder_.table()) {
      const auto found = movements.find(key.function);
      if (found != movements.end()) found->second.own_ns += counts.own_ns;
    }
    return movements;
  }

 private:
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
    if (active == nullptr) return nullptr;
    if (active->detail_ == Detail::kBytes) active->count(function);
    active->recorder_.begin(function.name(), measure::now_ns());
    return nullptr;
  }

  static void end(const at::RecordFunction&, at::ObserverContext*) {
    if (active != nullptr) active->recorder_.end(measure::now_ns());
  }

  void count(const at::RecordFunction& function) {
    const auto bytes = moved_bytes(function.name(), function.inputs());
    if (!bytes) return;
    Movement& movement = moved_[function.name()];
    ++movement.calls;
    movement.bytes += *bytes;
  }

  static thread_local State* active;

  Detail detail_;
  measure::ObservePhases observe_;
  CallRecorder recorder_;
  std::map<std::string, Movement> moved_;
  at::CallbackHandle handle_ = 0;
};

thread_local OpProfiler::State* OpProfiler::State::active = nullptr;

OpProfiler::OpProfiler(Detail detail) : state_(std::make_unique<State>(detail)) {}
OpProfiler::~OpProfiler() = default;
void OpProfiler::stop() { state_->stop(); }
CallTable OpProfiler::table() const { return state_->table(); }
std::map<std::string, Movement> OpProfiler::movements() const { return state_->movements(); }

}  // namespace moebench::profile
