#include <fmt/core.h>

#include <algorithm>

#include "harness/config/engines.h"
#include "harness/config/placeholders.h"

namespace moebench::config {
namespace {

namespace fs = std::filesystem;

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
    if (name == "model_config" && cell_.model.overridden) {
      return Words{fmt::format("{{out}}/{}", kModelConfigFile)};
    }
    auto words = words_of(name, place);
    if (!words) return std::nullopt;
    for (std::string& word : *words) word = with_doubled_braces(word);
    return words;
  }

  std::optional<Words> words_of(const std::string& name, const YamlValue& place) const {
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
