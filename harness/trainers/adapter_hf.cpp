#include <algorithm>
#include <array>

#include "harness/base/parse.h"
#include "harness/trainers/hf_log.h"
#include "harness/trainers/log_text.h"

// Hugging Face's Trainer and the trainers that print its dictionaries with members of their own.
namespace moebench::trainers {
namespace {

constexpr const char* kRateOfAxolotl = "tokens/train_per_sec_per_gpu";
constexpr std::array kMemoryOfAxolotl = {"memory/max_active (GiB)", "memory/max_mem_active(gib)"};
constexpr std::array kStepsOfSwift = {"global_step/max_steps", "iteration"};
constexpr const char* kMemoryOfSwift = "memory(GiB)";

bool is_axolotl(const Json& entry) {
  return entry.contains(kRateOfAxolotl) ||
         std::ranges::any_of(kMemoryOfAxolotl, [&](auto key) { return entry.contains(key); });
}

bool is_swift(const Json& entry) {
  return entry.contains(kMemoryOfSwift) || entry.contains("train_speed(s/it)") ||
         entry.contains("train_speed(iter/s)");
}

bool is_llama_factory(const Json& entry) {
  return entry.contains("current_steps") && entry.contains("total_steps");
}

Meaning meaning_of_trainer() {
  Meaning meaning;
  meaning.loss_scope = "the batches of all ranks since the last entry";
  meaning.flops_basis = "6 x tokens x all parameters, experts that rest included";
  return meaning;
}

Meaning meaning_of_hf_trainer() {
  Meaning meaning = meaning_of_trainer();
  meaning.tokens_scope = TokensScope::kGlobal;
  meaning.tokens_window = Window::kCumulative;
  meaning.time_window = Window::kInterval;
  return meaning;
}

class HfTrainerAdapter : public HfAdapter {
 public:
  HfTrainerAdapter() : HfAdapter(meaning_of_hf_trainer()) {}

 protected:
  bool accepts(const Json& entry) const override {
    return !is_axolotl(entry) && !is_swift(entry) && !is_llama_factory(entry);
  }
  // A loss stands in the lines of other trainers, too; those have no epoch that is a fraction.
  bool is_own(const Json& entry) const override {
    return entry.contains("train_runtime") ||
           (entry.contains("loss") && entry.contains("epoch") && !entry.contains("timestamp"));
  }
  // Since training began; no entry says how long a step took.
  void fill(const Json& entry, Step& step) const override {
    step.time_s = number_in(entry, "train_runtime");
  }
  bool times_are_a_clock() const override { return true; }

  void complete() override {
    HfAdapter::complete();
    if (has_interim_rate() || !log().totals.contains("train_tokens_per_second")) return;
    log().meaning.tokens_scope = TokensScope::kDevice;
    log().meaning.padding = Padding::kCounted;
  }
};

Meaning meaning_of_fms() {
  Meaning meaning = meaning_of_trainer();
  meaning.tokens_scope = TokensScope::kDevice;
  meaning.tokens_window = Window::kCumulative;
  meaning.time_window = Window::kInterval;
  meaning.padding = Padding::kCounted;
  return meaning;
}

// Its file holds {"name": "training_loss", "data": {"step", "timestamp", "value", ...}}.
class FmsAdapter : public HfAdapter {
 public:
  FmsAdapter() : HfAdapter(meaning_of_fms()) {}

 protected:
  bool is_own(const Json& entry) const override { return entry.contains("fms_timestamp"); }
  Json unwrapped(Json line) const override {
    const auto name = text_in(line, "name");
    const auto data = line.find("data");
    if (name != "training_loss" || data == line.end() || !data->is_object()) return Json::object();
    Json entry = {{"fms_timestamp", text_in(*data, "timestamp").value_or("")}};
    if (data->contains("value")) entry["loss"] = data->at("value");
    if (data->contains("step")) entry["step"] = data->at("step");
    return entry;
  }
  void fill(const Json& entry, Step& step) const override {
    step.time_s = seconds_of_date(text_in(entry, "fms_timestamp").value_or(""));
  }
  bool times_are_a_clock() const override { return true; }
};

Meaning meaning_of_swift() {
  Meaning meaning = meaning_of_trainer();
  meaning.time_window = Window::kCumulative;
  meaning.memory = MemoryKind::kMaxReserved;
  meaning.memory_rank =
      "the rank that logs; under Megatron the largest of its model-parallel group";
  return meaning;
}

class SwiftAdapter : public HfAdapter {
 public:
  SwiftAdapter() : HfAdapter(meaning_of_swift()) {}

