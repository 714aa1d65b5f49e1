#include "harness/record/quick_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/base/check.h"

namespace moebench::record {

namespace {

using PlainJson = nlohmann::json;

// What is kept to be shared is found anew after this many: records that have little in common are
// rare, and few of them.
constexpr std::size_t kMaxShared = 64;

struct Member {
  std::string_view name;
  bool is_required = true;
};
constexpr std::array<Member, 15> kMembers = {{{"schema_version"},
                                              {"schema_minor", false},
                                              {"id"},
                                              {"scenario"},
                                              {"workload"},
                                              {"axes"},
                                              {"repetition"},
                                              {"disposition"},
                                              {"message"},
                                              {"stderr_tail"},
                                              {"metrics"},
                                              {"environment"},
                                              {"warnings"},
                                              {"started_at"},
                                              {"scenarios", false}}};

}  // namespace

// Takes the events of the JSON; each returns whether the text is as expected so far.
class QuickHandler {
  enum class Place {
    kStart,
    kRoot,
    kAxes,
    kMetrics,
    kMetric,
    kPerRank,
    kSamples,
    kShape,
    kEnvironment,
    kWarnings,
    kScenarios,
    kScenario,
    kEnd,
  };

  // One metric as it is read.
  struct MetricParts {
    std::string name;
    std::string unit;
    std::optional<double> value;
    bool has_unit = false;
    bool has_value = false;
    bool is_whole = true;
    std::vector<std::optional<double>> per_rank;
    std::vector<double> samples;
    std::vector<std::int64_t> shape;

    void begin(std::string&& text, bool keeps_all) {
      name = std::move(text);
      value.reset();
      has_unit = has_value = false;
      is_whole = keeps_all;
      per_rank.clear();
      samples.clear();
      shape.clear();
    }
    bool is_valid() const {
      if (!has_unit || (!has_value && per_rank.empty() && samples.empty())) return false;
      if (shape.empty()) return true;
      std::uint64_t num_elements = 1;
      for (const std::int64_t size : shape) num_elements *= static_cast<std::uint64_t>(size);
      return num_elements == samples.size();
    }
  };

 public:
  explicit QuickHandler(QuickReader& reader) : reader_(reader) {}

  bool null() {
    switch (place_) {
      case Place::kMetric:
        metric_.has_value = true;
        return take(key_ == "value");
      case Place::kPerRank:
        metric_.per_rank.emplace_back();
        return true;
      case Place::kSamples:
        metric_.samples.push_back(std::numeric_limits<double>::quiet_NaN());
        return true;
      default:
        return false;
    }
  }
  bool boolean(bool) { return false; }
  bool number_integer(std::int64_t number) {
    return place_ != Place::kRoot && place_ != Place::kShape && add(static_cast<double>(number));
  }
  bool number_unsigned(std::uint64_t number) {
    if (place_ == Place::kRoot) return set_integer(number);
    if (place_ != Place::kShape) return add(static_cast<double>(number));
    metric_.shape.push_back(static_cast<std::int64_t>(number));
    return true;
  }
  bool number_float(double number, const std::string&) {
    return place_ != Place::kRoot && place_ != Place::kShape && add(number);
  }
  bool string(std::string& text) {
    switch (place_) {
      case Place::kRoot:
        return set_text(text);
      case Place::kAxes:
        record_.axes.emplace_back(std::move(key_), std::move(text));
        return true;
      case Place::kMetric:
        metric_.unit = std::move(text);
        metric_.has_unit = true;
        return key_ == "unit";
      case Place::kEnvironment:
        if (reader_.keeps_environment(key_)) {
          environment_.emplace_back(std::move(key_), std::move(text));
        }
        return true;
      case Place::kWarnings:
        record_.warnings.push_back(std::move(text));
        return true;
      case Place::kScenario:
        (key_ == "name" ? record_.scenarios.back().name : record_.scenarios.back().file) =
            std::move(text);
        return take(key_ == "name" || key_ == "file") && ++num_scenario_members_ <= 2;
      default:
        return false;
    }
  }
  bool binary(PlainJson::binary_t&) { return false; }

