#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/base/error.h"
#include "harness/record/record.h"

namespace moebench::record {
namespace {

using Json = nlohmann::ordered_json;

// The members of one JSON object, each taken once by name and type. Errors say where the value
// stands: "results.jsonl:12: metrics.runtime.value: ...".
class ObjectReader {
 public:
  ObjectReader(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json.is_object()) fail("is no object but " + std::string(json.type_name()));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error("{}: {}; remove it and run that repetition again", place_, what);
  }

  // Null where the object has no such member.
  const Json* find(const std::string& key) {
    seen_.insert(key);
    const auto found = json_.find(key);
    return found == json_.end() ? nullptr : &*found;
  }

  const Json& get(const std::string& key) {
    const Json* found = find(key);
    if (!found) fail("has no '" + key + "'");
    return *found;
  }

  std::string text(const std::string& key) {
    const Json& value = get(key);
    if (!value.is_string()) wrong_type(key, "a string", value);
    return value.get<std::string>();
  }

  int integer(const std::string& key) {
    const Json& value = get(key);
    const bool fits =
        value.is_number_integer() && value >= 0 && value <= std::numeric_limits<int>::max();
    if (!fits) wrong_type(key, "an integer from 0", value);
    return value.get<int>();
  }

  ObjectReader object(const std::string& key) { return {get(key), place_of(key)}; }

  template <typename Visit>  // visit(key, value) in the order of the text
  void each(const Visit& visit) {
    for (const auto& item : json_.items()) {
      seen_.insert(item.key());
      visit(item.key(), item.value());
    }
  }

  std::vector<std::pair<std::string, std::string>> text_pairs() {
    std::vector<std::pair<std::string, std::string>> pairs;
    each([&](const std::string& key, const Json&) { pairs.emplace_back(key, text(key)); });
    return pairs;
  }

  // The array's numbers; null becomes `missing`. Empty where there is no such member.
  template <typename T>
  std::vector<T> numbers(const std::string& key, const T& missing) {
    std::vector<T> values;
    const Json* array = find(key);
    if (!array) return values;
    if (!array->is_array()) wrong_type(key, "an array of numbers", *array);
    for (const Json& item : *array) {
      if (!item.is_null() && !item.is_number()) wrong_type(key, "an array of numbers", item);
      if (item.is_null()) {
        values.push_back(missing);
      } else {
        values.push_back(item.get<double>());
      }
    }
    return values;
  }

  void reject_unknown() const {
    for (const auto& item : json_.items()) {
      if (!seen_.contains(item.key())) fail("has an unknown member '" + item.key() + "'");
    }
  }

  [[noreturn]] void wrong_type(const std::string& key, const char* wanted,
                               const Json& found) const {
    fail(fmt::format("'{}' must be {}, not {}", key, wanted,
                     found.is_primitive()
                         ? found.dump(-1, ' ', true, Json::error_handler_t::replace)
                         : found.type_name()));
  }

 private:
  std::string place_of(const std::string& key) const { return place_ + ": " + key; }

  const Json& json_;
  std::string place_;
  std::set<std::string> seen_;
};

Json parse_text(std::string_view text, const std::string& origin) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error("{}: is no valid JSON ({}); remove it and run that repetition again", origin,
                error.what());
  }
}

void check_schema_version(ObjectReader& reader) {
  const int version = reader.integer("schema_version");
  if (version == kSchemaVersion) return;
  reader.fail(
      fmt::format("schema_version is {}, this moebench reads {}; use the moebench that "
                  "wrote it or a new results folder",
                  version, kSchemaVersion));
}

Disposition parse_disposition(ObjectReader& reader) {
  const std::string text = reader.text("disposition");
  try {
    return disposition_from_string(text);
  } catch (const Error& error) {
    reader.fail(error.what());
  }
}

std::vector<std::int64_t> parse_shape(ObjectReader& reader, std::size_t num_samples) {
  std::vector<std::int64_t> shape;
  const Json* json = reader.find("shape");
  if (!json) return shape;
  if (!json->is_array() || json->empty()) reader.wrong_type("shape", "an array of sizes", *json);
  std::uint64_t num_elements = 1;
  for (const Json& size : *json) {
    if (!size.is_number_unsigned()) reader.wrong_type("shape", "an array of sizes", size);
    shape.push_back(size.get<std::int64_t>());
    num_elements *= size.get<std::uint64_t>();
  }
  if (num_elements != num_samples) reader.fail("'shape' does not fit the number of samples");
  return shape;
}

Metric parse_metric(ObjectReader reader) {
  Metric metric;
  metric.unit = reader.text("unit");
  const Json* value = reader.find("value");
  if (value && !value->is_null()) {
    if (!value->is_number()) reader.wrong_type("value", "a number or null", *value);
    metric.value = value->get<double>();
  }
  metric.per_rank = reader.numbers<std::optional<double>>("per_rank", std::nullopt);
  metric.samples = reader.numbers<double>("samples", std::numeric_limits<double>::quiet_NaN());
  metric.shape = parse_shape(reader, metric.samples.size());
  if (!value && metric.per_rank.empty() && metric.samples.empty()) {
    reader.fail("has none of 'value', 'per_rank', 'samples'");
  }
  reader.reject_unknown();
  return metric;
}

Metrics parse_metrics(ObjectReader reader) {
  Metrics metrics;
  reader.each([&](const std::string& name, const Json&) {
    metrics.emplace(name, parse_metric(reader.object(name)));
  });
  return metrics;
}

Environment parse_environment(ObjectReader reader) {
  const auto pairs = reader.text_pairs();
  return {pairs.begin(), pairs.end()};
}

std::vector<std::string> parse_warnings(ObjectReader& reader) {
  const Json& array = reader.get("warnings");
  if (!array.is_array()) reader.wrong_type("warnings", "an array of strings", array);
  std::vector<std::string> warnings;
  for (const Json& item : array) {
    if (!item.is_string()) reader.wrong_type("warnings", "an array of strings", item);
    warnings.push_back(item.get<std::string>());
  }
  return warnings;
}

}  // namespace

CellRecord parse_record(std::string_view json, const std::string& origin) {
  const Json root = parse_text(json, origin);
  ObjectReader reader(root, origin);
  check_schema_version(reader);
  CellRecord record;
  record.id = reader.text("id");
  record.scenario = reader.text("scenario");
  record.workload = reader.text("workload");
  record.axes = reader.object("axes").text_pairs();
  record.repetition = reader.integer("repetition");
  record.disposition = parse_disposition(reader);
  record.message = reader.text("message");
  record.stderr_tail = reader.text("stderr_tail");
  record.metrics = parse_metrics(reader.object("metrics"));
  record.environment = parse_environment(reader.object("environment"));
  record.warnings = parse_warnings(reader);
  record.started_at = reader.text("started_at");
  reader.reject_unknown();
  return record;
}

RankResult parse_rank_result(std::string_view json, const std::string& origin) {
  const Json root = parse_text(json, origin);
  ObjectReader reader(root, origin);
  check_schema_version(reader);
  RankResult result;
  result.rank = reader.integer("rank");
  result.world_size = reader.integer("world_size");
  result.disposition = parse_disposition(reader);
  result.message = reader.text("message");
  result.metrics = parse_metrics(reader.object("metrics"));
  result.environment = parse_environment(reader.object("environment"));
  reader.reject_unknown();
  return result;
}

}  // namespace moebench::record