 protected:
  bool is_own(const Json& entry) const override { return is_swift(entry); }
  // "5/100".
  std::optional<std::int64_t> step_of(const Json& entry) const override {
    for (const char* key : kStepsOfSwift) {
      const auto text = text_in(entry, key);
      if (text) return count_after(*text, "");
    }
    return HfAdapter::step_of(entry);
  }
  // Older releases write steps a second, newer ones seconds a step.
  void fill(const Json& entry, Step& step) const override {
    step.time_s = number_in(entry, "train_speed(s/it)");
    const auto steps_per_s = number_in(entry, "train_speed(iter/s)");
    if (!step.time_s && steps_per_s && *steps_per_s > 0) step.time_s = 1 / *steps_per_s;
    if (const auto memory = number_in(entry, kMemoryOfSwift)) step.memory_bytes = *memory * kGiB;
  }
};

Meaning meaning_of_axolotl() {
  Meaning meaning = meaning_of_trainer();
  meaning.tokens_scope = TokensScope::kDevice;
  meaning.padding = Padding::kNotCounted;
  meaning.memory = MemoryKind::kMaxActive;
  meaning.memory_rank = "the rank that logs";
  return meaning;
}

class AxolotlAdapter : public HfAdapter {
 public:
  AxolotlAdapter() : HfAdapter(meaning_of_axolotl()) {}

 protected:
  bool is_own(const Json& entry) const override { return is_axolotl(entry); }
  void fill(const Json& entry, Step& step) const override {
    step.tokens_per_s = number_in(entry, kRateOfAxolotl);
    for (const char* key : kMemoryOfAxolotl) {
      if (const auto memory = number_in(entry, key)) step.memory_bytes = *memory * kGiB;
    }
  }
};

Meaning meaning_of_llama_factory() {
  Meaning meaning = meaning_of_trainer();
  meaning.tokens_scope = TokensScope::kGlobal;
  meaning.tokens_window = Window::kCumulative;
  meaning.padding = Padding::kCounted;
  meaning.memory = MemoryKind::kMaxAllocated;
  meaning.memory_rank = "the rank that logs, with RECORD_VRAM=1";
  return meaning;
}

class LlamaFactoryAdapter : public HfAdapter {
 public:
  LlamaFactoryAdapter() : HfAdapter(meaning_of_llama_factory()) {}

 protected:
  bool is_own(const Json& entry) const override { return is_llama_factory(entry); }
  std::optional<std::int64_t> step_of(const Json& entry) const override {
    const auto number = count_in(entry, "current_steps");
    return number ? number : HfAdapter::step_of(entry);
  }
  void fill(const Json& entry, Step& step) const override {
    if (const auto tokens = number_in(entry, "total_tokens")) step.tokens = tokens;
    if (const auto rate = number_in(entry, "throughput")) step.tokens_per_s = rate;
    const auto memory = number_in(entry, "vram_allocated");
    if (memory) step.memory_bytes = *memory * kGiB;
  }
};

}  // namespace

AdapterInfo hf_trainer_adapter() {
  return {"hf_trainer",
          "Hugging Face transformers' Trainer, 4 and 5; 4 gives a device's tokens/s, extrapolated",
          {"stdout", "stderr", "trainer_state.json", "all_results.json", "train_results.json"},
          meaning_of_hf_trainer(),
          make_adapter<HfTrainerAdapter>};
}

AdapterInfo fms_hf_tuning_adapter() {
  return {"fms_hf_tuning",
          "fms-hf-tuning; times between the stamps of its entries, tokens/s extrapolated",
          {"training_logs.jsonl", "stdout", "stderr", "trainer_state.json"},
          meaning_of_fms(),
          make_adapter<FmsAdapter>};
}

AdapterInfo ms_swift_adapter() {
  return {"ms_swift",
          "ms-swift, both its own trainer and Megatron's",
          {"logging.jsonl", "stdout", "stderr"},
          meaning_of_swift(),
          make_adapter<SwiftAdapter>};
}

AdapterInfo axolotl_adapter() {
  return {"axolotl",
          "axolotl; tokens/s with `include_tkps`",
          {"stdout", "stderr", "trainer_state.json"},
          meaning_of_axolotl(),
          make_adapter<AxolotlAdapter>};
}

AdapterInfo llama_factory_adapter() {
  return {"llama_factory",
          "LLaMA-Factory; tokens/s with `include_num_input_tokens_seen`",
          {"trainer_log.jsonl", "stdout", "stderr", "trainer_state.json"},
          meaning_of_llama_factory(),
          make_adapter<LlamaFactoryAdapter>};
}

}  // namespace moebench::trainers
