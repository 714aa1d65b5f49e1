#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "harness/base/error.h"
#include "harness/base/json.h"
#include "harness/base/words.h"
#include "harness/imports/gbench_name.h"
#include "harness/imports/importer.h"
#include "harness/record/put_metric.h"

namespace moebench::imports {
namespace {

using Json = nlohmann::json;

// What Google Benchmark writes of any run; other numbers are counters of the benchmark's own.
const std::set<std::string>& own_members() {
  static const std::set<std::string> members = {"name",
                                                "run_name",
                                                "run_type",
                                                "family_index",
                                                "per_family_instance_index",
                                                "repetitions",
                                                "repetition_index",
                                                "threads",
                                                "thread_index",
                                                "iterations",
                                                "real_time",
                                                "cpu_time",
                                                "time_unit",
                                                "label",
                                                "aggregate_name",
                                                "aggregate_unit",
                                                "error_occurred",
                                                "error_message",
                                                "skipped",
                                                "skip_message",
                                                "bytes_per_second",
                                                "items_per_second"};
  return members;
}

// One element of "benchmarks"; errors say which.
class Run {
 public:
  Run(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) fail("is no object");
  }

  const Json* find(const std::string& key) const {
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }

  std::string text(const std::string& key) const {
    const Json* found = find(key);
    if (found == nullptr) return "";
    if (!found->is_string()) fail("'" + key + "' is no text");
    return found->get<std::string>();
  }

  bool flag(const std::string& key) const {
    const Json* found = find(key);
    return found != nullptr && found->is_boolean() && found->get<bool>();
  }

  std::optional<double> number(const std::string& key) const {
    const Json* found = find(key);
    if (found == nullptr) return std::nullopt;
    if (!found->is_number()) fail("'" + key + "' is no number");
    return found->get<double>();
  }

  std::string name() const {
    const std::string run_name = text("run_name");
    const std::string name = run_name.empty() ? text("name") : run_name;
    if (name.empty()) fail("has no name");
    return name;
  }

  bool is_aggregate() const { return text("run_type") == "aggregate"; }
  bool is_complexity() const { return find("big_o") != nullptr || find("rms") != nullptr; }

  double ns_per_unit() const {
    struct Unit {
      const char* name;
      double ns;
    };
    constexpr std::array kUnits = {Unit{"ns", 1}, Unit{"us", 1e3}, Unit{"ms", 1e6}, Unit{"s", 1e9}};
    const std::string unit = text("time_unit");
    for (const Unit& known : kUnits) {
      if (unit == known.name || (unit.empty() && known.ns == 1)) return known.ns;
    }
    fail("time_unit is '" + shortened(unit) + "'");
  }

  const Json& json() const { return json_; }
  const std::string& place() const { return place_; }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error("{}: {}; is it what --benchmark_out_format=json of Google Benchmark wrote?", place_,
                what);
  }

 private:
  const Json& json_;
  std::string place_;
};

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "context.num_cpus" -> "4"; what is nested by the keys that lead to it.
void add_context(const Json& json, const std::string& path, record::Environment& environment) {
  for (const auto& [key, value] : json.items()) {
    if (value.is_object()) {
      add_context(value, path + key + ".", environment);
    } else {
      environment[path + key] = text_of(value);
    }
  }
}

record::Environment context_of(const Json& document) {
  record::Environment environment;
  const auto context = document.find("context");
  if (context != document.end() && context->is_object()) {
    add_context(*context, "gbench.", environment);
  }
  environment["device"] = "cpu";
  // What the report's notes name in any record.
  const std::map<std::string, std::string> same = {{"gbench.num_cpus", "cores_online"},
                                                   {"gbench.library_build_type", "build_type"}};
  for (const auto& [theirs, ours] : same) {
    const auto found = environment.find(theirs);
    if (found != environment.end()) environment[ours] = found->second;
  }
  return environment;
}

void add_metrics(const Run& run, record::Metrics& metrics) {
  const double unit = run.ns_per_unit();
  const auto add = [&](const char* theirs, const char* ours, double factor) {
    if (const auto number = run.number(theirs)) put(metrics, ours, *number * factor);
  };
  add("real_time", "benchmark_real_time", unit);
  add("cpu_time", "benchmark_cpu_time", unit);
  add("iterations", "benchmark_iterations", 1);
  add("bytes_per_second", "benchmark_bytes_per_second", 1);
  add("items_per_second", "benchmark_items_per_second", 1);
  for (const auto& [key, value] : run.json().items()) {
    if (!own_members().contains(key) && value.is_number()) {
      put(metrics, "benchmark_counter." + key, value.get<double>());
    }
  }
}

void judge(const Run& run, record::CellRecord& record) {
  using enum record::Disposition;
  if (run.flag("error_occurred")) {
    record.disposition = kCrashed;
    record.message = run.text("error_message");
  } else if (run.flag("skipped")) {
    record.disposition = kUnsupported;
    record.message = run.text("skip_message");
  }
  if (record.disposition != kOk && record.message.empty()) record.message = "without a message";
}

ImportedRun import_run(const Run& run, const record::Environment& context) {
  ImportedRun imported;
  imported.place = run.place();
  record::CellRecord& record = imported.record;
  record.axes = gbench_axes(run.name());
  imported.conditions = run.name();
  record.environment = context;
  record.environment["gbench.name"] = run.text("name");
  const std::string label = run.text("label");
  if (!label.empty()) record.environment["gbench.label"] = label;
  judge(run, record);
  if (record.disposition == record::Disposition::kOk) add_metrics(run, record.metrics);
  return imported;
}

// Google Benchmark can be told to write the aggregates alone.
bool is_best_aggregate(const Run& run) { return run.text("aggregate_name") == "median"; }

}  // namespace

Imported read_gbench(const std::string& text, const std::string& name) {
  const Json document = parse_object(text, name);
  const auto list = document.find("benchmarks");
  if (list == document.end() || !list->is_array()) {
    throw Error(
        "{}: has no list 'benchmarks'; is it what --benchmark_out_format=json of Google "
        "Benchmark wrote?",
        name);
  }
  const record::Environment context = context_of(document);
  std::set<std::string> with_runs;
  std::vector<Run> runs;
  for (std::size_t i = 0; i < list->size(); ++i) {
    runs.emplace_back((*list)[i], fmt::format("{}: benchmarks[{}]", name, i));
    if (!runs.back().is_aggregate()) with_runs.insert(runs.back().name());
  }
  Imported imported;
  int num_left_out = 0;
  for (const Run& run : runs) {
    const bool stands_in = run.is_aggregate() && !run.is_complexity() && is_best_aggregate(run) &&
                           !with_runs.contains(run.name());
    if (run.is_aggregate() && !stands_in) {
      ++num_left_out;
      continue;
    }
    imported.runs.push_back(import_run(run, context));
    if (!stands_in) continue;
    const auto repetitions = run.number("repetitions");
    imported.runs.back().record.warnings.push_back(
        fmt::format("the file has no repetitions, only their aggregates: the median of {} stands "
                    "for all, and its spread is not known",
                    repetitions ? fmt::format("{}", *repetitions) : "some"));
  }
  if (num_left_out > 0) {
    imported.remarks.push_back(fmt::format(
        "left out {} aggregates (mean, stddev, cv, complexity): reports compute theirs from the "
        "repetitions",
        num_left_out));
  }
  return imported;
}

}  // namespace moebench::imports
