#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "harness/trainers/adapters_internal.h"
#include "harness/trainers/log_text.h"
#include "harness/trainers/step_table.h"

// Megatron-LM, and Megatron-Bridge, which prints its line with another one and memory in other
// units.
namespace moebench::trainers {
namespace {

Meaning megatron_meaning() {
  Meaning meaning;
  meaning.time_window = Window::kInterval;
  meaning.memory = MemoryKind::kMaxAllocated;
  meaning.memory_rank = "the largest of the ranks that print it, since the start";
  meaning.loss_scope = "the data-parallel ranks, since the last line";
  meaning.flops_basis = "the model's, of the experts that are active";
  return meaning;
}

enum class Flavour { kMegatronLm, kBridge };

// Bridge's "Step Time : 7.04s GPU utilization: 24.7MODEL_TFLOP/s/GPU", which does not say its
// iteration and is printed by another rank than the iteration's line: it may stand on either side.
struct StepTime {
  double seconds;
  double flops_per_s;

  bool is_of(const Step& step) const {
    constexpr double kRounding = 0.0056;  // of two decimals, and of the milliseconds' one
    return step.time_s && std::abs(*step.time_s - seconds) <= kRounding;
  }
};

class MegatronAdapter : public LineAdapter {
 public:
  explicit MegatronAdapter(Flavour flavour) : LineAdapter(megatron_meaning()), flavour_(flavour) {}

 private:
  bool match(std::string_view line, std::int64_t) override {
    return read_iteration(line) || read_memory(line) || read_step_time(line) || read_theory(line);
  }
  void complete() override;

  bool read_iteration(std::string_view line);
  bool read_memory(std::string_view line);
  bool read_step_time(std::string_view line);
  bool read_theory(std::string_view line);

  Flavour flavour_;
  StepTable table_;
  std::map<std::int64_t, double> memory_bytes_;  // by iteration
  std::map<std::int64_t, double> flops_per_s_;   // of Bridge's lines of step times, by iteration
  std::optional<StepTime> unassigned_;
  bool is_bridge_ = false;
};

// "iteration       20/     100 |", but not "validation loss at iteration 20 |".
std::optional<std::int64_t> iteration_of(std::string_view line) {
  constexpr std::string_view kLabel = "iteration ";
  const std::size_t at = line.find(kLabel);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(at + kLabel.size());
  const std::size_t digits = rest.find_first_not_of(" 0123456789");
  if (digits == std::string_view::npos || rest[digits] != '/') return std::nullopt;
  return count_after(rest, "");
}

// A loss that is NaN is left out of the line, which then counts it at its end.
std::optional<double> loss_of(std::string_view line) {
  const auto loss = number_after(line, "lm loss:");
  if (loss) return loss;
  const auto num_nan = count_after(line, "number of nan iterations:");
  if (num_nan.value_or(0) > 0) return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

bool MegatronAdapter::read_iteration(std::string_view line) {
  const auto number = iteration_of(line);
  const auto time_ms = number_after(line, "elapsed time per iteration (ms):");
  if (!number || *number == 0 || !time_ms) return false;
  Step step;
  step.number = *number;
  step.time_s = *time_ms / 1e3;
  step.samples = number_after(line, "global batch size:");
  step.loss = loss_of(line);
  step.grad_norm = number_after(line, "grad norm:");
  // A patched line has "compute" for "throughput", and tokens/s beside it.
  for (const char* label :
       {"throughput per GPU (TFLOP/s/GPU):", "compute per GPU (TFLOP/s/GPU):"}) {
    if (const auto tflops = number_after(line, label)) step.flops_per_s = *tflops * 1e12;
  }
  step.tokens_per_s = number_after(line, "tokens/s/GPU inst/harmonic mean:");
  if (step.tokens_per_s) {
    log().meaning.tokens_scope = TokensScope::kDevice;
    log().meaning.tokens_window = Window::kInterval;
  }
  if (unassigned_ && unassigned_->is_of(step)) {
    flops_per_s_[step.number] = unassigned_->flops_per_s;
    unassigned_.reset();
  }
  table_.add(std::move(step));
  return true;
}

// "[Rank 0] (after 2 iterations) memory (MB) | ... | max allocated: 1024.0 | ...", where MB are
// MiB, or in Bridge "memory (GB) | ... | mem-max-allocated-gigabytes: 1.07 | ...", where GB are
// 10^9 bytes.
bool MegatronAdapter::read_memory(std::string_view line) {
  const auto iteration = count_after(line, "(after ");
  const bool is_mib = line.find(" memory (MB) |") != std::string_view::npos;
  const bool is_gb = line.find(" memory (GB) |") != std::string_view::npos;
  if (!iteration || (!is_mib && !is_gb)) return false;
  const auto value =
      number_after(line, is_mib ? "| max allocated:" : "mem-max-allocated-gigabytes:");
  if (!value) return false;
  if (is_gb) is_bridge_ = true;
  double& most = memory_bytes_[*iteration];
  most = std::max(most, *value * (is_mib ? kMiB : kGB));
  return true;
}

bool MegatronAdapter::read_step_time(std::string_view line) {
  const auto seconds = number_after(line, "Step Time :");
  const auto tflops = number_after(line, "GPU utilization:");
  if (!seconds || !tflops || line.find("MODEL_TFLOP/s/GPU") == std::string_view::npos) return false;
  is_bridge_ = true;
  const StepTime step_time{*seconds, *tflops * 1e12};
  const Step* last = table_.last();
  if (last != nullptr && step_time.is_of(*last) && !flops_per_s_.contains(last->number)) {
    flops_per_s_[last->number] = step_time.flops_per_s;
  } else {
    unassigned_ = step_time;
  }
  return flavour_ == Flavour::kBridge;
}

bool MegatronAdapter::read_theory(std::string_view line) {
  if (line.find("Theoretical memory footprints:") == std::string_view::npos) return false;
  const auto mib = number_after(line, "total=");
  if (mib) log().totals["theoretical_memory"] = {*mib * kMiB, "bytes"};
  return mib.has_value();
}

void MegatronAdapter::complete() {
  if (flavour_ == Flavour::kBridge && !is_bridge_) return disown();
  if (table_.empty()) return;
  for (const auto& [number, flops_per_s] : flops_per_s_) {
    Step* step = table_.find(number);
    if (step != nullptr && !step->flops_per_s) step->flops_per_s = flops_per_s;
  }
  for (const auto& [number, bytes] : memory_bytes_) {
    if (Step* step = table_.find(number)) step->memory_bytes = bytes;
  }
  RankLog rank_log;
  rank_log.steps = table_.finish(Entries::kOfAnInterval, "log", log().warnings);
  log().ranks.push_back(std::move(rank_log));
}

template <Flavour flavour>
std::unique_ptr<Adapter> make(const AdapterOptions&) {
  return std::make_unique<MegatronAdapter>(flavour);
}

}  // namespace

AdapterInfo megatron_lm_adapter() {
  return {"megatron_lm",
          "Megatron-LM, also with Primus' patches; FLOPs with `--log-throughput`",
          {"stdout", "stderr"},
          megatron_meaning(),
          make<Flavour::kMegatronLm>};
}

AdapterInfo megatron_bridge_adapter() {
  return {"megatron_bridge",
          "Megatron-Bridge",
          {"stdout", "stderr"},
          megatron_meaning(),
          make<Flavour::kBridge>};
}

}  // namespace moebench::trainers
