#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "harness/base/error.h"
#include "reports/gate/gate.h"
#include "reports/gate/test_session.h"

namespace moebench::gate {
namespace {

using test::TestSession;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

template <typename Failure>
std::string judge_error(const TestSession& session) {
  try {
    session.judge();
  } catch (const Failure& error) {
    return error.what();
  }
  return "no such error";
}

const MetricTest& time_test(const CellResult& cell) { return cell.tests.back(); }

TEST(Judge, FindsTheSlowCellAndPassesTheOthers) {
  TestSession session;
  session.add_cell("a", 0);
  session.add_cell("b", 20);
  session.add_cell("c", -10);
  const Report report = session.judge();
  EXPECT_EQ(report.worst(), Verdict::kRegressed);
  EXPECT_EQ(report.cells[0].verdict, Verdict::kPass);
  EXPECT_EQ(report.cells[1].verdict, Verdict::kRegressed);
  EXPECT_EQ(report.cells[2].verdict, Verdict::kImproved) << "faster";
  const MetricTest& slow = time_test(report.cells[1]);
  EXPECT_NEAR(slow.change->estimate, 0.2, 1e-3);
  EXPECT_LT(slow.change->lower.value(), 0.2);
  EXPECT_GT(slow.change->upper.value(), 0.2);
  EXPECT_EQ(slow.pairs, 4);
}

TEST(Judge, FasterCellsAreImprovedAndNoFailure) {
  TestSession session;
  session.add_cell("a", 0);
  session.add_cell("b", -10);
  session.add_cell("c", -1.5);
  const Report report = session.judge();
  EXPECT_EQ(report.worst(), Verdict::kImproved);
  EXPECT_EQ(report.cells[0].verdict, Verdict::kPass);
  EXPECT_EQ(report.cells[1].verdict, Verdict::kImproved);
  EXPECT_EQ(report.cells[2].verdict, Verdict::kPass) << "sure, but small";
  EXPECT_LT(time_test(report.cells[1]).change->upper.value(), 0);
}

// Sessions of all kinds of noise and slowdowns.
std::vector<TestSession> many_sessions() {
  std::vector<TestSession> sessions;
  std::mt19937 random(1);
  std::normal_distribution<> normal;
  for (int i = 0; i < 200; ++i) {
    TestSession session;
    const double noise = 0.001 * std::exp(normal(random));
    for (const char* cell : {"a", "b", "c"}) {
      session.plan(cell);
      const double slowdown = 0.02 * normal(random);
      for (int pair = 0; pair < 4; ++pair) {
        session.add(cell, 100e6 * std::exp(noise * normal(random)),
                    100e6 * std::exp(slowdown + noise * normal(random)));
      }
    }
    sessions.push_back(std::move(session));
  }
  return sessions;
}

TEST(Judge, IsTheOtherWayRoundWithTheArmsExchanged) {
  std::map<Verdict, int> seen;
  for (TestSession& session : many_sessions()) {
    session.input.session.mde =
        0.99;  // so that nothing is INCONCLUSIVE, which faster cells are not
    const Report report = session.judge();
    for (auto& run : session.input.records) {
      run.pair->arm =
          run.pair->arm == record::Arm::kBase ? record::Arm::kCandidate : record::Arm::kBase;
    }
    const Report exchanged = session.judge();
    const auto of = [](const Report& judged, Verdict verdict) {
      std::vector<bool> are;
      for (const CellResult& cell : judged.cells) are.push_back(cell.verdict == verdict);
      are.push_back(judged.suite.front().verdict == verdict);
      return are;
    };
    EXPECT_EQ(of(report, Verdict::kRegressed), of(exchanged, Verdict::kImproved));
    EXPECT_EQ(of(report, Verdict::kImproved), of(exchanged, Verdict::kRegressed));
    for (const CellResult& cell : report.cells) ++seen[cell.verdict];
  }
  EXPECT_GT(seen[Verdict::kRegressed], 50);
  EXPECT_GT(seen[Verdict::kImproved], 50);
  EXPECT_GT(seen[Verdict::kPass], 50);
}

TEST(Judge, TheIntervalShownIsTheOneDecidedBy) {
  std::map<Verdict, int> seen;
  for (const TestSession& session : many_sessions()) {
    const Report report = session.judge();
    std::vector<MetricTest> tests = report.suite;
    for (const CellResult& cell : report.cells) tests.push_back(time_test(cell));
    for (const MetricTest& test : tests) {
      const Change& change = *test.change;
      const double least = std::log1p(&test == &tests.front() ? 0.005 : 0.02);
      const double log_change = std::log1p(change.estimate);
      EXPECT_EQ(test.verdict == Verdict::kRegressed, *change.lower > 0 && log_change > least);
      EXPECT_EQ(test.verdict == Verdict::kImproved, *change.upper < 0 && log_change < -least);
      if (test.verdict != Verdict::kRegressed) {
        EXPECT_EQ(test.verdict == Verdict::kInconclusive, *change.at_most >= report.mde);
      }
      ++seen[test.verdict];
    }
  }
  EXPECT_GT(seen[Verdict::kRegressed], 50);
  EXPECT_GT(seen[Verdict::kImproved], 50);
  EXPECT_GT(seen[Verdict::kPass], 50);
}

TEST(Judge, ASureButSmallSlowdownIsNoRegression) {
  TestSession session;
  session.add_cell("a", 1.5);
  EXPECT_EQ(session.judge().worst(), Verdict::kPass);
}

TEST(Judge, ASlowdownBetweenTheBoundsIsInconclusive) {
  TestSession session;
  session.add_cell("a", 4.9);
  session.input.session.alpha = 1e-9;
  const Report report = session.judge();
  EXPECT_EQ(report.worst(), Verdict::kInconclusive);
  EXPECT_TRUE(wants_more_pairs(report));
  session.input.session.mde = 0.1;
  EXPECT_EQ(session.judge().worst(), Verdict::kPass);
}

TEST(Judge, TheGeometricMeanFindsWhatNoCellShows) {
  TestSession session;
  for (int cell = 0; cell < 12; ++cell) session.add_cell(std::string(1, 'a' + cell), 1);
  const Report report = session.judge();
  EXPECT_EQ(report.count(Verdict::kPass), 12);
  EXPECT_EQ(report.suite.front().verdict, Verdict::kRegressed);
  EXPECT_EQ(report.worst(), Verdict::kRegressed);
}

TEST(Judge, ARateIsWorseWhereItFalls) {
  TestSession session;
  session.input.session.metrics = {"tokens_per_second"};
  session.add_cell("a", 0);
  for (auto& run : session.input.records) {
    const bool is_base = run.pair->arm == record::Arm::kBase;
    run.metrics["tokens_per_second"] = {.unit = "tokens/s", .value = is_base ? 100.0 : 80.0};
  }
  const Report report = session.judge();
  EXPECT_EQ(report.worst(), Verdict::kRegressed);
  EXPECT_NEAR(time_test(report.cells[0]).change->estimate, 0.25, 1e-12);
}

// With a median of each arm "7.94 -> 8.29 ms" can stand beside "+18 %".
TEST(Judge, WorseByIsTheQuotientOfWhatIsShown) {
  for (const int pairs : {2, 3, 4, 5}) {
    TestSession session;
    session.input.session.looks = {pairs};
    session.input.session.metrics = {"step_time", "tokens_per_second"};
    session.plan("a");
    const double slower[] = {1.5, 1.02, 1.3, 1.01, 1.1};
    for (int i = 0; i < pairs; ++i)
      session.add("a", 100e6 + 2e7 * i, (120e6 - 9e6 * i) * slower[i]);
    for (auto& run : session.input.records) {
      run.metrics["tokens_per_second"] = {.unit = "tokens/s",
                                          .value = 1e12 / *run.metrics["step_time"].value};
    }
    const Report report = session.judge();
    const auto& tests = report.cells[0].tests;
    const MetricTest& rate = tests.back();
    const MetricTest& time = tests[tests.size() - 2];
    EXPECT_NEAR(time.change->estimate, *time.candidate / *time.base - 1, 1e-12);
    EXPECT_NEAR(rate.change->estimate, *rate.base / *rate.candidate - 1, 1e-12);
    EXPECT_NEAR(rate.change->estimate, time.change->estimate, 1e-12);
  }
}

TEST(Judge, OnePairIsInconclusiveWithoutACalibration) {
  TestSession session;
  session.input.session.looks = {1};
  session.plan("a");
  session.add("a", 100e6, 100e6);
  Report report = session.judge();
  EXPECT_EQ(report.worst(), Verdict::kInconclusive);
  EXPECT_THAT(time_test(report.cells[0]).note, HasSubstr("the noise is unknown"));
  EXPECT_EQ(time_test(report.cells[0]).noise, std::nullopt);

  for (const double ns : {100.1e6, 99.8e6, 100.2e6, 100e6}) session.calibrate("a", 100e6, ns);
  EXPECT_EQ(session.judge().worst(), Verdict::kPass) << "with one it can pass";
}

TEST(Judge, ZeroVarianceIsDecidedByTheSmallestBelievableOne) {
  TestSession session;
  session.plan("same");
  session.plan("slower");
  for (int i = 0; i < 4; ++i) {
    session.add("same", 100e6, 100e6);
    session.add("slower", 100e6, 103e6);
  }
  const Report report = session.judge();
  EXPECT_EQ(report.cells[0].verdict, Verdict::kPass);
  EXPECT_EQ(report.cells[1].verdict, Verdict::kRegressed);
  EXPECT_GT(time_test(report.cells[0]).noise.value(), 0);
}

TEST(Judge, ValuesWithoutALogarithmAreNotMeasured) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), 0.0, -5.0}) {
    TestSession session;
    session.add_cell("a", 0);
    session.input.session.looks = {5};
    session.add("a", 100e6, bad);
    const Report report = session.judge();
    EXPECT_EQ(report.worst(), Verdict::kInconclusive);
    EXPECT_EQ(time_test(report.cells[0]).pairs, 4);
    EXPECT_EQ(time_test(report.cells[0]).note, "measured in 4 of 5 planned pairs");

    TestSession alone;
    alone.plan("a");
    alone.add("a", bad, 100e6);
    EXPECT_EQ(alone.judge().worst(), Verdict::kMissing);
    EXPECT_THAT(time_test(alone.judge().cells[0]).note, HasSubstr("not measured"));
  }
}

