#pragma once

#include <filesystem>
#include <iosfwd>
#include <vector>

#include "harness/config/cell.h"
#include "harness/record/record.h"
#include "harness/session/problems.h"

namespace moebench::session {

// Before ranks are started: whether the cells' data can be read and are several samples
// (data::check_data). Writes to `notes` what they hold. A problem names the file and the remedy.
// Nothing is checked where ranks may run on other hosts, whose files are their own. Texts that have
// a tokenizer are left to the next.
void check_data_files(const std::vector<config::CellConfig>& cells, bool may_leave_host,
                      std::ostream& notes, Problems& problems);

// Encodes the texts that have a tokenizer (encode_text.h), and checks what came of them. Ends early
// where it is interrupted.
void encode_data(const std::vector<config::CellConfig>& cells,
                 const std::filesystem::path& results_folder, std::ostream& notes,
                 Problems& problems);

// Adds a warning where the data, as the ranks have counted them, do not suffice for one step.
void warn_of_few_data(const config::CellConfig& cell, record::CellRecord& record);

}  // namespace moebench::session
