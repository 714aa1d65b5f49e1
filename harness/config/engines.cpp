#include "harness/config/engines.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "harness/base/error.h"
#include "harness/config/limits.h"
#include "harness/config/placeholders.h"
#include "harness/config/settings.h"
#include "harness/trainers/adapter.h"

namespace moebench::config {
namespace {

namespace fs = std::filesystem;

// What the launcher of ranks and moebench itself set in the environment of each.
constexpr std::array kOwnVariables = {"RANK",      "LOCAL_RANK",  "WORLD_SIZE",  "LOCAL_WORLD_SIZE",
                                      "NODE_RANK", "MASTER_ADDR", "MASTER_PORT", "MOEBENCH_EVENTS"};

bool is_identifier(const std::string& text) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::ranges::all_of(text, fits) &&
         std::isdigit(static_cast<unsigned char>(text[0])) == 0;
}

std::vector<YamlValue> read_command(const YamlValue& source) {
  const std::vector<YamlValue> words = source.items();
  if (words.empty()) source.fail("is empty; write the program and its arguments as a list");
  return words;
}

void read_environment(const YamlValue& source, EngineDefinition& engine) {
  for (const auto& [name, value] : source.entries()) {
    if (!is_identifier(name)) {
      value.named("").fail(
          fmt::format("'{}' is no name of an environment variable; use letters, "
                      "digits and '_'",
                      shortened(name)));
    }
    if (std::ranges::count(kOwnVariables, name) > 0) {
      value.named("").fail(fmt::format("{} is set by moebench; remove it", name));
    }
    engine.environment.emplace_back(name, value);
  }
}

void read_provides(const YamlValue& source, EngineDefinition& engine) {
  for (const auto& [name, value] : source.entries()) {
    if (name == "profile") {
      if (value.text() != "phases") value.fail("an engine provides a profile of 'phases' or none");
      engine.provides_phases = true;
      continue;
    }
    const std::vector<YamlValue> items = value.items_or_self();
    if (items.empty()) value.fail("is empty; list the values that the engine can");
    for (const YamlValue& item : items) {
      const AxisValue parsed = parse_axis(name, item, engine.folder);
      engine.provides[name].insert(parsed.key);
      engine.provided_texts[name].push_back(parsed.text);
      if (items.size() == 1) engine.only_value.emplace(name, parsed);
    }
  }
}

void read_values(const YamlValue& source, EngineDefinition& engine) {
  for (const auto& [name, words] : source.entries()) {
    if (std::ranges::count(cell_placeholders(), name) == 0) {
      words.named("").fail(fmt::format("'{}' is no axis and no setting; {}", shortened(name),
                                       suggestion(name, cell_placeholders())));
    }
    for (const auto& [value, stands_for] : words.entries()) {
      std::vector<std::string>& list = engine.values[name][value];
      if (stands_for.is_null()) continue;
      for (const YamlValue& word : stands_for.items_or_self()) list.push_back(word.text());
    }
  }
}

// The adapter is made once, so that a wrong pattern is refused here.
void read_adapter(const YamlValue& source, EngineDefinition& engine) {
  engine.adapter = source.text();
  if (engine.adapter == "none") return;
  try {
    trainers::find_adapter(engine.adapter).make({.pattern = engine.pattern});
  } catch (const Error& error) {
    source.fail(error.what());
  }
}

void read_meaning(const YamlValue& source, EngineDefinition& engine) {
  if (engine.adapter != "regex") source.fail("is of adapter 'regex': others say it themselves");
  for (const auto& [name, word] : source.entries()) {
    engine.meaning.push_back(name + "=" + word.text());
  }
  try {
    trainers::parse_meaning(engine.meaning);
  } catch (const Error& error) {
    source.fail(error.what());
  }
}

EngineDefinition read_engine(const std::string& name, const YamlValue& source,
                             const fs::path& folder) {
  const YamlMapping fields(source.named(fmt::format("engine '{}'", name)),
                           {"command", "environment", "adapter", "logs", "pattern", "meaning",
                            "starts_ranks", "same_numerics", "provides", "values", "version"});
  EngineDefinition engine{
      .name = name, .source = fields.source(), .command = {}, .environment = {}, .version = {}};
  engine.folder = folder;
  engine.command = read_command(fields.at("command"));
  if (const auto* value = fields.find_set("environment")) read_environment(*value, engine);
  if (const auto* value = fields.find_set("pattern")) engine.pattern = value->text();
  if (const auto* value = fields.find_set("adapter")) read_adapter(*value, engine);
  if (const auto* value = fields.find_set("meaning")) read_meaning(*value, engine);
  if (!engine.pattern.empty() && engine.adapter != "regex") {
    fields.at("pattern").fail("is of adapter 'regex'; set 'adapter: regex', or remove it");
  }
  if (const auto* value = fields.find_set("logs")) {
    if (engine.adapter == "none") value->fail("are read by no adapter; name one, or remove them");
    engine.logs = value->items_or_self();
  }
  if (const auto* value = fields.find_set("starts_ranks")) engine.starts_ranks = value->boolean();
  if (const auto* value = fields.find_set("same_numerics")) engine.same_numerics = value->boolean();
  if (const auto* value = fields.find_set("provides")) read_provides(*value, engine);
  if (const auto* value = fields.find_set("values")) read_values(*value, engine);
  if (const auto* value = fields.find_set("version")) engine.version = read_command(*value);
  return engine;
}

}  // namespace

void check_parameter_name(const std::string& name, const YamlValue& source) {
  if (!is_identifier(name) || name.size() > kMaxNameBytes) {
    source.named("").fail(fmt::format("'{}' is no name of a parameter; use letters, digits and '_'",
                                      shortened(name)));
  }
  const auto is_in = [&](const std::vector<std::string>& names) {
    return std::ranges::count(names, name) > 0;
  };
  if (is_in(cell_placeholders()) || is_in(start_placeholders()) || is_in(setting_names())) {
    source.named("").fail(
        fmt::format("parameter '{}' has the name of an axis, a setting or a placeholder; take "
                    "another",
                    name));
  }
}

Engines read_engines(const YamlValue* source, const fs::path& folder) {
  Engines engines;
  if (source == nullptr) return engines;
  for (const auto& [name, value] : source->entries()) {
    if (name == kBuiltinEngine) {
      value.named("").fail("engine 'builtin' is moebench's own; give this one another name");
    }
    if (!is_identifier(name) && name.find_first_of("=,{} \t\n") != std::string::npos) {
      value.named("").fail(
          fmt::format("'{}' is no name of an engine; use letters, digits, '_', "
                      "'-' and '.'",
                      shortened(name)));
    }
    engines.emplace(name, read_engine(name, value, folder));
  }
  return engines;
}

}  // namespace moebench::config