TEST(Judge, ACellWithFewerPairsThanPlannedIsInconclusive) {
  TestSession session;
  session.add_cell("a", 0);
  session.add_cell("slower", 20);
  session.plan("b");
  for (int i = 0; i < 3; ++i) session.add("b", 100e6, 200e6);
  const Report report = session.judge();
  EXPECT_EQ(report.cells[0].verdict, Verdict::kPass);
  EXPECT_EQ(report.cells[1].verdict, Verdict::kRegressed) << "it has the planned pairs";
  EXPECT_EQ(report.cells[2].verdict, Verdict::kInconclusive);
  EXPECT_EQ(time_test(report.cells[2]).note, "3 of 4 planned pairs");
  EXPECT_THAT(report.notes, Contains(HasSubstr("the same moebench ab goes on with it")));
}

// Equal runs, or a slowdown of which nobody doubts: no number of pairs is judged but the planned.
TEST(Judge, ASessionThatWasCutShortIsInconclusive) {
  for (const std::vector<int>& looks : {std::vector{6}, std::vector{6, 12, 20}}) {
    for (const double slowdown : {1.0, 3.0}) {
      for (const int pairs : {2, 3, 5}) {
        TestSession session;
        session.input.session.looks = looks;
        for (const char* cell : {"a", "b"}) {
          session.plan(cell);
          for (int i = 0; i < pairs; ++i) {
            session.add(cell, 100e6 + 1e5 * i, slowdown * (100e6 - 1e5 * i));
          }
        }
        const Report report = session.judge();
        EXPECT_EQ(report.worst(), Verdict::kInconclusive);
        EXPECT_EQ(report.count(Verdict::kInconclusive), 2);
        EXPECT_EQ(report.suite.front().verdict, Verdict::kInconclusive);
        EXPECT_TRUE(wants_more_pairs(report));
        EXPECT_THAT(report.notes, Contains(HasSubstr("cut short")));
      }
    }
  }
}

