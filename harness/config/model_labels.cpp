#include "harness/config/model_labels.h"

#include <algorithm>
#include <map>

#include "harness/config/fields.h"

namespace moebench::config {
namespace {

namespace fs = std::filesystem;

// The last `count` parts of a path.
std::string path_end(const std::string& path, std::ptrdiff_t count) {
  const fs::path whole(path);
  const std::ptrdiff_t size = std::distance(whole.begin(), whole.end());
  fs::path end;
  for (auto part = std::next(whole.begin(), std::max<std::ptrdiff_t>(0, size - count));
       part != whole.end(); ++part) {
    end /= *part;
  }
  return end.string();
}

// Path of a model -> what makes it, as text.
using Models = std::map<std::string, std::string>;

// `same_name` are all models of one name.
std::string label_of(const std::string& path, const Models& same_name) {
  const std::string& text = same_name.at(path);
  std::ptrdiff_t count = 0;
  for (const auto& [other, other_text] : same_name) {
    if (other_text == text) continue;
    while (path_end(other, count) == path_end(path, count)) ++count;
  }
  return path_end(path, count);
}

template <typename Action>
void for_each_cell(std::vector<Scenario>& scenarios, const Action& action) {
  for (Scenario& scenario : scenarios) {
    for (CellConfig& cell : scenario.cells) action(cell);
  }
}

}  // namespace

std::string model_path(const fs::path& config_file) {
  const fs::path path = fs::absolute(config_file).lexically_normal();
  if (path.filename() == "config.json") return path.parent_path().string();
  return (path.parent_path() / path.stem()).string();
}

void label_models(std::vector<Scenario>& scenarios) {
  std::map<std::string, Models> models;  // by name
  for_each_cell(scenarios, [&](const CellConfig& cell) {
    std::string& text = models[cell.model.name][cell.model.path];
    if (text.empty()) text = yaml_text(cell, model_fields());
  });
  std::map<std::string, std::string> labels;  // by path
  for (const auto& [name, same_name] : models) {
    for (const auto& [path, text] : same_name) labels[path] = label_of(path, same_name);
  }
  for_each_cell(scenarios, [&](CellConfig& cell) {
    cell.model.label = labels.at(cell.model.path);
    if (!cell.resumed_as) return;
    auto resumed = std::make_shared<CellConfig>(*cell.resumed_as);
    resumed->model.label = cell.model.label;
    cell.resumed_as = std::move(resumed);
  });
}

}  // namespace moebench::config
