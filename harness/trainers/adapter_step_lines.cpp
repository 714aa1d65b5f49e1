#include "harness/trainers/log_text.h"
#include "harness/trainers/step_line_adapter.h"

// Trainers whose log is one line a step that says all there is.
namespace moebench::trainers {
namespace {

Meaning meaning_of_pith_train() {
  Meaning meaning;
  meaning.tokens_scope = TokensScope::kGlobal;
  meaning.tokens_window = Window::kStep;
  meaning.time_window = Window::kStep;
  meaning.padding = Padding::kCounted;
  meaning.memory = MemoryKind::kMaxAllocated;
  meaning.memory_rank = "the largest of all ranks";
  meaning.loss_scope = "the global batch";
  return meaning;
}

class PithTrainAdapter : public StepLineAdapter {
 public:
  PithTrainAdapter() : StepLineAdapter(meaning_of_pith_train()) {}

 private:
  // "step 00000003/00000100 | step-time 1.234 sec | ... | peak-gpu-memory 62.34 GB", where GB are
  // GiB and the time is the slowest rank's.
  std::optional<Step> step_of(std::string_view line) const override {
    const auto number = count_after(line, "step ");
    const auto time_s = number_after(line, "| step-time ");
    if (!number || *number == 0 || !time_s) return std::nullopt;
    Step step;
    step.number = *number;
    step.time_s = time_s;
    step.loss = number_after(line, "| cross-entropy-loss ");
    step.grad_norm = number_after(line, "| gradient-norm ");
    step.tokens_per_s = number_after(line, "| tokens-per-second ");
    const auto memory = number_after(line, "| peak-gpu-memory ");
    if (memory) step.memory_bytes = *memory * kGiB;
    return step;
  }
};

Meaning meaning_of_maxtext() {
  Meaning meaning;
  meaning.tokens_scope = TokensScope::kDevice;
  meaning.tokens_window = Window::kStep;
  meaning.time_window = Window::kStep;
  meaning.padding = Padding::kCounted;
  meaning.loss_scope = "the tokens of the global batch";
  meaning.flops_basis = "its own formula of the model";
  return meaning;
}

class MaxtextAdapter : public StepLineAdapter {
 public:
  MaxtextAdapter() : StepLineAdapter(meaning_of_maxtext()) {}

 private:
  // "completed step: 7, seconds: 1.234, TFLOP/s/device: 200.000, Tokens/s/device: ..., loss: ...".
  // Rates are missing while the batch grows. It counts from 0.
  std::optional<Step> step_of(std::string_view line) const override {
    const auto number = count_after(line, "completed step:");
    const auto time_s = number_after(line, "seconds:");
    if (!number || !time_s) return std::nullopt;
    Step step;
    step.number = *number + 1;
    step.time_s = time_s;
    step.loss = number_after(line, " loss:");
    step.tokens_per_s = number_after(line, "Tokens/s/device:");
    if (const auto tflops = number_after(line, "TFLOP/s/device:"))
      step.flops_per_s = *tflops * 1e12;
    return step;
  }
};

}  // namespace

AdapterInfo pith_train_adapter() {
  return {"pith_train",
          "pith-train; times are those of the slowest rank",
          {"stdout", "stderr"},
          meaning_of_pith_train(),
          make_adapter<PithTrainAdapter>};
}

AdapterInfo maxtext_adapter() {
  return {"maxtext",
          "MaxText",
          {"stdout", "stderr"},
          meaning_of_maxtext(),
          make_adapter<MaxtextAdapter>};
}

}  // namespace moebench::trainers
