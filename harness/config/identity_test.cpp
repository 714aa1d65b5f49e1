// What was written by the first version stays readable and keeps its ids, whatever is added.
#include <algorithm>
#include <filesystem>

#include "harness/base/file.h"
#include "harness/config/axis_table.h"
#include "harness/config/cell.h"
#include "harness/config/config_testing.h"
#include "harness/config/fields.h"
#include "harness/config/resumption.h"

namespace moebench::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::filesystem::path kFolder = MOEBENCH_FIRST_FORMAT_FOLDER;

struct WrittenCell {
  const char* file;
  const char* id;
  const char* workload;
};

constexpr WrittenCell kWritten[] = {{"cell_fsdp.yaml", "c71500d939f7", "e88860447a20"},
                                    {"cell_ep.yaml", "cc12b56e7b8f", "e88860447a20"},
                                    {"cell_odd.yaml", "5ee760a30c05", "93921d327d60"}};

// From the line after the driver's own keys to the end.
std::string identity_part(const std::string& text) { return text.substr(text.find("model:\n")); }

TEST(Identity, CellsOfTheFirstFormatKeepIdAndWorkload) {
  for (const WrittenCell& written : kWritten) {
    SCOPED_TRACE(written.file);
    const CellConfig cell = read_cell(kFolder / written.file);
    EXPECT_EQ(cell.canonical_text(), identity_part(read_file(kFolder / written.file)));
    EXPECT_EQ(cell.id(), written.id);
    EXPECT_EQ(cell.workload(), written.workload);
  }
}

// The tables as they will be when an axis is added: a member that is part of no identity today
// stands for the new one.
Fields with_later_field() {
  Fields fields = identity_table();
  const auto place = std::ranges::find(fields, "expert_kernel", &Field::name);
  FieldRules rules;
  rules.is_later = true;
  fields.insert(place, make_field<&CellConfig::keep_checkpoints>("later", rules));
  return fields;
}

TEST(Identity, AFieldAtItsInitialValueChangesNoText) {
  const Fields later = with_later_field();
  for (const WrittenCell& written : kWritten) {
    CellConfig cell = read_cell(kFolder / written.file);
    cell.keep_checkpoints = CellConfig().keep_checkpoints;
    EXPECT_EQ(yaml_text(cell, later), cell.canonical_text());
    EXPECT_EQ(stated_fields(cell, later), cell.identity_fields());
    ++cell.keep_checkpoints;
    EXPECT_NE(yaml_text(cell, later), cell.canonical_text());
    EXPECT_THAT(yaml_text(cell, later), HasSubstr("\nlater: 1\nexpert_kernel: "));
  }
}

TEST(Identity, AFileWithoutALaterFieldMeansItsInitialValue) {
  const TestFolder folder;
  const Fields later = with_later_field();
  CellConfig cell = read_cell(kFolder / kWritten[0].file);
  const auto back = [&] {
    folder.write("c.yaml", yaml_text(cell, later));
    return read_fields(YamlValue::load_file(folder.path() / "c.yaml"), later);
  };
  folder.write("old.yaml", cell.canonical_text());
  const CellConfig old = read_fields(YamlValue::load_file(folder.path() / "old.yaml"), later);
  EXPECT_EQ(old.keep_checkpoints, CellConfig().keep_checkpoints);
  EXPECT_EQ(old.id(), cell.id());
  cell.keep_checkpoints = 4;
  EXPECT_EQ(back().keep_checkpoints, 4);
  // The version before cannot run what it does not know, and says so.
  EXPECT_THAT(error_of([&] {
                read_fields(YamlValue::load_file(folder.path() / "c.yaml"), identity_table());
              }),
              HasSubstr("unknown key 'later'"));
}

TEST(Identity, ACheckpointWithoutALaterFieldIsContinued) {
  const Fields later = with_later_field();
  CellConfig cell = read_cell(kFolder / kWritten[0].file);
  cell.keep_checkpoints = CellConfig().keep_checkpoints;
  const auto stated = cell.identity_fields();
  EXPECT_THAT(disagreements(stated, cell, later), IsEmpty());
  cell.keep_checkpoints = 2;
  EXPECT_THAT(disagreements(stated, cell, later), ElementsAre("later 0 (this cell: 2)"));
  EXPECT_THAT(disagreements(stated_fields(cell, later), cell),
              ElementsAre("later 2 (this version knows no such field)"));
}

TEST(Identity, ARecordWithoutALaterAxisIsAtItsInitialValue) {
  std::vector<Axis> later = axis_table();
  Axis axis = *find_axis(later, "packing");
  axis.name = "later";
  axis.fields.front().rules.is_later = true;
  later.push_back(axis);
  EXPECT_EQ(unstated_axis("later", later), "false");
  EXPECT_EQ(unstated_axis("later"), "");
  EXPECT_EQ(unstated_axis("packing"), "") << "every version states it";
}

}  // namespace
}  // namespace moebench::config
