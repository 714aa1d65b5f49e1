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

// A relative path of a program is one of the scenario file's folder; a bare name is found in PATH.
std::string program_path(const std::string& word, const fs::path& folder) {
  const bool is_relative = word.find('/') != std::string::npos && !fs::path(word).is_absolute();
  return is_relative ? (folder / word).lexically_normal().string() : word;
}

// Puts a cell's values into an engine's texts, and notes which of them they use.
class Filler {
 public:
  Filler(const EngineDefinition& engine, const Parameters& parameters, const CellConfig& cell)
      : engine_(engine), parameters_(parameters), cell_(cell) {
    known_ = cell_placeholders();
    for (const auto& [name, value] : parameters) known_.push_back(name);
    known_.insert(known_.end(), start_placeholders().begin(), start_placeholders().end());
  }

  std::vector<std::string> words(const std::vector<YamlValue>& texts) {
    std::vector<std::string> all;
    for (const YamlValue& text : texts) {
      for (std::string& word : fill(text)) all.push_back(std::move(word));
    }
    return all;
  }

  std::vector<std::string> fill(const YamlValue& text) {
    return fill_in(
        text, [&](const std::string& name) { return lookup(name, text); }, known_);
  }

  const std::set<std::string>& used() const { return used_; }

 private:
  std::optional<Words> lookup(const std::string& name, const YamlValue& place) {
    used_.insert(name);
    const auto parameter =
        std::ranges::find(parameters_, name, [](const auto& pair) { return pair.first; });
    if (parameter != parameters_.end()) return Words{parameter->second};
    const auto value = cell_placeholder(name, cell_, place);
    if (!value) return std::nullopt;
    const auto named = engine_.values.find(name);
    if (named == engine_.values.end()) return Words{*value};
    const auto words = named->second.find(*value);
    if (words != named->second.end()) return words->second;
    place.fail(
        fmt::format("engine '{}' has no word for {} {}; add it to its 'values', or exclude "
                    "these cells",
                    engine_.name, name, *value));
  }

  const EngineDefinition& engine_;
  const Parameters& parameters_;
  const CellConfig& cell_;
  std::vector<std::string> known_;
  std::set<std::string> used_;
};

// Nothing of it waits for a start.
std::vector<std::string> version_command(const EngineDefinition& engine, Filler& filler) {
  std::vector<std::string> words;
  for (const YamlValue& text : engine.version) {
    for (const std::string& word : filler.fill(text)) {
      for (const std::string& name : start_placeholders()) {
        if (word.find("{" + name + "}") == std::string::npos) continue;
        text.fail(
            fmt::format("'{{{}}}' is known only when a repetition starts; leave it out of the "
                        "version command",
                        name));
      }
      words.push_back(fill_in_at_start(word, {}));
    }
  }
  if (!words.empty()) words.front() = program_path(words.front(), engine.folder);
  return words;
}

void check_provided(const EngineDefinition& engine, const std::string& axis,
                    const CellConfig& cell) {
  const auto provided = engine.provides.find(axis);
  if (provided == engine.provides.end()) return;
  const Axis* row = find_axis(axis_table(), axis);
  if (provided->second.contains(row->key(cell))) return;
  engine.source.fail(
      fmt::format("cannot do {} {}, only {}; exclude these cells with 'exclude: "
                  "[{{engine: {}, {}: {}}}]'",
                  axis, row->text(cell), join_alternatives(engine.provided_texts.at(axis)),
                  engine.name, axis, row->text(cell)));
}

// A cell never claims what its engine takes no notice of.
void check_taken(const EngineDefinition& engine, const std::set<std::string>& taken,
                 const std::set<std::string>& written) {
  for (const std::string& axis : written) {
    if (taken.contains(axis)) continue;
    engine.source.fail(fmt::format(
        "takes no notice of axis '{0}', which the scenario writes; put '{{{0}}}' into its command, "
        "or list under 'provides' what it does: '{0}: VALUE'",
        axis));
  }
}

// The axes that a record of the cell may state.
std::set<std::string> taken_axes(const EngineDefinition& engine, const std::set<std::string>& used,
                                 const CellConfig& cell) {
  std::set<std::string> taken = {"engine", "ranks"};
  if (!cell.model.name.empty()) taken.insert("model");
  for (const std::string& name : axis_names()) {
    const bool is_used = used.contains(name) || (name == "ranks" && used.contains("world_size"));
    if (is_used || engine.provides.contains(name)) taken.insert(name);
  }
  if (used.contains("global_batch")) taken.insert({"micro_batch", "grad_accumulation"});
  return taken;
}

}  // namespace

bool can_profile(const EngineConfig& engine, Profile level) {
  if (engine.is_builtin() || level == Profile::kNone) return true;
  return engine.provides_phases && level == Profile::kPhases;
}

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

void apply_only_values(const EngineDefinition& engine, const std::set<std::string>& written,
                       CellConfig& cell) {
  for (const auto& [axis, value] : engine.only_value) {
    if (!written.contains(axis)) value.apply(cell);
  }
}

EngineUse resolve_engine(const EngineDefinition& engine, const Parameters& parameters,
                         const std::set<std::string>& written, CellConfig& cell) {
  Filler filler(engine, parameters, cell);
  EngineConfig resolved;
  resolved.name = engine.name;
  resolved.command = filler.words(engine.command);
  if (resolved.command.empty()) engine.source.fail("its command comes to no word in this cell");
  resolved.command.front() =
      program_path(resolved.command.front(), with_doubled_braces(engine.folder.string()));
  for (const auto& [name, text] : engine.environment) {
    const std::vector<std::string> words = filler.fill(text);
    if (words.size() > 1) text.fail("stands for several words; an environment variable has one");
    resolved.environment.push_back(name + "=" + (words.empty() ? "" : words.front()));
  }
  // What a version command or the name of a log says is nothing that the engine trains with.
  Filler beside(engine, parameters, cell);
  resolved.version = version_command(engine, beside);
  resolved.adapter = engine.adapter;
  resolved.logs = beside.words(engine.logs);
  resolved.pattern = engine.pattern;
  resolved.meaning = engine.meaning;
  resolved.starts_ranks = engine.starts_ranks;
  resolved.same_numerics = engine.same_numerics;

  const std::set<std::string> taken = taken_axes(engine, filler.used(), cell);
  check_taken(engine, taken, written);
  EngineUse use;
  for (const std::string& axis : axis_names()) {
    if (!taken.contains(axis)) continue;
    check_provided(engine, axis, cell);
    resolved.axes.push_back(axis);
  }
  for (const auto& [name, value] : parameters) {
    if (!filler.used().contains(name)) continue;
    use.parameters.insert(name);
    resolved.parameters.push_back(name + "=" + value);
  }
  if (cell.measure == Measure::kLoad) {
    engine.source.fail("trains; 'measure: load' is of the built-in engine");
  }
  resolved.provides_phases = engine.provides_phases;
  if (!can_profile(resolved, cell.profile)) {
    engine.source.fail(fmt::format("provides no profile of {}; {}", to_string(cell.profile),
                                   engine.provides_phases
                                       ? "use phases"
                                       : "set 'profile: none', or 'provides: {profile: phases}' "
                                         "where its events have phases"));
  }
  cell.engine = std::move(resolved);
  return use;
}

}  // namespace moebench::config
