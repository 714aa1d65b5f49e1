#include "harness/config/settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "harness/config/axes.h"
#include "harness/config/limits.h"
#include "harness/config/transport.h"

namespace moebench::config {

namespace {

using Setter = void (*)(const YamlValue& value, const std::filesystem::path& folder,
                        CellConfig& cell);

template <std::int64_t CellConfig::*member, std::int64_t min = 1, std::int64_t max = kMaxSteps>
void set_count(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  cell.*member = value.integer(min, max);
}

enum class Range { kNotNegative, kPositive, kBelowOne };

double not_negative(const YamlValue& value) {
  const double number = value.number();
  if (number < 0) value.fail(fmt::format("{} is negative; use 0 or more", number));
  return number;
}

template <double CellConfig::*member, Range range>
void set_number(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  const double number = not_negative(value);
  if (range == Range::kPositive && number == 0) value.fail("0 is too small; use more than 0");
  if (range == Range::kBelowOne && number >= 1) {
    value.fail(fmt::format("{} is not below 1; use 0 or more and less than 1", number));
  }
  cell.*member = number;
}

double seconds(const YamlValue& value) {
  const double number = not_negative(value);
  if (number > kMaxSeconds) {
    value.fail(fmt::format("{:g} seconds; use at most {:g}", number, kMaxSeconds));
  }
  return number;
}

void set_repeats(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  cell.repeats_auto = !value.is_list() && !value.is_mapping() && value.text() == "auto";
  cell.repeats = cell.repeats_auto ? kMinAutoRepeats : value.integer(1, kMaxRepeats);
}

void set_gain_width(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  cell.gain_width = value.number();
  if (cell.gain_width >= 0.001 && cell.gain_width <= 1) return;
  value.fail(fmt::format("{:g} is no share from 0.001 to 1; 0.05 is 5 %", cell.gain_width));
}

void set_time_limit(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  cell.time_limit_s = seconds(value);
}

void set_collective_time_limit(const YamlValue& value, const std::filesystem::path&,
                               CellConfig& cell) {
  cell.collective_time_limit_s = seconds(value);
  if (cell.collective_time_limit_s == 0) value.fail("0 is too small; use more than 0");
}

// null = any.
void set_require_transport(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  cell.require_transport = value.is_null() ? "" : value.text();
  const std::string fault = value.is_null() ? "" : transport_fault(cell.require_transport);
  if (!fault.empty()) value.fail(fault);
}

std::string absolute_path(const YamlValue& value, const std::filesystem::path& folder) {
  const std::string text = value.text();
  if (text.empty()) value.fail("an empty path; name a file or folder, or leave the key out");
  return (std::filesystem::absolute(folder) / text).lexically_normal().string();
}

// null = not set.
template <std::string CellConfig::*member>
void set_path(const YamlValue& value, const std::filesystem::path& folder, CellConfig& cell) {
  cell.*member = value.is_null() ? "" : absolute_path(value, folder);
}

template <auto member>
void set_word(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  using Enum = std::remove_reference_t<decltype(cell.*member)>;
  cell.*member = value.word<Enum>();
}

template <bool CellConfig::*member>
void set_bool(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  cell.*member = value.boolean();
}

// A word of CellConfig::load.
template <auto member>
void set_load_word(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  using Enum = std::remove_reference_t<decltype(cell.load.*member)>;
  cell.load.*member = value.word<Enum>();
}

void set_one_rank(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  cell.load.one_rank = value.integer(0, kMaxRanks - 1);
}

void require_source(const YamlMapping& fields, const char* key, bool fits, const char* sources) {
  const YamlValue* value = fields.find(key);
  if (value && !fits) {
    value->fail(fmt::format("has a meaning only with source {}; remove it", sources));
  }
}

void set_files(const YamlMapping& fields, const std::filesystem::path& folder, DataConfig& data) {
  const YamlValue* files = fields.find("files");
  if (files) {
    for (const YamlValue& file : files->items_or_self()) {
      data.files.push_back(absolute_path(file, folder));
    }
  }
  if (data.source != DataSource::kSynthetic && data.files.empty()) {
    fields.source().fail(
        fmt::format("source {} reads files; name them under 'files'", to_string(data.source)));
  }
}

// null = as long as the cell's size lets expect.
void set_progress_limit(const YamlValue& value, const std::filesystem::path&, CellConfig& cell) {
  cell.progress_limit_s.reset();
  if (value.is_null()) return;
  cell.progress_limit_s = seconds(value);
}

// Whether a text holds "\n" as two characters, which no text is parted by; "\newpage" may be one.
bool has_written_escape(const std::string& text) {
  for (std::size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at + 1)) {
    const std::string_view rest = std::string_view(text).substr(at + 1);
    const bool is_escape = rest.starts_with('n') || rest.starts_with('r') || rest.starts_with('t');
    if (is_escape && (rest.size() == 1 || std::isalpha(static_cast<unsigned char>(rest[1])) == 0)) {
      return true;
    }
  }
  return false;
}

std::string read_delimiter(const YamlValue& value) {
  const std::string text = value.text();
  if (has_written_escape(text)) {
    value.fail(
        fmt::format("'{0}' is a backslash and a letter here, as YAML reads it without double "
                    "quotes; write \"{0}\"",
                    shortened(text)));
  }
  return text;
}

void set_data(const YamlValue& value, const std::filesystem::path& folder, CellConfig& cell) {
  const YamlMapping fields(
      value, {"source", "files", "delimiter", "tokenizer", "token_dtype", "mean_length"});
  DataConfig data;
  data.source = fields.at("source").word<DataSource>();
  require_source(fields, "files", data.source != DataSource::kSynthetic, "text or tokens");
  require_source(fields, "delimiter", data.source == DataSource::kText, "text");
  require_source(fields, "tokenizer", data.source == DataSource::kText, "text");
  require_source(fields, "token_dtype", data.source == DataSource::kTokens, "tokens");
  require_source(fields, "mean_length", data.source == DataSource::kSynthetic, "synthetic");
  set_files(fields, folder, data);
  if (const YamlValue* delimiter = fields.find("delimiter"))
    data.delimiter = read_delimiter(*delimiter);
  if (const YamlValue* tokenizer = fields.find_set("tokenizer")) {
    data.tokenizer = absolute_path(*tokenizer, folder);
  }
  if (const YamlValue* token_dtype = fields.find("token_dtype")) {
    data.token_dtype = token_dtype->text();
    if (data.token_dtype != "uint16" && data.token_dtype != "uint32") {
      token_dtype->fail(
          fmt::format("unknown value '{}'; use uint16 or uint32", shortened(data.token_dtype)));
    }
  }
  if (const YamlValue* mean_length = fields.find("mean_length")) {
    data.mean_length = mean_length->number();
    if (data.mean_length < 2 || data.mean_length > 1e9) {
      mean_length->fail(fmt::format("{} tokens; use a mean from 2 to 1e9", data.mean_length));
    }
  }
  cell.data = data;
}

struct SettingDefinition {
  std::string name;
  Setter set;
};

const std::vector<SettingDefinition>& definitions() {
  static const std::vector<SettingDefinition> table = {
      {"steps", set_count<&CellConfig::steps>},
      {"warmup_steps", set_count<&CellConfig::warmup_steps>},
      {"learning_rate", set_number<&CellConfig::learning_rate, Range::kNotNegative>},
      {"adam_beta1", set_number<&CellConfig::adam_beta1, Range::kBelowOne>},
      {"adam_beta2", set_number<&CellConfig::adam_beta2, Range::kBelowOne>},
      {"adam_epsilon", set_number<&CellConfig::adam_epsilon, Range::kPositive>},
      {"weight_decay", set_number<&CellConfig::weight_decay, Range::kNotNegative>},
      {"max_grad_norm", set_number<&CellConfig::max_grad_norm, Range::kNotNegative>},
      {"threads_per_rank", set_count<&CellConfig::threads_per_rank, 1, kMaxThreads>},
      {"device", set_word<&CellConfig::device>},
      {"device_collectives", set_word<&CellConfig::device_collectives>},
      {"bind", set_word<&CellConfig::bind>},
      {"reduce_dtype", set_word<&CellConfig::reduce_dtype>},
      {"load_from", set_path<&CellConfig::load_from>},
      {"load_io", set_load_word<&LoadConfig::io>},
      {"load_tensors", set_load_word<&LoadConfig::tensors>},
      {"measure", set_word<&CellConfig::measure>},
      {"one_rank", set_one_rank},
      {"perturb_weights", set_bool<&CellConfig::perturb_weights>},
      {"checkpoint_every", set_count<&CellConfig::checkpoint_every, 0>},
      {"checkpoint_folder", set_path<&CellConfig::checkpoint_folder>},
      {"keep_checkpoints", set_count<&CellConfig::keep_checkpoints, 0>},
      {"resume_from", set_path<&CellConfig::resume_from>},
      {"profile", set_word<&CellConfig::profile>},
      {"check_numerics", set_bool<&CellConfig::check_numerics>},
      {"repeats", set_repeats},
      {"gain_width", set_gain_width},
      {"max_repeats", set_count<&CellConfig::max_repeats, kMinAutoRepeats, kMaxRepeats>},
      {"time_limit_s", set_time_limit},
      {"collective_time_limit_s", set_collective_time_limit},
      {"progress_limit_s", set_progress_limit},
      {"require_transport", set_require_transport},
      {"data", set_data}};
  return table;
}

}  // namespace

const std::vector<std::string>& setting_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const SettingDefinition& definition : definitions()) all.push_back(definition.name);
    return all;
  }();
  return names;
}

void apply_setting(const std::string& name, const YamlValue& value,
                   const std::filesystem::path& folder, CellConfig& cell) {
  const auto found = std::ranges::find(definitions(), name, &SettingDefinition::name);
  if (found != definitions().end()) {
    found->set(value.named(fmt::format("setting '{}'", name)), folder, cell);
    return;
  }
  const bool is_axis = std::ranges::count(axis_names(), name) > 0;
  value.named("").fail(fmt::format(
      "unknown setting '{}'; {}", shortened(name),
      is_axis ? "it is an axis: move it under 'axes'" : suggestion(name, setting_names())));
}

void apply_settings(const YamlValue& settings, const std::filesystem::path& folder,
                    CellConfig& cell) {
  for (const auto& [name, value] : settings.entries()) apply_setting(name, value, folder, cell);
}

}  // namespace moebench::config
