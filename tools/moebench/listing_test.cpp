#include "tools/moebench/listing.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "harness/testing/models.h"
#include "reports/write/format.h"

namespace moebench::cli {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

Listing sample_listing() {
  Listing listing;
  listing.file = "scenarios/file.yaml";
  listing.capacity = {{3'000'000'000, true}, 2, {}};
  Listing::Cell cell;
  cell.cell.scenario = "quick";
  cell.cell.model = tiny_model();
  cell.id = "0123456789ab";
  cell.cell.ranks = 2;
  cell.cell.repeats = 3;
  cell.memory = {session::Fit::kNo, 2'000'000'000, 4'000'000'000, 3'000'000'000, "does not fit"};
  cell.notes = {"does not fit", "4 threads on 2 cores"};
  listing.cells.push_back(cell);
  cell.is_slow = true;
  cell.cell.seq_len = 64;
  cell.memory = {};
  cell.notes = {"slow"};
  listing.cells.push_back(cell);
  listing.cannot_run = {{"other", "no model 'x'"}};
  listing.times = session::EarlierTimes("results/file");
  listing.totals = {.cells = 1, .repetitions = 3, .largest_bytes = 4'000'000'000};
  return listing;
}

TEST(ListingTest, ShowsNotesAndTotals) {
  const std::string text = print(listing_document(sample_listing()), reports::Format::kTerminal);
  EXPECT_THAT(text, AllOf(HasSubstr("2.00 GB      does not fit; 4 threads on 2 cores\n"),
                          HasSubstr("in all: 1 cell, 3 repetitions; largest memory of a cell's "
                                    "ranks here: 4.00 GB; time: not known"),
                          HasSubstr("; cells of slow scenarios, not counted: 1\n"),
                          HasSubstr("no model 'x'")));
}

TEST(ListingTest, ShowsWhatTravelsWhereCellsRunOnSeveralHosts) {
  Listing listing = sample_listing();
  const auto text = [&] { return print(listing_document(listing), reports::Format::kTerminal); };
  EXPECT_THAT(text(), Not(HasSubstr("sent B/kFLOP")));
  listing.cells[0].cell.nodes = 2;
  EXPECT_THAT(text(), HasSubstr("sent B/kFLOP"));
}

// Programs read these names: they stay.
TEST(ListingTest, HasAFormForPrograms) {
  const auto json = nlohmann::json::parse(to_json(sample_listing()));
  EXPECT_EQ(json.at("listing_version"), 1);
  EXPECT_EQ(json.at("file"), "scenarios/file.yaml");
  EXPECT_EQ(json.at("machine").dump(),
            R"({"cores":2,"gpu_memory_bytes":[],"memory_bytes":3000000000,)"
            R"("memory_is_of_control_group":true})");
  ASSERT_EQ(json.at("cells").size(), 2U);
  auto cell = json.at("cells").at(0);
  EXPECT_EQ(cell.at("axes").at("ranks"), "2");
  EXPECT_GT(cell.at("sent_bytes_per_rank"), 0);
  EXPECT_GT(cell.at("flops_per_rank"), 0);
  EXPECT_EQ(cell.at("id"), "0123456789ab");
  cell.erase("axes");
  for (const char* checked : {"id", "sent_bytes_per_rank", "flops_per_rank"}) cell.erase(checked);
  EXPECT_EQ(cell.dump(),
            R"({"earlier_repetitions":0,"fits":"no","may_repeat_more":false,)"
            R"("memory_available_bytes":3000000000,"memory_per_rank_bytes":2000000000,)"
            R"("memory_together_bytes":4000000000,"notes":["does not fit","4 threads on 2 cores"],)"
            R"("repetitions":3,"run_time_ns":null,"scenario":"quick","slow":false})");
  EXPECT_TRUE(json.at("cells").at(1).at("slow"));
  EXPECT_TRUE(json.at("cells").at(1).at("memory_per_rank_bytes").is_null());
  EXPECT_EQ(json.at("cannot_run").dump(), R"([{"reason":"no model 'x'","scenario":"other"}])");
  EXPECT_EQ(json.at("totals").dump(),
            R"({"cells":1,"earlier_repetitions":0,"largest_memory_bytes":4000000000,)"
            R"("may_repeat_more":false,"repetitions":3,"results":"results/file","time_ns":null,)"
            R"("timed_cells":0})");
}

}  // namespace
}  // namespace moebench::cli
