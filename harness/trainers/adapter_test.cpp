#include "harness/trainers/adapter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "harness/trainers/trainers_testing.h"

namespace moebench::trainers {
namespace {

// Which adapter the files of each folder of fixtures are of.
const std::map<std::string, std::string>& owners() {
  static const std::map<std::string, std::string> owners = {
      {"automodel", "automodel"},     {"automodel_benchmark", "automodel"},
      {"axolotl", "axolotl"},         {"deepspeed", "deepspeed"},
      {"events", "events"},           {"fms_hf_tuning", "fms_hf_tuning"},
      {"hf_trainer", "hf_trainer"},   {"llama_factory", "llama_factory"},
      {"maxtext", "maxtext"},         {"megatron_bridge", "megatron_bridge"},
      {"megatron_lm", "megatron_lm"}, {"ms_swift", "ms_swift"},
      {"pith_train", "pith_train"},   {"torchtitan", "torchtitan"}};
  return owners;
}

// All folders, that of adapter `regex` too, which cannot be detected.
std::set<std::string> fixture_folders() {
  std::set<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(trainers_folder() / "fixtures")) {
    folders.insert(entry.path().filename().string());
  }
  return folders;
}

AdapterOptions options_of(const AdapterInfo& info) {
  return {.pattern = info.name == "regex" ? R"(step\D*(?<step>\d+))" : ""};
}

TEST(Adapters, EachHasAFixture) {
  std::set<std::string> with_fixture;
  for (const auto& [folder, adapter] : owners()) with_fixture.insert(adapter);
  std::set<std::string> names;
  for (const AdapterInfo& info : adapters()) {
    EXPECT_TRUE(info.name == "regex" || names.emplace(info.name).second);
  }
  EXPECT_EQ(with_fixture, names);
  for (const auto& [folder, adapter] : owners()) EXPECT_TRUE(fixture_folders().contains(folder));
}

TEST(Adapters, AreDetectedByTheirFixtures) {
  for (const auto& [folder, adapter] : owners()) {
    EXPECT_EQ(detect_adapter(fixture(folder)).name, adapter) << folder;
  }
}

// The order in which files are given does not matter.
TEST(Adapters, AreDetectedInAnyOrderOfFiles) {
  for (const auto& [folder, adapter] : owners()) {
    auto files = fixture(folder);
    std::ranges::reverse(files);
    EXPECT_EQ(detect_adapter(files).name, adapter) << folder;
    const TrainerLog log = read_log(find_adapter(adapter), files);
    EXPECT_EQ(log.ranks.size(), read_fixture(folder, adapter).ranks.size()) << folder;
  }
}

TEST(Adapters, ReadTheLogsOfOthersWithoutHarm) {
  for (const std::string& folder : fixture_folders()) {
    for (const AdapterInfo& info : adapters()) {
      SCOPED_TRACE(fmt::format("{} reads {}", info.name, folder));
      const std::string error =
          error_of([&] { read_log(info, fixture(folder), options_of(info)); });
      // Only a file of events must be well-formed.
      EXPECT_TRUE(error == "no error" || info.name == "events") << error;
    }
  }
}

// A reader that is told the wrong trainer gets no steps, not wrong ones.
TEST(Adapters, FindNoStepsInLogsOfOthers) {
  const std::set<std::string> also_hf = {"axolotl", "fms_hf_tuning", "llama_factory", "ms_swift"};
  for (const auto& [folder, owner] : owners()) {
    for (const AdapterInfo& info : adapters()) {
      const bool are_alike = (info.name == "hf_trainer" && also_hf.contains(folder)) ||
                             (info.name == "megatron_lm" && folder == "megatron_bridge");
      if (info.name == owner || info.name == "regex" || info.name == "events" || are_alike)
        continue;
      SCOPED_TRACE(fmt::format("{} reads {}", info.name, folder));
      const TrainerLog log = read_log(info, fixture(folder));
      EXPECT_EQ(log.num_matched, 0);
      EXPECT_THAT(log.ranks, ::testing::IsEmpty());
    }
  }
}

// Steps are numbered from 1, rise, and say something; what counts is never negative.
TEST(Adapters, KeepTheFormOfSteps) {
  for (const auto& [folder, adapter] : owners()) {
    SCOPED_TRACE(folder);
    const TrainerLog log = read_fixture(folder, adapter);
    ASSERT_FALSE(log.ranks.empty());
    EXPECT_GT(log.num_matched, 0);
    EXPECT_GE(log.num_lines, log.num_matched);
    for (const RankLog& rank_log : log.ranks) {
      ASSERT_FALSE(rank_log.steps.empty());
      std::int64_t before = 0;
      for (const Step& step : rank_log.steps) {
        EXPECT_GT(step.number, before);
        EXPECT_GE(step.num_steps, 1);
        EXPECT_LE(step.num_steps, step.number);
        EXPECT_GT(step.time_s.value_or(1), 0);
        EXPECT_GE(step.tokens.value_or(0), 0);
        before = step.number;
      }
    }
  }
}

// What the meaning says is there, and what is there has a meaning.
TEST(Adapters, GiveWhatTheirMeaningSays) {
  for (const auto& [folder, adapter] : owners()) {
    SCOPED_TRACE(folder);
    const TrainerLog log = read_fixture(folder, adapter);
    const auto has = [&](std::optional<double> Step::*member) {
      return std::ranges::any_of(log.ranks, [&](const RankLog& rank_log) {
        return std::ranges::any_of(rank_log.steps,
                                   [&](const Step& step) { return (step.*member).has_value(); });
      });
    };
    EXPECT_EQ(has(&Step::time_s), log.meaning.time_window != Window::kUnknown);
    EXPECT_EQ(has(&Step::memory_bytes), log.meaning.memory != MemoryKind::kNone);
    EXPECT_TRUE(!has(&Step::flops_per_s) || !log.meaning.flops_basis.empty());
    EXPECT_TRUE(!has(&Step::tokens) || log.meaning.tokens_scope != TokensScope::kUnknown);
  }
}

TEST(Adapters, AreFoundByName) {
  EXPECT_EQ(find_adapter("pith_train").name, "pith_train");
  EXPECT_THAT(error_of([] { find_adapter("pith"); }),
              ::testing::AllOf(::testing::HasSubstr("unknown adapter 'pith'"),
                               ::testing::HasSubstr("pith_train")));
}

constexpr const char* kHead =
    "| adapter | whose logs | files | tokens/s of | over | step times over | padding | memory | "
    "memory of | loss over | FLOPs |\n";

std::string or_dash(std::string_view text, std::string_view nothing) {
  return std::string(text.empty() || text == nothing ? "-" : text);
}

std::string expected_table() {
  std::string text = std::string(kHead) + "|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const AdapterInfo& info : adapters()) {
    const Meaning& m = info.meaning;
    text += fmt::format("| `{}` | {} | `{}` | {} | {} | {} | {} | {} | {} | {} | {} |\n", info.name,
                        info.description, fmt::join(info.files, "`, `"),
                        or_dash(to_string(m.tokens_scope), "unknown"),
                        or_dash(to_string(m.tokens_window), "unknown"),
                        or_dash(to_string(m.time_window), "unknown"),
                        or_dash(to_string(m.padding), "unknown"),
                        or_dash(to_string(m.memory), "none"), or_dash(m.memory_rank, ""),
                        or_dash(m.loss_scope, ""), or_dash(m.flops_basis, ""));
  }
  return text;
}

std::string table_in(const std::string& readme) {
  std::istringstream lines(readme.substr(std::min(readme.find(kHead), readme.size())));
  std::string table;
  for (std::string line; std::getline(lines, line) && line.starts_with("|");) table += line + "\n";
  return table;
}

TEST(Adapters, AreTheTableInTheReadme) {
  const std::string readme = read_file(trainers_folder() / "README.md");
  EXPECT_EQ(table_in(readme), expected_table()) << "write this into harness/trainers/README.md:\n"
                                                << expected_table();
}

}  // namespace
}  // namespace moebench::trainers
