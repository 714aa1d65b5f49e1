#include "harness/machine/process_sampler.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace moebench::machine {
namespace {

constexpr std::size_t kMaxCommand = 200;  // characters
// What a walk of page tables takes at most where all pages are of 4 KiB: 10 ms a GiB.
constexpr double kPssCostPerByte = 0.01 / (1 << 30);

double thread_cpu_s() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double jiffies_per_s() {
  static const auto value = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return value;
}

// Of a line "VmRSS:     1234 kB" in a file of /proc.
std::optional<std::int64_t> bytes_of(const std::string& text, std::string_view key) {
  const auto line = text.find("\n" + std::string(key) + ":");
  if (line == std::string::npos) return std::nullopt;
  return std::atoll(text.c_str() + line + key.size() + 2) * 1024;
}

std::string read_command(pid_t pid, const std::string& proc) {
  std::string command = read_process_file(pid, "cmdline", proc);
  while (!command.empty() && command.back() == '\0') command.pop_back();
  std::ranges::replace(command, '\0', ' ');
  if (command.size() > kMaxCommand) command.replace(kMaxCommand - 4, std::string::npos, " ...");
  return command;
}

void keep_larger(std::optional<std::int64_t>& peak, std::optional<std::int64_t> value) {
  if (value && (!peak || *value > *peak)) peak = value;
}

double median_interval_s(const std::vector<double>& times_s) {
  if (times_s.size() < 2) return 0;
  std::vector<double> intervals;
  for (std::size_t i = 1; i < times_s.size(); ++i) intervals.push_back(times_s[i] - times_s[i - 1]);
  const auto middle = intervals.begin() + std::ssize(intervals) / 2;
  std::ranges::nth_element(intervals, middle);
  return *middle;
}

// Brings those with the most memory or time, of the most that any has, to the front.
template <typename Iterators, typename Figure>
void most_first(Iterators& items, std::size_t count, const Figure& figure) {
  double most_rss = 1, most_cpu_s = 1e-9;
  for (const auto& item : items) {
    most_rss = std::max(most_rss, static_cast<double>(figure(item).rss_peak_bytes.value_or(0)));
    most_cpu_s = std::max(most_cpu_s, figure(item).cpu_s);
  }
  const auto share = [&](const auto& item) {
    const auto rss = static_cast<double>(figure(item).rss_peak_bytes.value_or(0));
    return std::max(rss / most_rss, figure(item).cpu_s / most_cpu_s);
  };
  std::ranges::nth_element(items, items.begin() + static_cast<std::ptrdiff_t>(count),
                           std::ranges::greater{}, share);
}

}  // namespace

SamplerClocks system_clocks() {
  const auto wall_s = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  };
  return {.wall_s = wall_s, .thread_cpu_s = thread_cpu_s};
}

ProcessSampler::ProcessSampler(pid_t root, std::string proc, SamplerClocks clocks)
    : proc_(std::move(proc)),
      clocks_(std::move(clocks)),
      start_s_(clocks_.wall_s()),
      tree_(root, proc_) {
  tick();
  // The first look reads every process of the machine; the next ones are much cheaper.
  last_cost_s_ = 0;
}

void ProcessSampler::tick() {
  const double now = now_s();
  if (!budget_.allows(now, last_cost_s_)) return;
  const double before_s = clocks_.thread_cpu_s();
  const Seen seen = sample(now);
  const double between_s = clocks_.thread_cpu_s();
  last_cost_s_ = between_s - before_s;
  budget_.spend(now, last_cost_s_);
  cost_s_ += last_cost_s_;
  if (seen.empty() || !pss_budget_.allows(now, expected_pss_cost_s())) return;
  sample_pss(seen);
  last_pss_cost_s_ = clocks_.thread_cpu_s() - between_s;
  rss_sum_at_last_pss_ = last_rss_sum_;
  pss_budget_.spend(now, last_pss_cost_s_);
  cost_s_ += last_pss_cost_s_;
}

