#include "harness/train/periodic_saver.h"

#include <utility>

#include "harness/measure/clock.h"
#include "harness/measure/phases.h"
#include "harness/record/put_metric.h"

namespace moebench::train {

PeriodicSaver::PeriodicSaver(const config::CellConfig& cell, comm::Communicator& world,
                             SaveOptions options)
    : cell_(cell), world_(world), options_(std::move(options)) {}

bool PeriodicSaver::is_due(const Engine& engine) const {
  return cell_.checkpoint_every > 0 && engine.num_updates() % cell_.checkpoint_every == 0;
}

void PeriodicSaver::save(Engine& engine, std::int64_t next_data_step) {
  const measure::PhaseScope phase(measure::Phase::kCheckpoint);
  const measure::Stopwatch watch;
  num_bytes_ = save_checkpoint(engine, cell_, world_, next_data_step, options_);
  save_time_ns_.push_back(static_cast<double>(watch.elapsed_ns()));
}

void PeriodicSaver::write(record::Metrics& metrics) const {
  if (save_time_ns_.empty()) return;
  put_series(metrics, "checkpoint_save_time", save_time_ns_);
  put(metrics, "checkpoint_bytes", num_bytes_);
}

}  // namespace moebench::train
