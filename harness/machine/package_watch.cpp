#include "harness/machine/package_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "harness/base/parse.h"
#include "harness/record/put_metric.h"

namespace moebench::machine {
namespace {

namespace fs = std::filesystem;

constexpr double kJoulesPerCount = 1e-6;
// A counter of 2^32 units of 15 micro-joules turns over once in minutes at a kilowatt.
constexpr double kLongestGap_s = 10;
// Of less the counter's own steps of a millisecond would be part.
constexpr double kShortestSteps_s = 0.5;

std::string first_line_of(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// "intel-rapl:0" is a package or the platform, "intel-rapl:0:0" a part of it; "intel-rapl-mmio:0"
// counts the same package by another way. AMD's packages have Intel's name.
bool is_package(const fs::path& zone) {
  const std::string name = zone.filename().string();
  return name.starts_with("intel-rapl:") && std::ranges::count(name, ':') == 1 &&
         first_line_of(zone / "name").starts_with("package");
}

}  // namespace

PackageEnergy::PackageEnergy(const fs::path& powercap) {
  find(powercap);
  for (Package& package : packages_) {
    const auto now = read(package.counter);
    if (!now) return;
    package.last = *now;
  }
}

void PackageEnergy::find(const fs::path& powercap) {
  std::error_code error;
  std::vector<fs::path> zones;
  for (const auto& entry : fs::directory_iterator(powercap, error)) {
    if (is_package(entry.path())) zones.push_back(entry.path());
  }
  std::ranges::sort(zones);
  if (zones.empty()) {
    complaint_ = fmt::format("{} names no processor package", powercap.string());
  }
  for (const fs::path& zone : zones) {
    const auto turns_over_at = read(zone / "max_energy_range_uj");
    if (!turns_over_at) return;
    packages_.push_back({.counter = zone / "energy_uj", .turns_over_at = *turns_over_at});
  }
}

std::optional<std::uint64_t> PackageEnergy::read(const fs::path& file) {
  errno = 0;
  const std::string text = first_line_of(file);
  const int reason = errno;
  const auto number = parse_number<std::uint64_t>(text);
  if (number) return number;
  const bool is_forbidden = reason == EACCES || reason == EPERM;
  complaint_ = fmt::format("cannot read {}: {}", file.string(),
                           is_forbidden ? "only root may; chmod a+r lets others"
                           : reason     ? std::strerror(reason)
                                        : "it holds no number");
  return std::nullopt;
}

std::optional<double> PackageEnergy::energy() {
  if (!complaint_.empty()) return std::nullopt;
  double sum = 0;
  for (Package& package : packages_) {
    const auto now = read(package.counter);
    if (!now) return std::nullopt;
    const std::uint64_t counts =
        *now >= package.last ? *now - package.last : *now + (package.turns_over_at - package.last);
    package.joules += static_cast<double>(counts) * kJoulesPerCount;
    package.last = *now;
    sum += package.joules;
  }
  return sum;
}

PackageWatch::PackageWatch(const fs::path& powercap, SamplerClocks clocks)
    : energy_(powercap), clocks_(std::move(clocks)), read_at_s_(clocks_.wall_s()) {}

std::optional<PackageWatch::Reading> PackageWatch::read() {
  const auto joules = energy_.energy();
  read_at_s_ = clocks_.wall_s();
  if (!joules) return std::nullopt;
  return Reading{read_at_s_, *joules};
}

void PackageWatch::tick() {
  if (clocks_.wall_s() - read_at_s_ > kLongestGap_s) read();
}

void PackageWatch::note_step() {
  const auto now = read();
  if (!now) return;
  if (!first_step_) first_step_ = now;
  last_step_ = now;
}

void PackageWatch::finish(record::CellRecord& record) {
  const auto end = read();
  if (!end) {
    record.environment["package_energy_not_read"] = energy_.complaint();
    return;
  }
  put(record.metrics, "process_package_energy", end->joules);
  if (!first_step_) return;
  const double steps_s = last_step_->at_s - first_step_->at_s;
  if (steps_s < kShortestSteps_s) return;
  put(record.metrics, "package_power", (last_step_->joules - first_step_->joules) / steps_s);
}

}  // namespace moebench::machine
