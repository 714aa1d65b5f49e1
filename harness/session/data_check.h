#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include "harness/config/cell.h"
#include "harness/launch/launcher.h"
#include "harness/record/record.h"

namespace moebench::session {

// Before ranks are started: encodes texts that have a tokenizer (encode_text.h), and checks whether
// the cells' data can be read and are several samples (data::check_data). Writes to `notes` what
// they hold. Error names the file and the remedy. Where ranks may run on other hosts, only what is
// encoded is checked: other files are their own. Ends early where it is interrupted.
void prepare_data(const std::vector<config::CellConfig>& cells,
                  const std::filesystem::path& results_folder,
                  const launch::LauncherChoice& launcher, const launch::LaunchPlace& place,
                  std::ostream& notes);

// Adds a warning where the data, as the ranks have counted them, do not suffice for one step.
void warn_of_few_data(const config::CellConfig& cell, record::CellRecord& record);

}  // namespace moebench::session
