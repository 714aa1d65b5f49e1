#include "harness/config/axis_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "harness/base/file.h"
#include "harness/config/axes.h"
#include "harness/config/config_testing.h"
#include "harness/config/fields.h"

namespace moebench::config {
namespace {

constexpr const char* kHead = "| axis | values | default | resumed | meaning |\n";

std::string expected_table() {
  std::string text = std::string(kHead) + "|---|---|---|---|---|\n";
  for (const Axis& axis : axis_table()) {
    text +=
        fmt::format("| `{}` | {} | {} | {} | {} |\n", axis.name, axis.documentation.values,
                    axis.documentation.initial, axis.rules().free_on_resumption ? "free" : "kept",
                    axis.documentation.meaning);
  }
  return text;
}

std::string table_in(const std::string& readme) {
  std::istringstream lines(readme.substr(std::min(readme.find(kHead), readme.size())));
  std::string table;
  for (std::string line; std::getline(lines, line) && line.starts_with("|");) table += line + "\n";
  return table;
}

TEST(AxisTable, IsTheOneInTheReadme) {
  const std::string readme =
      read_file(std::filesystem::path(MOEBENCH_SCENARIO_FOLDER) / "README.md");
  EXPECT_EQ(table_in(readme), expected_table()) << "write this into scenarios/README.md:\n"
                                                << expected_table();
}

// Records, tables and the command line keep this order; axes that come later may stand anywhere.
TEST(AxisTable, KeepsTheOrderOfTheFirstAxes) {
  const std::vector<std::string> first = {"model",
                                          "parallelism",
                                          "ep_degree",
                                          "expert_kernel",
                                          "ranks",
                                          "micro_batch",
                                          "grad_accumulation",
                                          "seq_len",
                                          "packing",
                                          "dtype",
                                          "activation_checkpointing",
                                          "gathers",
                                          "prefetch",
                                          "sync_each_batch",
                                          "optimizer",
                                          "keep_gradients",
                                          "routing",
                                          "seed",
                                          "loader",
                                          "cache"};
  std::vector<std::string> kept = axis_names();
  std::erase_if(kept,
                [&](const std::string& name) { return std::ranges::count(first, name) == 0; });
  EXPECT_EQ(kept, first);
}

// Some value of the axis that is not its initial one.
std::string other_value(const Axis& axis, const std::filesystem::path& folder) {
  std::vector<std::string> candidates = {"true", "false", "2", "3", "128", "other"};
  const std::string& documented = axis.documentation.values;  // "`fsdp`, `ep`"
  for (std::size_t begin = 0; (begin = documented.find('`', begin)) != std::string::npos;) {
    const std::size_t end = documented.find('`', begin + 1);
    candidates.push_back(documented.substr(begin + 1, end - begin - 1));
    begin = end + 1;
  }
  for (const std::string& text : candidates) {
    try {
      if (parse_axis(axis.name, YamlValue::parse(text, "s.yaml"), folder).text != axis.text({})) {
        return text;
      }
    } catch (const Error&) {  // of another type
    }
  }
  ADD_FAILURE() << axis.name << ": no other value";
  return "";
}

// Each row parses, prints and writes the member that it names, and no other.
TEST(AxisTable, EveryRowIsOneAxisOfTheCell) {
  const TestFolder folder;
  folder.write("models/other.json", kTinyModel);
  for (const Axis& axis : axis_table()) {
    SCOPED_TRACE(axis.name);
    const std::string text = other_value(axis, folder.path());
    const YamlValue value = YamlValue::parse(text, "s.yaml");
    const AxisValue parsed = parse_axis(axis.name, value, folder.path());
    EXPECT_EQ(parsed.text, text);
    CellConfig cell;
    parsed.apply(cell);
    EXPECT_EQ(axis.text(cell), text);
    const auto before = CellConfig().axes(), after = cell.axes();
    for (std::size_t i = 0; i < after.size(); ++i) {
      EXPECT_EQ(after[i] == before[i], after[i].first != axis.name) << after[i].first;
    }
    for (const auto& [name, stated] : cell.identity_fields()) {
      const Field* field = find_field(identity_table(), name);
      if (find_field(axis.fields, name) != nullptr) continue;
      EXPECT_EQ(stated, field->text(CellConfig())) << name;
    }
  }
}

TEST(Fields, AreNamedOnceAndReset) {
  std::set<std::string> names;
  for (const Fields* table : {&identity_table(), &driver_table()}) {
    for (const Field& field : *table) EXPECT_TRUE(names.insert(field.name).second) << field.name;
  }
  CellConfig cell;
  cell.load.one_rank = 3;
  cell.model.hidden_size = 8;
  find_field(identity_table(), "load.one_rank")->reset(cell);
  EXPECT_EQ(cell.load.one_rank, -1);
  EXPECT_EQ(cell.model.hidden_size, 8);
}

// A section's fields must stand together: its heading is written once.
TEST(Fields, OfASectionStandTogether) {
  std::set<std::string> closed;
  std::string section;
  for (const Field& field : identity_table()) {
    const std::size_t dot = field.name.find('.');
    const std::string own = dot == std::string::npos ? "" : field.name.substr(0, dot);
    if (own != section) closed.insert(section);
    closed.erase("");
    EXPECT_FALSE(closed.contains(own)) << field.name;
    section = own;
  }
}

}  // namespace
}  // namespace moebench::config