  bool key(std::string& text) {
    key_ = std::move(text);
    return true;
  }
  bool start_object(std::size_t) {
    switch (place_) {
      case Place::kStart:
        return enter(Place::kRoot);
      case Place::kRoot:
        if (key_ == "axes") return see() && enter(Place::kAxes);
        if (key_ == "metrics") return see() && enter(Place::kMetrics);
        return key_ == "environment" && see() && enter(Place::kEnvironment);
      case Place::kMetrics: {
        const bool keeps_all = reader_.keeps_metric(key_);
        metric_.begin(std::move(key_), keeps_all);
        return enter(Place::kMetric);
      }
      case Place::kScenarios:
        record_.scenarios.emplace_back();
        num_scenario_members_ = 0;
        return enter(Place::kScenario);
      default:
        return false;
    }
  }
  bool end_object() {
    switch (place_) {
      case Place::kMetric:
        return enter(Place::kMetrics) && end_metric();
      case Place::kScenario:
        return num_scenario_members_ == 2 && enter(Place::kScenarios);
      case Place::kRoot:
        return enter(Place::kEnd);
      default:
        return enter(Place::kRoot);
    }
  }
  bool start_array(std::size_t) {
    if (place_ == Place::kRoot) {
      if (key_ == "warnings") return see() && enter(Place::kWarnings);
      return key_ == "scenarios" && see() && enter(Place::kScenarios);
    }
    if (place_ != Place::kMetric) return false;
    if (key_ == "per_rank") return metric_.per_rank.empty() && enter(Place::kPerRank);
    if (key_ == "samples") return metric_.samples.empty() && enter(Place::kSamples);
    return key_ == "shape" && metric_.shape.empty() && enter(Place::kShape);
  }
  bool end_array() {
    if (place_ == Place::kWarnings || place_ == Place::kScenarios) return enter(Place::kRoot);
    return take(place_ != Place::kShape || !metric_.shape.empty()) && enter(Place::kMetric);
  }
  bool parse_error(std::size_t, const std::string&, const PlainJson::exception&) { return false; }

  std::optional<CellRecord> finish() {
    for (std::size_t i = 0; i < kMembers.size(); ++i) {
      if (kMembers[i].is_required && (seen_ & (1U << i)) == 0) return std::nullopt;
    }
    if (place_ != Place::kEnd || !finish_environment() || !finish_headlines()) return std::nullopt;
    return std::move(record_);
  }

 private:
  static bool take(bool is_expected) { return is_expected; }
  bool enter(Place place) {
    place_ = place;
    return true;
  }

  // Whether the root has such a member, and has not had it yet.
  bool see() {
    const auto* member = std::ranges::find(kMembers, std::string_view(key_), &Member::name);
    if (member == kMembers.end()) return false;
    const unsigned bit = 1U << (member - kMembers.begin());
    return (std::exchange(seen_, seen_ | bit) & bit) == 0;
  }

  bool set_integer(std::uint64_t number) {
    if (!see() || number > static_cast<std::uint64_t>(std::numeric_limits<int>::max()))
      return false;
    if (key_ == "schema_version") return number == static_cast<std::uint64_t>(kSchemaVersion);
    if (key_ == "schema_minor") {
      record_.schema_minor = static_cast<int>(number);
    } else if (key_ == "repetition") {
      record_.repetition = static_cast<int>(number);
    } else {
      return false;
    }
    return true;
  }

  bool set_text(std::string& text) {
    if (!see()) return false;
    if (key_ == "disposition") {
      const auto disposition = find_named<Disposition>(text);
      if (disposition) record_.disposition = *disposition;
      return disposition.has_value();
    }
    std::string* member = key_ == "id"            ? &record_.id
                          : key_ == "scenario"    ? &record_.scenario
                          : key_ == "workload"    ? &record_.workload
                          : key_ == "message"     ? &record_.message
                          : key_ == "stderr_tail" ? &record_.stderr_tail
                          : key_ == "started_at"  ? &record_.started_at
                                                  : nullptr;
    if (member != nullptr) *member = std::move(text);
    return member != nullptr;
  }

  bool add(double number) {
    switch (place_) {
      case Place::kMetric:
        metric_.value = number;
        metric_.has_value = true;
        return key_ == "value";
      case Place::kPerRank:
        metric_.per_rank.emplace_back(number);
        return true;
      case Place::kSamples:
        metric_.samples.push_back(number);
        return true;
      default:
        return false;
    }
  }

