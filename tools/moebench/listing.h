#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/session/fit.h"
#include "harness/session/forecast.h"
#include "harness/session/plan.h"
#include "reports/write/document.h"

namespace moebench::cli {

// What `moebench list` tells of a file.
struct Listing {
  struct Cell {
    config::CellConfig cell;
    std::string id{};
    bool is_slow = false;  // and not named by --only
    session::MemoryFit memory;
    std::vector<std::string> notes;
  };

  std::string file;
  session::Capacity capacity;
  std::vector<Cell> cells;
  std::vector<std::pair<std::string, std::string>> cannot_run;  // scenarios, and why
  session::EarlierTimes times{""};
  session::Forecast totals;  // of what `run` with the same words would run from the start
};

// Looks at this machine and at the results folder that `run` would write to by default.
Listing make_listing(const session::Selection& selection);

// As tables: for people, and for every format but JSON.
reports::Document listing_document(const Listing& listing);

// The form for programs that tools/README.md describes, indented.
std::string to_json(const Listing& listing);

}  // namespace moebench::cli
