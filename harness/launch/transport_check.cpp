#include "harness/launch/transport_check.h"

#include <algorithm>
#include <fstream>

#include "harness/base/environment_variable.h"
#include "harness/base/file.h"

namespace moebench::launch {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostSilentlyLogged = 64;  // ranks, with a line for each pair of them
constexpr std::uintmax_t kMostLogBytes = 1 << 28;
constexpr const char* kNcclPrefix = "nccl_";

// Names of interfaces come at level 30.
const char* verbosity(const config::CellConfig& cell) {
  return cell.require_transport.find(':') == std::string::npos ? "1" : "30";
}

bool is_small_file(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return !error && size > 0 && size <= kMostLogBytes;
}

// Parts the lines about transports from others; what the file holds else stays in it.
std::string take_transport_lines(const fs::path& path) {
  if (!is_small_file(path)) return "";
  std::ifstream in(path);
  std::string taken, rest;
  for (std::string line; std::getline(in, line);) {
    if (!in.eof()) line += '\n';
    (is_mpi_transport_line(line) ? taken : rest) += line;
  }
  if (!taken.empty()) write_file_atomically(path, rest);
  return taken;
}

Transports read_nccl(const fs::path& folder) {
  Transports found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    const bool is_log = name.starts_with(kNcclPrefix) || name == "stdout";
    if (!is_log || !entry.is_regular_file() || !is_small_file(entry.path())) continue;
    Transports of_process = nccl_transports(read_file(entry.path()));
    found.within.merge(of_process.within);
    found.between.merge(of_process.between);
  }
  return found;
}

}  // namespace

EnvironmentVariables transport_environment(const config::CellConfig& cell, const fs::path& folder) {
  EnvironmentVariables variables;
  const bool is_required = !cell.require_transport.empty();
  if (cell.processes() == 1) return variables;
  if (is_required || (cell.engine.is_builtin() && cell.ranks <= kMostSilentlyLogged)) {
    variables.emplace_back("OMPI_MCA_btl_base_verbose", verbosity(cell));
  }
  if (is_required) {
    variables.emplace_back("OMPI_MCA_opal_common_ofi_verbose", "1");
    variables.emplace_back("UCX_LOG_LEVEL", "info");
    variables.emplace_back("NCCL_DEBUG", "INFO");
    variables.emplace_back("NCCL_DEBUG_SUBSYS", "INIT,GRAPH,NET,P2P,SHM");
    variables.emplace_back("NCCL_DEBUG_FILE", (folder / kNcclPrefix).string() + "%h_%p.log");
  }
  std::erase_if(variables, [](const auto& variable) {
    return environment_variable(variable.first.c_str()).has_value();
  });
  return variables;
}

Transports read_transports(const fs::path& folder) {
  const std::string lines = take_transport_lines(folder / "stderr");
  if (!lines.empty()) write_file_atomically(folder / "transport.log", lines);
  const Transports of_gpus = read_nccl(folder);
  return of_gpus.empty() ? mpi_transports(lines) : of_gpus;
}

void state_transport(const config::CellConfig& cell, const Transports& used,
                     record::CellRecord& record) {
  if (!used.empty()) record.environment["transport"] = to_text(used);
  if (cell.require_transport.empty() || cell.processes() == 1) return;
  record.environment["required_transport"] = cell.require_transport;
  if (record.disposition != record::Disposition::kOk) return;
  const bool on_one_host = record::fact(record.environment, "hosts").find(',') == std::string::npos;
  std::string complaint = transport_complaint(cell.require_transport, used, on_one_host);
  if (complaint.empty()) return;
  record.disposition = record::Disposition::kIncorrect;
  record.message = std::move(complaint);
}

}  // namespace moebench::launch
