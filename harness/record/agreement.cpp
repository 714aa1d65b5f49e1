#include "harness/record/agreement.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "harness/base/check.h"

namespace moebench::record {
namespace {

// These factors are for gradient norms and single losses, which are one number each; token losses
// are many. In fp32 sums of many products round more often than weights do. reports/README.md has
// the measured figures.
constexpr double kNoiseFactorBf16 = 4;
constexpr double kNoiseFactorFp32 = 20;
constexpr double kShareOfTokenLosses = 0.5;
// The move of token losses says how far gradient norms may move, even where one run's did not.
constexpr double kNormsToTokens = 1.0 / 8;
// What ties do to gradient norms is not measured: it is about as much as to token losses, both
// relative.
constexpr double kTieFactorOfNorms = 4;

// The first steps, in which records without measured noise are compared: equal arms in bf16 pass
// the bounds from step 10 on at a learning rate of 1e-3.
constexpr std::size_t kComparedSteps = 4;

const Metric* metric_of(const CellRecord& record, const char* name) {
  const auto found = record.metrics.find(name);
  return found == record.metrics.end() || found->second.samples.empty() ? nullptr : &found->second;
}

constexpr const char* kJudged[] = {"first_losses", "token_loss_projections", "token_loss_noise",
                                   "layer_grad_norms", "layer_grad_noise"};

// Steps whose noise both have measured, in the same shape; 0 where one has not.
std::size_t common_steps(const CellRecord& a, const CellRecord& b) {
  for (const char* name : kJudged) {
    const Metric* of_a = metric_of(a, name);
    const Metric* of_b = metric_of(b, name);
    if (of_a == nullptr || of_b == nullptr) return 0;
    if (of_a->samples.size() != of_b->samples.size()) return 0;
  }
  return metric_of(a, "token_loss_noise")->samples.size();
}

// A metric's numbers of one step, of a record that has common_steps with another.
std::span<const double> of_step(const CellRecord& record, const char* name, std::size_t step) {
  const std::vector<double>& samples = metric_of(record, name)->samples;
  const std::size_t width = samples.size() / metric_of(record, "token_loss_noise")->samples.size();
  return std::span(samples).subspan(step * width, width);
}

// Takes the smaller of the two: a fault that comes and goes moves its own arm's repetition as well.
double noise_of(const CellRecord& a, const CellRecord& b, const char* name, std::size_t step) {
  return std::min(of_step(a, name, step)[0], of_step(b, name, step)[0]);
}

// The noise of layers moves together, so that a step's figure is nearly one number, which may be
// small by chance: this takes the largest of each run's steps, and the smaller of the two runs.
double noise_of_norms(const CellRecord& a, const CellRecord& b) {
  const auto largest = [](const CellRecord& record) {
    return std::ranges::max(metric_of(record, "layer_grad_noise")->samples);
  };
  return std::min(largest(a), largest(b));
}

// Returns the larger of both runs' ties; only fp32 has any.
double ties_of(const CellRecord& a, const CellRecord& b, std::size_t step) {
  double most = 0;
  for (const CellRecord* record : {&a, &b}) {
    const Metric* ties = metric_of(*record, "token_loss_by_ties");
    if (ties != nullptr && step < ties->samples.size()) most = std::max(most, ties->samples[step]);
  }
  return most;
}

double tokens_a_step(const CellRecord& record) {
  const Metric* loss = metric_of(record, "loss");
  const auto tokens = record.value("loss_tokens");
  if (loss == nullptr || !tokens) return 1;
  return std::max(1.0, *tokens / static_cast<double>(loss->samples.size()));
}

std::vector<Comparison> by_noise(const CellRecord& run, const CellRecord& reference) {
  const double factor = noise_factor(run);
  const double floor =
      run.axis("dtype") == "fp32" ? 1e-6 : 1e-3;  // of numbers about 1: of their own rounding
  std::vector<Comparison> all;
  for (std::size_t step = 0; step < common_steps(run, reference); ++step) {
    const auto apart = [&](const char* metric, bool relative) {
      return root_mean_square(of_step(run, metric, step), of_step(reference, metric, step),
                              relative);
    };
    const double noise = noise_of(run, reference, "token_loss_noise", step);
    const double ties = ties_of(run, reference, step);
    const double losses = factor * kShareOfTokenLosses * noise + ties + floor;
    const double norms = factor * (noise_of_norms(run, reference) + kNormsToTokens * noise) +
                         kTieFactorOfNorms * ties + floor;
    all.push_back(
        {"token losses of step", step + 1, apart("token_loss_projections", false), losses});
    all.push_back(
        {"gradient norms of the layers of step", step + 1, apart("layer_grad_norms", true), norms});
    all.push_back({"loss of step", step + 1, apart("first_losses", false), losses});
  }
  return all;
}

std::vector<Comparison> by_bound(const CellRecord& run, const CellRecord& reference) {
  const LossBound bound = loss_bound(run);
  struct Judged {
    const char* metric;
    const char* kind;
    double allowed;
  };
  const Judged judged[] = {{"loss", "loss of measured step", bound.loss},
                           {"grad_norm", "grad_norm of measured step", bound.grad_norm}};
  std::vector<Comparison> all;
  for (const auto& [name, kind, allowed] : judged) {
    const Metric* values = metric_of(run, name);
    const Metric* others = metric_of(reference, name);
    if (values == nullptr || others == nullptr) continue;
    const std::size_t steps =
        std::min({values->samples.size(), others->samples.size(), kComparedSteps});
    for (std::size_t step = 0; step < steps; ++step) {
      const double value = values->samples[step], other = others->samples[step];
      const double apart = value == other ? 0 : std::abs(value - other) / std::abs(other);
      all.push_back({kind, step + 1, apart, allowed});
    }
  }
  return all;
}

}  // namespace

std::string Comparison::quantity() const { return fmt::format("{} {}", kind, step); }

double root_mean_square(std::span<const double> a, std::span<const double> b, bool relative) {
  MOEBENCH_CHECK(a.size() == b.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = a[i] == b[i] ? 0 : (a[i] - b[i]) / (relative ? std::abs(b[i]) : 1);
    sum += difference * difference;
  }
  return std::sqrt(sum / static_cast<double>(a.size()));
}

double noise_factor(const CellRecord& record) {
  return record.axis("dtype") == "fp32" ? kNoiseFactorFp32 : kNoiseFactorBf16;
}

LossBound loss_bound(const CellRecord& record) {
  if (record.axis("dtype") == "fp32") return {1e-5, 1e-4};
  // The rounding of bf16 averages out over the tokens of a step; the bounds are those of this many.
  constexpr double kTokens = 2048;
  const double factor = std::max(1.0, std::sqrt(kTokens / tokens_a_step(record)));
  return {5e-4 * factor, 1e-2 * factor};
}

std::vector<Comparison> comparisons(const CellRecord& run, const CellRecord& reference) {
  return common_steps(run, reference) > 0 ? by_noise(run, reference) : by_bound(run, reference);
}

bool is_compared(std::string_view metric) {
  constexpr std::string_view kOthers[] = {"token_loss_by_ties", "loss", "grad_norm"};
  return std::ranges::find(kJudged, metric) != std::end(kJudged) ||
         std::ranges::find(kOthers, metric) != std::end(kOthers);
}

std::optional<Comparison> disagreement(const CellRecord& run, const CellRecord& reference) {
  const std::vector<Comparison> all = comparisons(run, reference);
  const auto first = std::ranges::find(all, false, &Comparison::agrees);
  return first == all.end() ? std::nullopt : std::optional(*first);
}

}  // namespace moebench::record
