// This is one rank of one repetition of a cell: it reads the resolved cell, trains, writes
// rank_<r>.json; or, for moebench doctor, measures the machine. moebench starts it, alone or under
// mpirun or srun. Exit codes: 0 ok, 1 failed (the rank file says why), 2 usage, 70 failed without a
// rank file.
#include <c10/util/Exception.h>
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <new>
#include <string>

#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/parse.h"
#include "harness/base/system_error.h"
#include "harness/comm/communicator.h"
#include "harness/comm/progress_thread.h"
#include "harness/config/cell.h"
#include "harness/config/resumption.h"
#include "harness/machine/environment.h"
#include "harness/probe/probe.h"
#include "harness/record/rank_trace.h"
#include "harness/record/record.h"
#include "harness/train/load_worker.h"
#include "harness/train/worker.h"
#include "tools/moebench-rank/fault.h"
#include "tools/moebench-rank/options.h"

namespace moebench {
namespace {

// Keeps freed memory in the process: a training step frees and takes the same buffers again, and
// fresh pages from the system would cost more than many of the operations on them.
void keep_freed_memory() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);
  mallopt(M_TOP_PAD, 64 << 20);
}

bool is_out_of_memory(const c10::Error& error) {
  if (dynamic_cast<const c10::OutOfMemoryError*>(&error) != nullptr) return true;
  const std::string what = error.what_without_backtrace();
  return what.find("not enough memory") != std::string::npos ||
         what.find("can't allocate memory") != std::string::npos;
}

record::RankResult failure(record::Disposition disposition, const std::string& message) {
  record::RankResult result;
  result.disposition = disposition;
  result.message = message;
  return result;
}

// Turns what goes wrong on this rank into its result.
record::RankResult guarded(const std::function<record::RankResult()>& work) {
  using record::Disposition;
  try {
    return work();
  } catch (const Unsupported& error) {
    return failure(Disposition::kUnsupported, error.what());
  } catch (const OutOfMemory& error) {
    return failure(Disposition::kOutOfMemory, error.what());
  } catch (const Error& error) {
    return failure(Disposition::kCrashed, error.what());
  } catch (const std::bad_alloc&) {
    return failure(Disposition::kOutOfMemory, "the system refused memory (std::bad_alloc)");
  } catch (const c10::Error& error) {
    return failure(is_out_of_memory(error) ? Disposition::kOutOfMemory : Disposition::kCrashed,
                   error.what_without_backtrace());
  } catch (const std::exception& error) {
    return failure(Disposition::kCrashed, error.what());
  }
}

record::RankResult train_cell(const config::CellConfig& cell, comm::Communicator& world,
                              const RankOptions& arguments) {
  const std::filesystem::path out = arguments.out;
  train::WorkerOptions options;
  options.gemm_rate_is_known = arguments.gemm_rate_is_known;
  options.progress = [](const char* phase, std::int64_t step, std::int64_t of, double rate) {
    std::printf("progress: phase=%s step=%lld of=%lld tokens_per_second=%.1f\n", phase,
                static_cast<long long>(step), static_cast<long long>(of), rate);
    std::fflush(stdout);
  };
  options.profile_folder = out;
  options.save.folder = config::checkpoint_folder(cell, out);
  options.save.keep = cell.keep_checkpoints;
  add_fault_from_environment(world.rank(), options);
  return cell.measure == config::Measure::kLoad ? train::run_load_worker(cell, world, options)
                                                : train::run_worker(cell, world, options);
}

std::unique_ptr<comm::Communicator> make_world(std::int64_t ranks) {
  auto world = ranks == 1 ? comm::self_communicator() : comm::mpi_world();
  if (world->size() != ranks) {
    throw Error("{} ranks are needed, but the launcher started {}", ranks, world->size());
  }
  return world;
}

// Says why on stderr, where no result file can.
[[noreturn]] void fail(const std::exception& error) {
  fmt::print(stderr, "moebench-rank: failed: {}\n", error.what());
  comm::abort_world(kExitSystem);
}

