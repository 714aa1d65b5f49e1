#pragma once

#include <filesystem>

#include "harness/config/cell.h"
#include "harness/launch/process.h"
#include "harness/launch/transport_log.h"
#include "harness/record/record.h"

namespace moebench::launch {

// What lets Open MPI say in stderr what messages travel by, which costs a line for each pair of
// ranks at its first message; nothing for one rank, and for many where nothing is required. Where a
// transport is required UCX, libfabric and NCCL say it too, NCCL in files of its own in `folder`.
// What the user has set already stays.
EnvironmentVariables transport_environment(const config::CellConfig& cell,
                                           const std::filesystem::path& folder);

// What the ranks of a repetition used, NCCL's where there is any. Moves the lines about it from
// `stderr` to `transport.log`, so that what is left are messages.
Transports read_transports(const std::filesystem::path& folder);

// Writes it into the environment of a record, `transport`; a record that is ok becomes incorrect
// where the cell requires another.
void state_transport(const config::CellConfig& cell, const Transports& used,
                     record::CellRecord& record);

}  // namespace moebench::launch