TEST(Judge, AfterALookASessionIsWhatThatLookSays) {
  const auto judge_with = [](int more, double slowdown) {
    TestSession session;
    session.input.session.looks = {4, 8};
    session.input.session.alpha = 1e-9;
    session.add_cell("a", slowdown);
    for (int i = 0; i < more; ++i) session.add("a", 100e6, 300e6);
    return session.judge();
  };
  for (const int more : {0, 1, 3}) {
    EXPECT_EQ(judge_with(more, 0).worst(), Verdict::kPass);
    const Report open = judge_with(more, 4.9);
    EXPECT_EQ(open.worst(), Verdict::kInconclusive);
    EXPECT_THAT(open.notes, Contains(HasSubstr("the same moebench ab goes on")));
  }
  EXPECT_EQ(judge_with(4, 0).worst(), Verdict::kInconclusive) << "the second look has all eight";
}

TEST(Judge, ACellThatWasGivenUpIsInconclusive) {
  TestSession session;
  session.add_cell("a", 0);
  session.plan("busy");
  for (int i = 0; i < 8; ++i) {
    auto [base, candidate] = session.add("busy", 100e6, 100e6);
    if (i > 2) candidate->metrics["other_cores"] = {.unit = "1", .value = 1.5};
  }
  const Report report = session.judge();
  EXPECT_EQ(report.cells[1].verdict, Verdict::kInconclusive);
  EXPECT_THAT(report.notes, Contains(HasSubstr("larger --busy-cores")));
}

