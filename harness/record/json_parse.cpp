#include "harness/record/json_reader.h"

namespace moebench::record {
namespace {

constexpr const char* kRecordRemedy = "remove it and run that repetition again";
constexpr const char* kLineRemedy =
    "remove that line: what the others hold stays, and its repetition runs again";

Disposition parse_disposition(ObjectReader& reader) {
  const std::string text = reader.text("disposition");
  if (const auto disposition = find_named<Disposition>(text)) return *disposition;
  reader.fail(unknown_name("disposition", text, names<Disposition>()));
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
  metric.unknown = reader.unknown_members();
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

std::optional<PairPlace> parse_pair(ObjectReader& reader) {
  if (!reader.find("pair")) return std::nullopt;
  ObjectReader fields = reader.object("pair");
  const std::string text = fields.text("arm");
  const auto arm = find_named<Arm>(text);
  if (!arm) fields.fail(unknown_name("arm", text, names<Arm>()));
  PairPlace place{fields.text("cell"), fields.integer("index"), *arm, fields.integer("order")};
  place.unknown = fields.unknown_members();
  return place;
}

std::vector<ScenarioPlace> parse_scenarios(ObjectReader& reader) {
  std::vector<ScenarioPlace> scenarios;
  if (!reader.find("scenarios")) return scenarios;
  for (ObjectReader& fields : reader.objects("scenarios")) {
    scenarios.push_back({fields.text("name"), fields.text("file")});
    if (fields.find("baseline")) scenarios.back().baseline = fields.text("baseline");
    scenarios.back().unknown = fields.unknown_members();
  }
  return scenarios;
}

}  // namespace

Json parse_text(std::string_view text, const std::string& origin, const std::string& remedy) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw Error("{}: is no valid JSON from its byte {} on; {}", origin, error.byte, remedy);
  } catch (const Json::exception&) {
    throw Error("{}: has a number that is too large to hold; {}", origin, remedy);
  }
}

int read_schema_minor(ObjectReader& reader) {
  const int version = reader.integer("schema_version");
  if (version != kSchemaVersion) {
    throw OtherSchema(
        "{}: schema_version is {}, this moebench reads {}; use the moebench that wrote it, or "
        "another results folder",
        reader.place(), version, kSchemaVersion);
  }
  return reader.find("schema_minor") != nullptr ? reader.integer("schema_minor") : 0;
}

std::optional<KnownFailure> parse_known_failure(ObjectReader& reader) {
  if (!reader.find("known_failure")) return std::nullopt;
  ObjectReader fields = reader.object("known_failure");
  KnownFailure failure{fields.text("reason"), fields.text("until")};
  failure.unknown = fields.unknown_members();
  return failure;
}

CellRecord parse_record(std::string_view json, const std::string& origin) {
  return parse_record(json, origin, kLineRemedy);
}

CellRecord parse_record(std::string_view json, const std::string& origin,
                        const std::string& remedy) {
  const Json root = parse_text(json, origin, remedy);
  ObjectReader reader(root, origin, remedy);
  CellRecord record;
  record.schema_minor = read_schema_minor(reader);
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
  record.warnings = reader.texts("warnings");
  record.started_at = reader.text("started_at");
  record.pair = parse_pair(reader);
  record.known_failure = parse_known_failure(reader);
  record.scenarios = parse_scenarios(reader);
  record.unknown = reader.unknown_members();
  return record;
}

RankResult parse_rank_result(std::string_view json, const std::string& origin) {
  const Json root = parse_text(json, origin, kRecordRemedy);
  ObjectReader reader(root, origin, kRecordRemedy);
  read_schema_minor(reader);
  RankResult result;
  result.rank = reader.integer("rank");
  result.world_size = reader.integer("world_size");
  result.disposition = parse_disposition(reader);
  result.message = reader.text("message");
  result.metrics = parse_metrics(reader.object("metrics"));
  result.environment = parse_environment(reader.object("environment"));
  return result;
}

}  // namespace moebench::record
