#pragma once

#include <vector>

#include "harness/session/resume_check.h"
#include "reports/write/document.h"

namespace moebench::cli {

// A table with a row a cell, and below it why each failing one fails.
reports::Document resume_document(const std::vector<session::ResumeRow>& rows);

}  // namespace moebench::cli
