#include "harness/trainers/adapter.h"

#include <algorithm>
#include <utility>

#include "harness/base/names.h"
#include "harness/trainers/adapters_internal.h"

namespace moebench::trainers {

void LineAdapter::read_line(std::string_view line, std::int64_t number) {
  ++log_.num_lines;
  if (match(line, number)) ++log_.num_matched;
}

TrainerLog LineAdapter::finish() {
  complete();
  return std::move(log_);
}

void LineAdapter::warn(std::string_view sentence) { log_.warnings.emplace_back(sentence); }

void LineAdapter::disown() {
  log_.ranks.clear();
  log_.totals.clear();
  log_.notes.clear();
  log_.warnings.clear();
  log_.num_matched = 0;
}

// Trainers that print Hugging Face's dictionaries with members of their own stand before
// `hf_trainer`, which matches as many lines of theirs.
std::span<const AdapterInfo> adapters() {
  static const std::vector<AdapterInfo> all = {events_adapter(),        torchtitan_adapter(),
                                               fms_hf_tuning_adapter(), ms_swift_adapter(),
                                               axolotl_adapter(),       llama_factory_adapter(),
                                               hf_trainer_adapter(),    megatron_bridge_adapter(),
                                               megatron_lm_adapter(),   automodel_adapter(),
                                               deepspeed_adapter(),     pith_train_adapter(),
                                               maxtext_adapter(),       regex_adapter()};
  return all;
}

const AdapterInfo& find_adapter(std::string_view name) {
  const auto all = adapters();
  const auto found = std::ranges::find(all, name, &AdapterInfo::name);
  if (found != all.end()) return *found;
  std::vector<std::string> names;
  for (const AdapterInfo& adapter : all) names.emplace_back(adapter.name);
  throw_unknown_name("adapter", name, names);
}

}  // namespace moebench::trainers