TEST(Judge, InconclusiveAtTheEndSaysWhatHelps) {
  TestSession session;
  session.plan("a");
  for (const double ns : {100e6, 140e6, 70e6, 120e6}) session.add("a", 100e6, ns);
  EXPECT_EQ(session.judge().worst(), Verdict::kInconclusive);
  EXPECT_THAT(session.judge().notes, Contains(HasSubstr("moebench calibrate")));
}

TEST(Judge, NothingToCompareIsAnError) {
  TestSession session;
  session.plan("a");
  EXPECT_THAT(judge_error<Error>(session), HasSubstr("no runs yet"));
  session.add("b", 100e6, 100e6);
  EXPECT_THAT(judge_error<Error>(session), HasSubstr("no planned cell has a pair"));
}

TEST(Judge, UnpairedRunsAreNotComparable) {
  TestSession session;
  session.add_cell("a", 0);
  session.input.records[3].pair.reset();
  EXPECT_THAT(judge_error<NotComparable>(session),
              HasSubstr("repetition 3 of cell a is no run of a pair"));
}

TEST(Judge, TwoRunsInOnePlaceAreAnError) {
  TestSession session;
  session.add_cell("a", 0);
  session.input.records.push_back(session.input.records[2]);
  EXPECT_THAT(judge_error<Error>(session), HasSubstr("pair 1 of cell a has two runs of the base"));
}

TEST(Judge, AnotherMachinesCalibrationIsNotComparable) {
  TestSession session;
  session.add_cell("a", 0);
  session.calibrate("a", 100e6, 101e6);
  for (auto& run : session.input.calibration) run.environment["cpu_model"] = "other";
  EXPECT_THAT(judge_error<NotComparable>(session), HasSubstr("cpu_model is 'cpu', not 'other'"));
}

