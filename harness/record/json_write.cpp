#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "harness/record/json_reader.h"

namespace moebench::record {
namespace {

constexpr double kLargestExactInteger = 9007199254740992.0;  // 2^53

// Whole numbers become integers; what JSON cannot hold (NaN, infinity) becomes null.
Json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  const bool negative_zero = value == 0 && std::signbit(value);
  if (value == std::trunc(value) && std::abs(value) <= kLargestExactInteger && !negative_zero) {
    return static_cast<std::int64_t>(value);
  }
  return value;
}

Json number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }

template <typename Values>
Json numbers(const Values& values) {
  Json array = Json::array();
  for (const auto& value : values) array.push_back(number(value));
  return array;
}

// A record that was read from a newer minor version keeps it.
Json versioned(int minor) {
  return {{"schema_version", kSchemaVersion}, {"schema_minor", std::max(minor, kSchemaMinor)}};
}

Json to_json_value(const Metric& metric) {
  Json json = {{"unit", metric.unit}};
  if (metric.value || (metric.per_rank.empty() && metric.samples.empty())) {
    json["value"] = number(metric.value);
  }
  if (!metric.per_rank.empty()) json["per_rank"] = numbers(metric.per_rank);
  if (!metric.samples.empty()) json["samples"] = numbers(metric.samples);
  if (!metric.shape.empty()) json["shape"] = metric.shape;
  add_unknown(metric.unknown, json);
  return json;
}

Json to_json_value(const Metrics& metrics) {
  Json json = Json::object();
  for (const auto& [name, metric] : metrics) json[name] = to_json_value(metric);
  return json;
}

template <typename Pairs>
Json string_object(const Pairs& pairs) {
  Json json = Json::object();
  for (const auto& [key, value] : pairs) json[key] = value;
  return json;
}

Json to_json_value(const PairPlace& pair) {
  Json json = {{"cell", pair.cell},
               {"index", pair.index},
               {"arm", to_string(pair.arm)},
               {"order", pair.order}};
  add_unknown(pair.unknown, json);
  return json;
}

Json to_json_value(const std::vector<ScenarioPlace>& scenarios) {
  Json json = Json::array();
  for (const ScenarioPlace& scenario : scenarios) {
    Json place = {{"name", scenario.name}, {"file", scenario.file}};
    if (!scenario.baseline.empty()) place["baseline"] = scenario.baseline;
    add_unknown(scenario.unknown, place);
    json.push_back(std::move(place));
  }
  return json;
}

Json to_json_value(const CellRecord& record) {
  Json json = versioned(record.schema_minor);
  json["id"] = record.id;
  json["scenario"] = record.scenario;
  json["workload"] = record.workload;
  json["axes"] = string_object(record.axes);
  json["repetition"] = record.repetition;
  json["disposition"] = to_string(record.disposition);
  json["message"] = record.message;
  json["stderr_tail"] = record.stderr_tail;
  json["metrics"] = to_json_value(record.metrics);
  json["environment"] = string_object(record.environment);
  json["warnings"] = record.warnings;
  json["started_at"] = record.started_at;
  if (record.pair) json["pair"] = to_json_value(*record.pair);
  if (record.known_failure) json["known_failure"] = to_json_value(*record.known_failure);
  if (!record.scenarios.empty()) json["scenarios"] = to_json_value(record.scenarios);
  add_unknown(record.unknown, json);
  return json;
}

bool is_flat(const Json& json) {
  return json.empty() || std::none_of(json.begin(), json.end(),
                                      [](const Json& item) { return item.is_structured(); });
}

bool needs_no_escape(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

// Adds what dump() would give, which takes ten times as long for a short text.
void add_text(const std::string& text, std::string& out) {
  if (std::ranges::all_of(text, needs_no_escape)) {
    out.append(1, '"').append(text).append(1, '"');
  } else {
    out += dump(text);
  }
}

void add_plain(const Json& json, std::string& out) {
  if (json.is_string()) {
    add_text(json.get_ref<const std::string&>(), out);
  } else if (json.is_number_unsigned()) {
    fmt::format_to(std::back_inserter(out), "{}", json.get<std::uint64_t>());
  } else if (json.is_number_integer()) {
    fmt::format_to(std::back_inserter(out), "{}", json.get<std::int64_t>());
  } else {
    out += dump(json);
  }
}

// Indented by two; arrays of plain values stay on one line, so that samples do not fill the page.
void print(const Json& json, const std::string& indent, std::string& out) {
  if (json.is_array() && is_flat(json)) {
    const char* separator = "";
    out += '[';
    for (const Json& item : json) {
      out += std::exchange(separator, ",");
      add_plain(item, out);
    }
    out += ']';
    return;
  }
  if (!json.is_structured() || json.empty()) return add_plain(json, out);
  const std::string inner = indent + "  ";
  const char* separator = "\n";
  out += json.is_object() ? '{' : '[';
  for (const auto& item : json.items()) {
    out += separator + inner;
    if (json.is_object()) {
      add_text(item.key(), out);
      out += ": ";
    }
    print(item.value(), inner, out);
    separator = ",\n";
  }
  out += "\n" + indent + (json.is_object() ? '}' : ']');
}

}  // namespace

void add_unknown(const UnknownMembers& unknown, Json& json) {
  for (const auto& [name, text] : unknown) json[name] = Json::parse(text);
}

Json to_json_value(const KnownFailure& failure) {
  Json json = {{"reason", failure.reason}, {"until", failure.until}};
  add_unknown(failure.unknown, json);
  return json;
}

// A rank's stderr may hold any bytes; those that are not UTF-8 become U+FFFD.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string dump_indented(const Json& json) {
  std::string text;
  print(json, "", text);
  return text + "\n";
}

std::string to_json_line(const CellRecord& record) { return dump(to_json_value(record)); }

std::string to_json(const RankResult& result) {
  Json json = versioned(kSchemaMinor);
  json["rank"] = result.rank;
  json["world_size"] = result.world_size;
  json["disposition"] = to_string(result.disposition);
  json["message"] = result.message;
  json["metrics"] = to_json_value(result.metrics);
  json["environment"] = string_object(result.environment);
  return dump(json);
}

std::string to_json(const MachineReport& report) {
  Json json = versioned(kSchemaMinor);
  json["environment"] = string_object(report.environment);
  json["metrics"] = to_json_value(report.metrics);
  json["warnings"] = report.warnings;
  return dump_indented(json);
}

void write_json_document(const std::vector<CellRecord>& records,
                         const std::function<void(std::string_view)>& write) {
  std::string text = dump_indented(versioned(kSchemaMinor));
  text.erase(text.rfind("\n}"));
  write(text + ",\n  \"records\": [");
  const char* separator = "\n    ";
  for (const CellRecord& record : records) {
    text = std::exchange(separator, ",\n    ");
    print(record.line.file ? to_json_value(whole(record)) : to_json_value(record), "    ", text);
    write(text);
  }
  write(records.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

std::string to_json_document(const std::vector<CellRecord>& records) {
  std::string document;
  write_json_document(records, [&](std::string_view text) { document += text; });
  return document;
}

}  // namespace moebench::record