// Ends without what libraries do at exit: of libtorch's that takes 0.09 s, a tenth of what a rank
// of a small cell takes, and after a trace of a GPU its profiler frees the same memory twice.
[[noreturn]] void leave(int exit_code) {
  comm::finalize_world();
  std::fflush(nullptr);
  std::_Exit(exit_code);
}

// Ends all ranks where it cannot: the driver would miss this one's result, and the others may wait.
void write_result(const record::RankResult& result, const std::filesystem::path& out) {
  try {
    write_file_atomically(out / fmt::format("rank_{}.json", result.rank), record::to_json(result));
  } catch (const std::exception& error) {
    fail(error);
  }
}

// Leaves rank_<r>.json; returns the exit code. `facts` are this program's and its host's.
int finish(record::RankResult result, const record::Environment& facts,
           const comm::Communicator& world, const std::filesystem::path& out) {
  result.rank = world.rank();
  result.world_size = world.size();
  result.environment.insert(facts.begin(), facts.end());
  write_result(result, out);
  if (result.disposition == record::Disposition::kOk ||
      result.disposition == record::Disposition::kIncorrect) {
    const int code = result.disposition == record::Disposition::kOk ? 0 : 1;
    // Sanitizers look for leaks at exit.
    if (result.environment["device"] == "cuda" || facts.at("sanitizers") == "off") leave(code);
    return code;
  }
  fmt::print(stderr, "rank {}: {}\n", result.rank, result.message);
  comm::abort_world(1);  // the others may wait in a collective that this rank will never join
}

// Leaves this rank's trace before MPI starts, which may be what ends it. Without one of these
// launchers' variables nobody knows the rank yet; the trace is only missed where a run fails.
void leave_trace(std::int64_t ranks, const std::filesystem::path& out) {
  if (ranks == 1) return record::write_trace(out, 0);
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "SLURM_PROCID"}) {
    const auto text = environment_variable(name);
    const auto rank = text ? parse_number<std::int64_t>(*text) : std::nullopt;
    if (rank && *rank >= 0 && *rank < ranks) return record::write_trace(out, *rank);
  }
}

// Over several hosts what is gathered ahead is to travel while layers are computed. Within one the
// cores that compute carry the messages, and a thread would only take turns with them.
bool moves_messages_meanwhile(const config::CellConfig& cell) {
  return cell.nodes > 1 && cell.prefetch > 0 && cell.measure == config::Measure::kTrain;
}

int run_cell(const RankOptions& options) {
  const record::Environment facts = machine::rank_environment();
  const config::CellConfig cell = config::read_cell(options.cell);
  leave_trace(cell.processes(), options.out);
  if (moves_messages_meanwhile(cell)) comm::use_progress_thread();
  const auto world = make_world(cell.processes());
  return finish(guarded([&] { return train_cell(cell, *world, options); }), facts, *world,
                options.out);
}

int run_probe(std::int64_t ranks, const probe::ProbeOptions& options,
              const std::filesystem::path& out) {
  const record::Environment facts = machine::rank_environment();
  leave_trace(ranks, out);
  const auto world = make_world(ranks);
  return finish(guarded([&] { return probe::run_probe(*world, options); }), facts, *world, out);
}

}  // namespace
}  // namespace moebench

int main(int argc, char** argv) {
  moebench::keep_freed_memory();
  try {
    const moebench::RankOptions options = moebench::parse_rank_options(argc, argv);
    if (options.help || options.version) {
      fmt::print("{}", options.help ? moebench::kRankUsage
                                    : "moebench-rank " + moebench::machine::version_text() + "\n");
      return 0;
    }
    return options.probe_ranks > 0
               ? moebench::run_probe(options.probe_ranks, options.probe, options.out)
               : moebench::run_cell(options);
  } catch (const moebench::SystemError& error) {
    moebench::fail(error);
  } catch (const moebench::Error& error) {
    fmt::print(stderr, "moebench-rank: error: {}\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    moebench::fail(error);
  }
}