TEST(Judge, OtherHostsAreNotComparable) {
  TestSession session;
  session.add_cell("a", 0);
  session.calibrate("a", 100e6, 101e6);
  for (auto& run : session.input.records) run.environment["hosts"] = "n1, n2";
  for (auto& run : session.input.calibration) run.environment["hosts"] = "n2, n1";
  EXPECT_EQ(session.judge().worst(), Verdict::kPass);
  for (auto& run : session.input.calibration) run.environment["hosts"] = "n1, n3";
  EXPECT_THAT(judge_error<NotComparable>(session),
              HasSubstr("other hosts: cell a: it ran on 'n1', 'n2', not on 'n1', 'n3'"));
  session.input.calibration.clear();
  session.input.records[1].environment["hosts"] = "n1, n3";
  EXPECT_THAT(session.judge().notes, Contains(HasSubstr("other hosts beside the candidate")));
}

TEST(Judge, ACalibrationThatIsQuieterIsLeftOut) {
  TestSession session;
  session.add_cell("a", 0);
  session.add_cell("b", 0);
  for (int i = 0; i < 6; ++i) {
    session.calibrate("a", 100e6, 100e6 + 1e3 * i);
    session.calibrate("b", 100e6, 100e6 - 1e3 * i);
  }
  EXPECT_THAT(session.judge().notes, Contains(HasSubstr("the calibration is left out")));
}

TEST(Judge, PairsAreInvalidByTelemetryAlone) {
  TestSession session;
  session.add_cell("a", 0);
  const auto spoil = [&](const char* metric, const char* unit, double value) {
    auto [base, candidate] = session.add("a", 100e6, 500e6);
    base->metrics["core_clock"] = {.unit = "Hz", .value = 3e9};
    candidate->metrics[metric] = {.unit = unit, .value = value};
  };
  spoil("other_cores", "1", 0.3);
  spoil("swap_growth", "bytes", 1e9);
  spoil("core_clock", "Hz", 2.5e9);
  session.add("a", 100e6, 500e6).second->environment["cores_allowed"] = "1";
  const Report report = session.judge();
  EXPECT_EQ(report.worst(), Verdict::kPass);
  EXPECT_EQ(report.cells[0].valid_pairs, 4);
  EXPECT_THAT(report.notes, Contains(HasSubstr("4 pairs do not count")));
  EXPECT_THAT(report.notes, Contains(HasSubstr("0.30 cores more beside the candidate")));
  EXPECT_THAT(report.notes, Contains(HasSubstr("the clock dropped from 3000 to 2500 MHz")));
  EXPECT_THAT(report.notes, Contains(HasSubstr("1000 MB were swapped out")));
  EXPECT_THAT(report.notes, Contains(HasSubstr("cores_allowed is '1', not unknown")));
}

TEST(Judge, AnInterruptedPairDoesNotCount) {
  TestSession session;
  session.add_cell("a", 0);
  session.add("a", 100e6, 100e6);
  session.input.records.pop_back();
  const Report report = session.judge();
  EXPECT_EQ(report.cells[0].valid_pairs, 4);
  EXPECT_THAT(report.notes, Contains(HasSubstr("1 pairs were interrupted")));
}

TEST(Judge, LooksAreThoseThatWereSetBeforehand) {
  TestSession session;
  session.add_cell("a", 0);
  for (int i = 0; i < 3; ++i) session.add("a", 100e6, 300e6);
  session.input.session.looks = {4, 8};
  const Report report = session.judge();
  EXPECT_EQ(report.worst(), Verdict::kPass) << "three pairs wait for the second look";
  EXPECT_THAT(report.notes, Contains(HasSubstr("judged by the first 4 valid pairs")));
}

// Raises alpha until the session is REGRESSED.
void find_alpha(TestSession& session) {
  session.input.session.alpha = 1e-9;
  while (session.judge().worst() != Verdict::kRegressed) session.input.session.alpha *= 1.5;
}

TEST(Judge, EachLookHasItsPartOfAlpha) {
  TestSession session;
  session.add_cell("a", 3);
  session.input.session.mde = 0.01;
  find_alpha(session);
  session.input.session.looks = {4, 8};
  EXPECT_EQ(session.judge().worst(), Verdict::kInconclusive);
  session.input.session.alpha *= 2;
  EXPECT_EQ(session.judge().worst(), Verdict::kRegressed);
}

