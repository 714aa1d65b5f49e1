#include "reports/write/card.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/printable.h"
#include "harness/record/metric_catalogue.h"
#include "reports/write/agreement.h"
#include "reports/write/cells.h"
#include "reports/write/format_value.h"

namespace moebench::reports {
namespace {

using Json = nlohmann::ordered_json;

struct Fact {
  const char* member;
  const char* entry;  // of the environment
};
constexpr std::array kProgram = {
    Fact{"version", "moebench_version"}, Fact{"git_commit", "git_sha"},
    Fact{"git_dirty", "git_dirty"},      Fact{"compiler", "compiler"},
    Fact{"build_type", "build_type"},    Fact{"worker_hash", "worker_hash"},
    Fact{"torch", "torch_version"},      Fact{"engine_version", "engine_version"}};
constexpr std::array kMachine = {Fact{"cpu", "cpu_model"},
                                 Fact{"cores", "cores_allowed"},
                                 Fact{"memory_bytes", "memory_total_bytes"},
                                 Fact{"kernel", "kernel"},
                                 Fact{"device", "device"},
                                 Fact{"gpu", "gpu_model"},
                                 Fact{"gpu_driver", "gpu_driver"},
                                 Fact{"ranks", "world_size"},
                                 Fact{"threads_per_rank", "threads_per_rank"},
                                 Fact{"launcher", "launcher"}};
constexpr std::array kSource = {Fact{"kind", "imported"}, Fact{"file", "import_file"},
                                Fact{"hash", "import_hash"}, Fact{"place", "import_place"}};

template <std::size_t N>
Json facts_of(const record::CellRecord& record, const std::array<Fact, N>& facts) {
  Json json = Json::object();
  for (const Fact& wanted : facts) {
    const std::string value = record::fact(record.environment, wanted.entry);
    if (!value.empty()) json[wanted.member] = value;
  }
  return json;
}

// The typical repetition's number, and between which ones it lies over all.
Json metric_of(const Cell& cell, const std::string& name, double typical) {
  double smallest = typical, largest = typical;
  int num_repetitions = 0;
  for (const auto* repetition : cell.repetitions) {
    const auto value = repetition->value(name);
    if (!value) continue;
    ++num_repetitions;
    smallest = std::min(smallest, *value);
    largest = std::max(largest, *value);
  }
  return {{"value", typical},
          {"unit", *cell.typical().unit(name)},
          {"n", num_repetitions},
          {"min", smallest},
          {"max", largest}};
}

std::vector<std::string> names_of_metrics(const record::CellRecord& record) {
  std::vector<std::string> names;
  for (const auto& [name, metric] : record.metrics) names.push_back(name);
  for (std::size_t i = 0; i < record.headlines.size(); ++i) {
    names.push_back(record.headlines.name(i).metric);
  }
  std::ranges::sort(names);
  return names;
}

// Families of metrics are a profile's: too many for a card.
Json metrics_of(const Cell& cell) {
  Json json = Json::object();
  if (!cell.ok()) return json;
  for (const std::string& name : names_of_metrics(cell.typical())) {
    const record::MetricInfo* info = record::find_metric(name);
    const bool is_own_counter = name.starts_with("benchmark_counter.");
    const auto value = cell.value(name);
    if (!value || (info != nullptr && info->is_family() && !is_own_counter)) continue;
    json[name] = metric_of(cell, name, *value);
  }
  return json;
}

// How many ok cells of a scenario do the same work.
using OkByWorkload = std::map<std::string, int>;

OkByWorkload count_ok(const ScenarioCells& scenario) {
  OkByWorkload counts;
  for (const Cell& cell : scenario.cells) {
    if (cell.ok() && !cell.first().workload.empty()) ++counts[cell.first().workload];
  }
  return counts;
}

// Whether the cell computes what the scenario's other arms of the same work do.
const char* agreement_of(const Cell& cell, const OkByWorkload& counts) {
  if (!cell.ok()) {
    return cell.failure()->disposition == record::Disposition::kIncorrect ? "incorrect"
                                                                          : "not compared";
  }
  const auto found = counts.find(cell.first().workload);
  return found != counts.end() && found->second > 1 ? "agrees" : "not compared";
}

Json warnings_of(const Cell& cell) {
  std::vector<std::string> warnings;
  for (const auto* repetition : cell.repetitions) {
    for (const std::string& warning : repetition->warnings) {
      if (std::ranges::count(warnings, warning) == 0) warnings.push_back(warning);
    }
  }
  return warnings;
}

Json card_of(const Cell& cell, const std::string& scenario, const OkByWorkload& counts) {
  const record::CellRecord& record = cell.ok() ? cell.typical() : *cell.failure();
  Json axes = Json::object();
  for (const auto& [name, value] : record.axes) axes[name] = value;
  Json card = {{"card_version", 1},
               {"scenario", scenario},
               {"cell", cell.id()},
               {"model", cell.axis("model")},
               {"disposition", to_string(record.disposition)},
               {"message", std::string(first_line(record.message))},
               {"agreement", agreement_of(cell, counts)},
               {"repetitions", cell.repetitions.size()},
               {"command", record::fact(record.environment, "command_line")},
               {"measured_at", record.started_at},
               {"program", facts_of(record, kProgram)},
               {"machine", facts_of(record, kMachine)},
               {"axes", std::move(axes)},
               {"metrics", metrics_of(cell)},
               {"warnings", warnings_of(cell)}};
  Json source = facts_of(record, kSource);
  if (!source.empty()) card["source"] = std::move(source);
  return card;
}

// YAML 1.1, which PyYAML reads, takes "1e+20" for a word and "1.0e+20" for a number.
std::string number_text(double number) {
  std::string text = format_exact(number);
  const std::size_t exponent = text.find('e');
  const bool has_point = text.find('.') != std::string::npos;
  if (exponent != std::string::npos && !has_point) text.insert(exponent, ".0");
  return text;
}

// YAML knows JSON's escapes but for pairs of surrogates: what is printable stands as it is. Some of
// the rest ends lines in YAML.
std::string scalar_text(const Json& scalar) {
  if (scalar.is_number_float()) return number_text(scalar.get<double>());
  const std::string json = scalar.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text;
  for (std::string_view rest = json; !rest.empty();) {
    const Utf8Character character = decode_utf8(rest);
    text += printable_size(rest) > 0
                ? std::string(rest.substr(0, character.size))
                : fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character.code));
    rest.remove_prefix(character.size);
  }
  return text;
}

// JSON's mappings and lists in YAML's block style; what is flat and small stays on one line.
void add_yaml(const Json& json, std::size_t indent, std::string& out) {
  const std::string space(indent, ' ');
  for (const auto& item : json.items()) {
    const Json& value = item.value();
    const std::string key = json.is_array() ? space + "-" : space + scalar_text(item.key()) + ":";
    if (!value.is_structured()) {
      out += key + " " + scalar_text(value) + "\n";
    } else if (value.empty()) {
      out += key + (value.is_array() ? " []\n" : " {}\n");
    } else {
      out += key + "\n";
      add_yaml(value, indent + 2, out);
    }
  }
}

}  // namespace

std::string print_cards(const std::vector<record::CellRecord>& recorded) {
  const auto records = check_agreement(recorded);
  std::string text;
  for (const ScenarioCells& scenario : group_cells(records)) {
    const OkByWorkload counts = count_ok(scenario);
    for (const Cell& cell : scenario.cells) {
      text += "---\n";
      add_yaml(card_of(cell, scenario.name, counts), 0, text);
    }
  }
  return text;
}

}  // namespace moebench::reports
