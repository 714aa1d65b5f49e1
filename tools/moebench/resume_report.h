#pragma once

#include <string>
#include <vector>

#include "harness/session/resume_check.h"

namespace moebench::cli {

// A markdown table with a row a cell, and below it why each failing one fails.
std::string resume_report(const std::vector<session::ResumeRow>& rows);

}  // namespace moebench::cli