TEST(Judge, LaterLooksSpendWhatWasKeptForThem) {
  TestSession session;
  session.add_cell("a", 3);
  session.input.session.mde = 0.01;
  find_alpha(session);
  record::Session& plan = session.input.session;
  record::plan_looks(plan, {4});
  EXPECT_EQ(session.judge().worst(), Verdict::kInconclusive) << "three quarters of alpha";
  plan.alpha /= 0.75;
  EXPECT_EQ(session.judge().worst(), Verdict::kRegressed);

  // The same four pairs as a later look, which has an eighth.
  plan.looks = {2};
  plan.later_looks = {4, 8};
  plan.extended = 1;
  EXPECT_EQ(session.judge().worst(), Verdict::kInconclusive);
  plan.alpha *= 0.75 / 0.125;
  EXPECT_EQ(session.judge().worst(), Verdict::kRegressed);
  plan.extended = 0;
  EXPECT_THAT(session.judge().notes, Contains(HasSubstr("judged by the first 2 valid pairs")));
}

TEST(Judge, InconclusiveSaysHowManyPairsMoreWouldDecide) {
  TestSession session;
  record::plan_looks(session.input.session, {4});
  session.plan("a");
  for (const double ns : {100e6, 140e6, 70e6, 120e6}) {
    auto [base, candidate] = session.add("a", 100e6, ns);
    base->metrics["run_time"] = candidate->metrics["run_time"] = {.unit = "ns", .value = 30e9};
  }
  const Report report = session.judge();
  const MetricTest& test = time_test(report.cells[0]);
  ASSERT_EQ(test.verdict, Verdict::kInconclusive);
  ASSERT_GT(test.deciding_pairs.value(), 4);
  EXPECT_EQ(test.note, fmt::format("about {} pairs more would decide", *test.deciding_pairs - 4));
  EXPECT_THAT(report.notes,
              Contains(AllOf(HasSubstr("inconclusive after 4 pairs of a cell; about "),
                             HasSubstr(" h of this machine"), HasSubstr("with --extend adds"),
                             HasSubstr("at 8 pairs (4.0 min of this machine)"))));

  session.input.session.extended = 4;
  session.input.session.later_looks = {5, 6, 7, 8};
  EXPECT_THAT(session.judge().notes, Contains(HasSubstr("the next look is set, at 5")));
  session.input.session.later_looks.clear();
  session.input.session.extended = 0;
  EXPECT_THAT(session.judge().notes, Contains(HasSubstr("more --pairs in a new session")));
}

TEST(Judge, AFailedRunFailsItsCellUnlessThatIsKnown) {
  TestSession session;
  session.add_cell("a", 0);
  auto& run = session.input.records[1];
  run.disposition = record::Disposition::kCrashed;
  run.message = "signal 11\nmore";
  EXPECT_EQ(session.judge().worst(), Verdict::kFailed);
  EXPECT_EQ(session.judge().cells[0].message, "crashed (candidate): signal 11");

  run.known_failure = record::KnownFailure{"bug", "2024-06-01"};
  EXPECT_EQ(session.judge().cells[0].verdict, Verdict::kKnownFailure);
  session.input.today = "2024-06-02";
  EXPECT_EQ(session.judge().cells[0].verdict, Verdict::kFailed);
  EXPECT_THAT(session.judge().cells[0].message,
              HasSubstr("known until 2024-06-01, which has passed"));

  run.disposition = record::Disposition::kOk;
  session.input.today = "2024-06-01";
  EXPECT_THAT(session.judge().notes, Contains(HasSubstr("passes unexpectedly")));
}

TEST(Judge, MissingAndNewCellsAreListed) {
  TestSession session;
  session.add_cell("a", 0);
  session.plan("b");
  session.add("c", 100e6, 100e6);
  const Report report = session.judge();
  EXPECT_EQ(report.worst(), Verdict::kMissing);
  EXPECT_EQ(report.cells[1].message, "no pair was run");
  EXPECT_THAT(report.notes, Contains(HasSubstr("cut short")));
  EXPECT_EQ(report.cells[2].verdict, Verdict::kNew);
}

}  // namespace
}  // namespace moebench::gate
