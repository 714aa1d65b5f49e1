#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/record/rank_trace.h"
#include "harness/record/record.h"

namespace moebench::merge {

// How the ranks' processes ended, as the launcher showed it.
struct Outcome {
  int exit_code = 0;
  int signal = 0;                  // that ended the launcher (or the only rank); 0 otherwise
  std::string timed_out = {};      // why they were ended; empty where they ended by themselves
  bool killed_for_memory = false;  // SIGKILL while the kernel's out-of-memory killer was at work
  std::string stdout_text = {}, stderr_text = {};  // of launcher and ranks, or both ends of it
  std::string log_folder = {};      // where both lie whole as `stdout` and `stderr`; empty: nowhere
  record::RankTraces started = {};  // what ranks left at their start; empty: nobody asked for it
  bool is_rank = false;             // what ended is the only rank itself, without a launcher
};

// One entry a rank; nullopt where a rank left no result file.
using RankResults = std::vector<std::optional<record::RankResult>>;

struct Verdict {
  record::Disposition disposition = record::Disposition::kOk;
  std::string message;
};

// Whether all ranks ran to their end, and why not: what a rank says itself, else what launcher and
// ranks printed (last_words.h). On one line where no rank says more.
Verdict judge_processes(const RankResults& ranks, const Outcome& outcome);

// Cell metrics from rank metrics (formulas: harness/record/schema.md). A metric that a rank lacks,
// or has in another number of samples than its peers, is absent.
record::Metrics merge_metrics(const std::vector<record::RankResult>& ranks);

// Adds gemm_share and hardware_gemm_share where `metrics`, merged ones, have the FLOPs that every
// rank reaches and its GEMM rate.
void add_gemm_shares(record::Metrics& metrics);

// The analytic memory estimate (estimate::estimate_memory) as metrics mem_estimate*.
record::Metrics estimate_metrics(const config::CellConfig& cell);

// Fills disposition, message, stderr_tail and metrics of a record, and adds the ranks' facts to its
// environment, where they win over what is there, and warnings; pure. ok =
// exit code 0 AND a result of every rank AND all required metrics AND the same finite loss and
// gradient norm on every rank. The memory estimate stands in every record, also beside a rank that
// ran out of it.
void merge(const config::CellConfig& cell, const RankResults& ranks, const Outcome& outcome,
           record::CellRecord& record);

}  // namespace moebench::merge
