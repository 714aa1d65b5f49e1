#include "harness/config/scenario.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "harness/base/error.h"
#include "harness/config/baselines.h"
#include "harness/config/expand.h"
#include "harness/config/fms_form.h"
#include "harness/config/known_failures.h"
#include "harness/config/limits.h"
#include "harness/config/model_labels.h"
#include "harness/config/overrides.h"
#include "harness/config/settings.h"
#include "harness/config/yaml_reader.h"

namespace moebench::config {

namespace {

// What all scenarios of a file share.
struct FileContext {
  std::filesystem::path folder;
  Frameworks frameworks;
  Engines engines;
  CellConfig base;  // the defaults' settings
  Choice defaults;  // the defaults' axes
  ScenarioOverrides options;
  std::vector<std::string> used_overrides = {};
  std::int64_t num_combinations = 0;               // of all scenarios so far
  std::map<std::string, Baseline> baselines = {};  // by scenario
};

void check_name(const YamlValue& source, const std::string& name) {
  if (name.empty()) source.fail("is empty; give the scenario a name");
  if (name.size() > kMaxNameBytes) {
    source.fail(fmt::format("is {} bytes long; use at most {}", name.size(), kMaxNameBytes));
  }
  if (std::ranges::any_of(name, [](unsigned char c) { return c < ' ' || c == 0x7f; })) {
    source.fail("holds a line end or another control character; write it on one line");
  }
}

void check_combinations(const Matrix& matrix, std::int64_t& sum) {
  const std::int64_t count = count_combinations(matrix);
  if (count <= kMaxCells - sum) {
    sum += count;
    return;
  }
  matrix.source.fail(fmt::format(
      "its axes have {} combinations, and a file has at most {} of all scenarios together, before "
      "'exclude' and --filter; write shorter lists, or a zip",
      count, kMaxCells));
}

Dimension read_zip(const YamlValue& zip, const AxisContext& context) {
  Dimension dimension;
  std::string first_axis;
  for (const auto& [axis, list] : zip.entries()) {
    const std::vector<YamlValue> items = list.items();
    if (first_axis.empty()) {
      first_axis = axis;
      dimension.resize(items.size());
    }
    if (items.size() != dimension.size()) {
      list.fail(fmt::format("has {} values where '{}' has {}; zipped axes advance together",
                            items.size(), first_axis, dimension.size()));
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      dimension[i].push_back(parse_axis(axis, items[i], context));
    }
  }
  return dimension;
}

// `zip` is one mapping, or a list of independent ones.
void read_zips(const YamlValue& zips, const AxisContext& context, Matrix& matrix) {
  for (const YamlValue& zip : zips.items_or_self()) {
    matrix.dimensions.push_back(read_zip(zip, context));
  }
}

void read_axes(const YamlValue& axes, const AxisContext& context, Matrix& matrix) {
  for (const auto& [axis, list] : axes.entries()) {
    matrix.dimensions.push_back(read_dimension(axis, list, context));
  }
}

// Axes that only engines know.
AxisContext read_parameters(const YamlMapping& fields, const FileContext& file, Matrix& matrix) {
  AxisContext context(file.folder);
  const YamlValue* parameters = fields.find_set("parameters");
  if (parameters == nullptr) return context;
  for (const auto& [name, list] : parameters->entries()) {
    check_parameter_name(name, list);
    context.parameters.push_back(name);
    matrix.parameters.emplace(name, list);
  }
  return context;
}

AxisContext axis_context(const FileContext& file, const Matrix& matrix) {
  AxisContext context(file.folder);
  for (const auto& [name, place] : matrix.parameters) context.parameters.push_back(name);
  return context;
}

Choice read_resume_as(const YamlValue& source, const std::filesystem::path& folder) {
  Choice choice;
  for (const auto& [axis, value] : source.entries()) {
    choice.push_back(parse_axis(axis, value, folder));
    if (find_axis(axis_table(), axis)->rules().free_on_resumption) continue;
    std::vector<std::string> free;
    for (const Axis& row : axis_table()) {
      if (row.rules().free_on_resumption) free.push_back(row.name);
    }
    value.named(fmt::format("axis '{}'", axis))
        .fail("decides what is trained, so a resumed run keeps it; resume_as takes " +
              join_alternatives(free));
  }
  if (choice.empty()) source.fail("names no axis; say what changes, or leave the key out");
  return choice;
}

void check_dimensions(const YamlValue& scenario, const std::vector<Dimension>& dimensions) {
  std::map<std::string, std::size_t> owner;  // axis -> dimension
  for (std::size_t d = 0; d < dimensions.size(); ++d) {
    if (dimensions[d].empty()) scenario.fail("an axis has an empty list; give it values");
    for (const Choice& choice : dimensions[d]) {
      for (const AxisValue& value : choice) {
        if (owner.emplace(value.axis, d).first->second == d) continue;
        value.source.fail("is set twice, by an axis, a zip, an argument or a framework; keep one");
      }
    }
  }
}

Matrix read_matrix(const YamlMapping& fields, const FileContext& context) {
  Matrix matrix{fields.source(), context.base, context.defaults, {}, {}};
  matrix.engines = context.engines;
  const AxisContext axis_context = read_parameters(fields, context, matrix);
  if (const YamlValue* axes = fields.find_set("axes")) read_axes(*axes, axis_context, matrix);
  std::set<std::string> from_arguments;
  if (const YamlValue* arguments = fields.find_set("arguments")) {
    from_arguments = read_arguments(*arguments, context.folder, matrix.dimensions, matrix.base);
  }
  if (const YamlValue* zips = fields.find_set("zip")) read_zips(*zips, axis_context, matrix);
  if (const YamlValue* parameters = fields.find_set("parameters")) {
    read_axes(*parameters, axis_context, matrix);
  }
  if (const YamlValue* frameworks = fields.find("framework_config")) {
    matrix.dimensions.push_back(framework_dimension(*frameworks, context.frameworks));
  }
  check_dimensions(fields.source(), matrix.dimensions);
  if (const YamlValue* exclude = fields.find_set("exclude")) {
    for (const YamlValue& item : exclude->items()) {
      matrix.exclusions.push_back(
          {item, read_condition(item, axis_context, "name the axes to exclude")});
    }
  }
  if (const YamlValue* resume_as = fields.find_set("resume_as")) {
    matrix.resume_as = read_resume_as(*resume_as, context.folder);
  }
  if (const YamlValue* settings = fields.find_set("settings")) {
    for (const auto& [name, value] : settings->entries()) {
      if (from_arguments.contains(name)) value.fail("is set by 'arguments' too; keep one");
    }
    apply_settings(*settings, context.folder, matrix.base);
  }
  return matrix;
}

// What the command line says instead of a scenario that it is for.
void override_matrix(const std::string& scenario, FileContext& context, Matrix& matrix) {
  const std::vector<std::string>& only = context.options.only;
  if (!only.empty() && std::ranges::count(only, scenario) == 0) return;
  const auto used = apply_overrides(context.options.values, axis_context(context, matrix), matrix);
  context.used_overrides.insert(context.used_overrides.end(), used.begin(), used.end());
}

// A cell that cannot be says so where the file sets its axes, which need not be what is wrong.
std::vector<CellConfig> expand_overridden(const Matrix& matrix, const Overrides& overrides) {
  try {
    return expand(matrix);
  } catch (const Unsupported&) {
    throw;
  } catch (const Error& error) {
    if (!matrix.is_overridden) throw;
    throw Error("{} (with {} from the command line)", error.what(), listed(overrides));
  }
}

void read_cells(const YamlMapping& fields, FileContext& context, Scenario& scenario) {
  Matrix matrix = read_matrix(fields, context);
  matrix.source = fields.source().named(fmt::format("scenario '{}'", scenario.name));
  matrix.base.scenario = scenario.name;
  override_matrix(scenario.name, context, matrix);
  check_combinations(matrix, context.num_combinations);
  scenario.cells = expand_overridden(matrix, context.options.values);
  const AxisContext axes = axis_context(context, matrix);
  if (const YamlValue* baseline = fields.find_set("baseline")) {
    const auto found = read_baseline(*baseline, axes, matrix.is_overridden, scenario.cells);
    if (found) context.baselines.emplace(scenario.name, *found);
  }
  if (const YamlValue* known = fields.find_set("known_failures")) {
    mark_known_failures(*known, axes, matrix.is_overridden, scenario.cells);
  }
}

Scenario read_scenario(const YamlValue& source, FileContext& context) {
  const YamlMapping fields(
      source.named("scenario"),
      {"name", "description", "slow", "axes", "zip", "exclude", "settings", "framework_config",
       "arguments", "resume_as", "known_failures", "parameters", "baseline"});
  Scenario scenario;
  scenario.name = fields.at("name").text();
  check_name(fields.at("name"), scenario.name);
  if (const YamlValue* text = fields.find_set("description")) scenario.description = text->text();
  if (const YamlValue* slow = fields.find("slow")) scenario.slow = slow->boolean();
  // What fms-acceleration means by its own words is not for this file to know.
  const bool is_foreign = fields.find("framework_config") || fields.find("arguments");
  try {
    read_cells(fields, context, scenario);
  } catch (const Unsupported& reason) {
    scenario.cannot_run = reason.what();
  } catch (const Error& reason) {
    if (!is_foreign) throw;
    scenario.cannot_run = reason.what();
  }
  if (!scenario.cannot_run.empty()) scenario.cells.clear();
  return scenario;
}

// A configuration of Hugging Face's is what users of other tools name first.
void refuse_model_config(const YamlValue& file, const std::filesystem::path& path) {
  for (const auto& [key, value] : file.entries()) {
    if (key != "model_type") continue;
    value.fail(fmt::format(
        "the file is a model's configuration, where scenarios are wanted; name the model in a "
        "scenario, or instead of one: moebench run quickstart --set model={}",
        path.string()));
  }
}

void read_defaults(const YamlValue& source, FileContext& context) {
  const YamlMapping defaults(source, {"axes", "settings"});
  if (const YamlValue* axes = defaults.find_set("axes")) {
    for (const auto& [axis, value] : axes->entries()) {
      if (value.is_list()) value.fail("a default is one value; write the list in the scenario");
      context.defaults.push_back(parse_axis(axis, value, context.folder));
    }
  }
  if (const YamlValue* settings = defaults.find_set("settings")) {
    apply_settings(*settings, context.folder, context.base);
  }
}

}  // namespace

std::vector<Scenario> load_scenarios(const std::filesystem::path& path,
                                     const ScenarioOverrides& options) {
  const YamlValue content = YamlValue::load_file(path);
  refuse_model_config(content, path);
  const YamlMapping file(content,
                         {"defaults", "engines", "frameworks", "scenarios", "data_processing"});
  const auto origin = std::make_shared<ScenarioOrigin>();
  origin->path = std::filesystem::absolute(path).lexically_normal().string();
  FileContext context;
  context.folder = std::filesystem::path(origin->path).parent_path();
  context.base.file = origin;
  context.options = options;
  context.engines = read_engines(file.find_set("engines"), context.folder);
  context.frameworks = read_frameworks(file.find_set("frameworks"), context.folder);
  if (const YamlValue* defaults = file.find_set("defaults")) read_defaults(*defaults, context);

  std::vector<Scenario> scenarios;
  std::map<std::string, YamlValue> names;
  for (const YamlValue& item : file.at("scenarios").items()) {
    scenarios.push_back(read_scenario(item, context));
    const std::string& name = scenarios.back().name;
    origin->scenarios.push_back(name);
    if (!names.emplace(name, item).second) {
      item.named("").fail(fmt::format("scenario '{}' is written twice; rename one", name));
    }
  }
  check_used(options.values, context.used_overrides);
  if (scenarios.empty()) file.at("scenarios").fail("the list is empty; write a scenario");
  if (scenarios.size() == 1 && !scenarios.front().cannot_run.empty()) {
    throw Error(scenarios.front().cannot_run);
  }
  label_models(scenarios);
  for (const Scenario& scenario : scenarios) {
    const auto found = context.baselines.find(scenario.name);
    if (found == context.baselines.end()) continue;
    const Baseline& baseline = found->second;
    origin->baselines[scenario.name] = baseline_text(baseline.axes, scenario.cells[baseline.cell]);
  }
  return scenarios;
}

}  // namespace moebench::config
