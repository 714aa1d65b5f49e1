#include "harness/machine/machine_load.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <thread>

#include "harness/machine/processes.h"

namespace moebench::machine {
namespace {

constexpr double kBusy = 0.05;  // of a core

std::map<pid_t, Process> read_processes() {
  std::map<pid_t, Process> processes;
  for (const pid_t pid : all_processes()) {
    if (pid == ::getpid()) continue;
    if (auto process = read_process(pid)) processes[pid] = std::move(*process);
  }
  return processes;
}

std::string name_of(const BusyProcess& process) {
  return fmt::format("'{}' ({:.2f} cores)", process.name, process.cores);
}

void add_load(const MachineFacts& facts, const MachineLoad& load,
              std::vector<std::string>& sentences) {
  std::string names;
  for (const BusyProcess& process : load.busiest) {
    names += (names.empty() ? "" : ", ") + name_of(process);
  }
  if (!names.empty()) sentences.push_back("other processes are at work, end them: " + names);
  if (load.busy_cores > 0.1 * facts.cores_online) {
    sentences.push_back(fmt::format(
        "{:.2f} of {} cores are busy with something else; wait for it, or take another machine",
        load.busy_cores, facts.cores_online));
  }
  if (load.stolen_cores > kBusy) {
    sentences.push_back(fmt::format(
        "the hypervisor gives {:.2f} of this machine's cores to others; repeat measurements",
        load.stolen_cores));
  }
}

}  // namespace

CoreTimes read_core_times() {
  std::ifstream in("/proc/stat");
  std::string label;
  double user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft_irq = 0, stolen = 0;
  in >> label >> user >> nice >> system >> idle >> wait >> irq >> soft_irq >> stolen;
  return {user + nice + system + idle + wait + irq + soft_irq + stolen, idle + wait, stolen};
}

MachineLoad observe_load(double seconds) {
  const CoreTimes cores_before = read_core_times();
  const auto before = read_processes();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  const CoreTimes cores = read_core_times();
  const double passed = (cores.total - cores_before.total) /
                        static_cast<double>(::sysconf(_SC_NPROCESSORS_ONLN));  // of one core
  MachineLoad load;
  if (!(passed > 0)) return load;
  load.stolen_cores = (cores.stolen - cores_before.stolen) / passed;
  load.busy_cores = (cores.total - cores_before.total - (cores.idle - cores_before.idle)) / passed;
  for (const auto& [pid, process] : read_processes()) {
    const auto found = before.find(pid);
    if (found == before.end()) continue;
    const double used = (process.jiffies - found->second.jiffies) / passed;
    if (used > kBusy) load.busiest.push_back({process.name, used});
  }
  std::ranges::sort(load.busiest, std::greater<>(), &BusyProcess::cores);
  return load;
}

std::vector<std::string> disturbances(const MachineFacts& facts, const MachineLoad& load,
                                      const Demand& demand) {
  std::vector<std::string> sentences = environment_warnings(facts, demand);
  add_load(facts, load, sentences);
  const auto threads = static_cast<double>(demand.ranks * demand.threads_per_rank);
  if (facts.cpu_quota && *facts.cpu_quota < threads) {
    sentences.push_back(fmt::format(
        "the control group allows {:.2f} cores, {:g} threads would work; raise its cpu.max",
        *facts.cpu_quota, threads));
  }
  if (facts.swap_used_bytes > 0) {
    sentences.push_back(
        fmt::format("{} MB are swapped out; free memory, then swapoff -a and swapon -a",
                    facts.swap_used_bytes / 1'000'000));
  }
  if (facts.transparent_hugepages == "never") {
    sentences.push_back(
        "transparent huge pages are off: large buffers cost more page faults; set madvise");
  }
  return sentences;
}

}  // namespace moebench::machine
