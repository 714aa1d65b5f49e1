#pragma once

#include <iosfwd>
#include <vector>

#include "harness/config/cell.h"
#include "harness/launch/launcher.h"
#include "harness/record/record.h"

namespace moebench::session {

// Before ranks are started: whether the cells' data can be read and are several samples
// (data::check_data). Writes to `notes` what they hold. Error names the file and the remedy.
// Nothing is checked where ranks may run on other hosts, whose files are their own.
void check_data_files(const std::vector<config::CellConfig>& cells,
                      const launch::LauncherChoice& launcher, const launch::LaunchPlace& place,
                      std::ostream& notes);

// Adds a warning where the data, as the ranks have counted them, do not suffice for one step.
void warn_of_few_data(const config::CellConfig& cell, record::CellRecord& record);

}  // namespace moebench::session