  bool end_metric() {
    if (!metric_.is_valid()) return false;
    if (!metric_.is_whole) {
      names_.push_back({std::move(metric_.name), std::move(metric_.unit)});
      values_.push_back(metric_.value);
      return true;
    }
    // Copies of the lists are as long as they are, and the lists keep their room.
    Metric metric{.unit = std::move(metric_.unit),
                  .value = metric_.value,
                  .per_rank = metric_.per_rank,
                  .samples = metric_.samples,
                  .shape = metric_.shape};
    const std::size_t before = record_.metrics.size();
    record_.metrics.emplace_hint(record_.metrics.end(), std::move(metric_.name), std::move(metric));
    return record_.metrics.size() > before;
  }

  bool finish_environment() {
    const auto& name = [](const auto& entry) -> const std::string& { return entry.first; };
    std::ranges::sort(environment_, {}, name);
    const auto twice = std::ranges::adjacent_find(environment_, {}, name);
    if (twice != environment_.end()) return false;
    record_.environment = reader_.shared(std::move(environment_));
    return true;
  }

  bool finish_headlines() {
    if (!std::ranges::is_sorted(names_, {}, &Headlines::Name::metric)) sort_headlines();
    if (std::ranges::adjacent_find(names_, {}, &Headlines::Name::metric) != names_.end()) {
      return false;
    }
    record_.headlines = {reader_.shared(std::move(names_)), std::move(values_)};
    return true;
  }

  void sort_headlines() {
    std::vector<std::size_t> order(names_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {},
                      [&](std::size_t i) -> const std::string& { return names_[i].metric; });
    Headlines::Names names;
    std::vector<std::optional<double>> values;
    for (const std::size_t i : order) {
      names.push_back(std::move(names_[i]));
      values.push_back(values_[i]);
    }
    names_ = std::move(names);
    values_ = std::move(values);
  }

  QuickReader& reader_;
  Place place_ = Place::kStart;
  std::string key_;
  unsigned seen_ = 0;  // a bit for each of kMembers
  int num_scenario_members_ = 0;
  CellRecord record_ = [] {
    CellRecord record;
    record.schema_minor = 0;
    return record;
  }();
  MetricParts metric_;
  std::vector<std::pair<std::string, std::string>> environment_;
  Headlines::Names names_;
  std::vector<std::optional<double>> values_;
};

std::optional<CellRecord> QuickReader::read(std::string_view line) {
  QuickHandler handler(*this);
  if (!PlainJson::sax_parse(line.begin(), line.end(), &handler)) return std::nullopt;
  return handler.finish();
}

void QuickReader::cut(CellRecord& record) {
  Names names;
  std::vector<std::optional<double>> values;
  for (auto metric = record.metrics.begin(); metric != record.metrics.end();) {
    metric->second.unknown.clear();
    if (keeps_metric(metric->first)) {
      ++metric;
      continue;
    }
    names.push_back({metric->first, metric->second.unit});
    values.push_back(metric->second.value);
    metric = record.metrics.erase(metric);
  }
  record.headlines = {shared(std::move(names)), std::move(values)};
  std::vector<std::pair<std::string, std::string>> environment;
  for (const auto& [name, text] : record.environment) {
    if (keeps_environment(name)) environment.emplace_back(name, text);
  }
  record.environment = shared(std::move(environment));
  record.unknown.clear();
}

Environment QuickReader::shared(std::vector<std::pair<std::string, std::string>>&& entries) {
  std::string text;
  for (const auto& [name, value] : entries) {
    text.append(name).append(1, '\0').append(value).append(1, '\0');
  }
  const auto found = environments_.find(text);
  if (found != environments_.end()) return found->second;
  if (environments_.size() == kMaxShared) environments_.clear();
  Environment environment(std::make_move_iterator(entries.begin()),
                          std::make_move_iterator(entries.end()));
  return environments_.emplace(std::move(text), std::move(environment)).first->second;
}

std::shared_ptr<const Headlines::Names> QuickReader::shared(Names&& names) {
  const auto found =
      std::ranges::find_if(names_, [&](const auto& known) { return *known == names; });
  if (found != names_.end()) return *found;
  if (names_.size() == kMaxShared) names_.clear();
  names_.push_back(std::make_shared<const Names>(std::move(names)));
  return names_.back();
}

}  // namespace moebench::record
