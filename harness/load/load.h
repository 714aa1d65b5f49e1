#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/config/cell.h"
#include "harness/load/memory.h"
#include "harness/load/request.h"
#include "harness/load/stages.h"

namespace moebench::load {

// Ranks of one machine that give each other what they read. Calls are collective.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;
  // Exchanges as comm::Communicator::all_to_all does.
  virtual void all_to_all(const void* send, std::span<const std::int64_t> send_bytes, void* receive,
                          std::span<const std::int64_t> receive_bytes) = 0;
};

struct LoadOptions {
  config::Loader loader = config::Loader::kDirect;
  std::int64_t threads = 1;  // that compute at a time; more may wait for the disk
  config::LoadIo io = config::LoadIo::kAuto;
  // Touches pages before they are used, so that faults have stages of their own: a pass that says
  // where the time goes, not how much there is of it.
  bool pages_apart = false;
  bool measure_peak_rss = false;  // resets the process's peak
  // kBroadcast needs the ranks that share this machine, and what each of them loads.
  Exchange* exchange = nullptr;
  std::vector<Request> requests = {};
};

// Calls and time of a function of fms-acceleration's load profile: itself alone, and with what it
// calls.
struct FunctionTimes {
  std::string name;
  std::int64_t calls = 0;
  std::int64_t own_ns = 0;
  std::int64_t cumulative_ns = 0;
};

struct LoadReport {
  std::int64_t total_ns = 0;
  StageTimes stages{};            // add up to total_ns; means over threads where several work
  std::int64_t bytes_needed = 0;  // in the files, each once
  std::int64_t bytes_read = 0;    // of the files, from disk or from the page cache
  std::int64_t bytes_direct = 0;  // of these past the page cache (O_DIRECT)
  std::int64_t bytes_received = 0;
  std::int64_t minor_faults = 0;
  std::int64_t major_faults = 0;
  std::optional<std::int64_t> peak_rss_bytes;  // above what was resident before
  std::vector<FunctionTimes> functions;        // shard_moe, load_sharded_..., torch.concat, ...
};

// Fills the request's destinations from a checkpoint; those that are null get their place in
// `memory` first. All loaders give the same bits. Everything that can be wrong with files, names,
// shapes and dtypes is an Error before anything is allocated. kBroadcast is collective over the
// exchange.
LoadReport load(const std::filesystem::path& checkpoint, Request& request, Memory& memory,
                const LoadOptions& options);

}  // namespace moebench::load