ProcessSampler::Seen ProcessSampler::sample(double now_s) {
  Seen seen;
  last_rss_sum_ = 0;
  const auto members = tree_.look();
  if (!members.empty()) sampled_at_s_.push_back(now_s);
  for (const ProcessTree::Member& member : members) {
    record::ProcessFigure& figure = note(member, now_s);
    const std::string status = read_process_file(member.key.pid, "status", proc_);
    const auto rss = bytes_of(status, "VmRSS");
    if (!rss) continue;  // it has ended
    keep_larger(figure.rss_peak_bytes, bytes_of(status, "VmHWM"));
    keep_larger(figure.rss_peak_bytes, rss);
    keep_larger(total_.rss_peak_bytes, figure.rss_peak_bytes);
    last_rss_sum_ += *rss;
    seen.emplace_back(member.key.pid, &figure);
  }
  if (!seen.empty()) keep_larger(total_.rss_sum_peak_bytes, last_rss_sum_);
  leave_out_ended(now_s);
  return seen;
}

record::ProcessFigure& ProcessSampler::note(const ProcessTree::Member& member, double now_s) {
  const auto [found, is_new] = figures_.try_emplace(member.key);
  record::ProcessFigure& figure = found->second;
  if (is_new) {
    figure.pid = member.key.pid;
    figure.parent = member.process.parent;
    figure.first_seen_s = now_s;
  }
  // A process has its parent's name and arguments until it runs a program of its own.
  if (is_new || figure.name != member.process.name) {
    figure.name = member.process.name;
    const std::string command = read_command(member.key.pid, proc_);
    if (!command.empty()) figure.command = command;
  }
  figure.last_seen_s = now_s;
  figure.cpu_s = member.process.jiffies / jiffies_per_s();
  return figure;
}

double ProcessSampler::expected_pss_cost_s() const {
  const auto growth = std::max<std::int64_t>(0, last_rss_sum_ - rss_sum_at_last_pss_);
  return last_pss_cost_s_ + kPssCostPerByte * static_cast<double>(growth);
}

// A sum without a process that keeps its own to itself would be too small: it is none.
void ProcessSampler::sample_pss(const Seen& seen) {
  std::int64_t sum = 0;
  bool is_whole = true;
  for (const auto& [pid, figure] : seen) {
    const auto pss = bytes_of(read_process_file(pid, "smaps_rollup", proc_), "Pss");
    keep_larger(figure->pss_peak_bytes, pss);
    sum += pss.value_or(0);
    if (!pss && bytes_of(read_process_file(pid, "status", proc_), "VmRSS")) is_whole = false;
  }
  if (!is_whole) return;
  keep_larger(total_.pss_sum_peak_bytes, sum);
  ++total_.num_pss_samples;
}

// Twice as many may gather, so that few samples have to choose.
void ProcessSampler::leave_out_ended(double now_s) {
  if (figures_.size() <= 2 * kMaxProcesses) return;
  std::vector<Figures::iterator> ended;
  for (auto it = figures_.begin(); it != figures_.end(); ++it) {
    if (it->second.last_seen_s < now_s) ended.push_back(it);
  }
  if (ended.size() <= kMaxProcesses) return;
  most_first(
      ended, kMaxProcesses, [](const auto& it) -> auto& { return it->second; });
  for (std::size_t i = kMaxProcesses; i < ended.size(); ++i) {
    left_out_cpu_s_ += ended[i]->second.cpu_s;
    ++total_.num_left_out;
    figures_.erase(ended[i]);
  }
}

record::ProcessFigures ProcessSampler::finish(const std::optional<TreeUsage>& usage) const {
  record::ProcessFigures figures = total_;
  figures.wall_s = usage ? usage->wall_s : now_s();
  figures.cpu_s = left_out_cpu_s_;
  for (const auto& [key, figure] : figures_) {
    figures.cpu_s += figure.cpu_s;
    figures.processes.push_back(figure);
  }
  if (usage) {
    // Both are from below: what nobody waited for was still seen.
    figures.cpu_s = std::max(figures.cpu_s, usage->cpu_s);
    keep_larger(figures.rss_peak_bytes, usage->rss_peak_bytes);
  }
  if (figures.processes.size() > kMaxProcesses) {
    most_first(
        figures.processes, kMaxProcesses, [](const auto& figure) -> auto& { return figure; });
    figures.num_left_out += static_cast<int>(figures.processes.size() - kMaxProcesses);
    figures.processes.resize(kMaxProcesses);
  }
  std::ranges::stable_sort(figures.processes, {}, [](const record::ProcessFigure& figure) {
    return std::pair(figure.first_seen_s, figure.pid);
  });
  figures.num_samples = static_cast<int>(sampled_at_s_.size());
  figures.interval_s = median_interval_s(sampled_at_s_);
  if (figures.wall_s > 0) figures.cost_share = cost_s_ / figures.wall_s;
  return figures;
}

}  // namespace moebench::machine
