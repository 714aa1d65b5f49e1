#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "harness/trainers/adapter.h"

// A rank above it is a number that means something else.
inline constexpr int kMaxRank = 1 << 24;

// The adapters of this folder; adapter.cpp holds their table.
namespace moebench::trainers {

AdapterInfo events_adapter();
AdapterInfo torchtitan_adapter();
AdapterInfo fms_hf_tuning_adapter();
AdapterInfo ms_swift_adapter();
AdapterInfo axolotl_adapter();
AdapterInfo llama_factory_adapter();
AdapterInfo hf_trainer_adapter();
AdapterInfo megatron_bridge_adapter();
AdapterInfo megatron_lm_adapter();
AdapterInfo automodel_adapter();
AdapterInfo deepspeed_adapter();
AdapterInfo pith_train_adapter();
AdapterInfo maxtext_adapter();
AdapterInfo regex_adapter();

// What all adapters do alike: count lines, know their place, state what the numbers mean.
class LineAdapter : public Adapter {
 public:
  explicit LineAdapter(const Meaning& meaning) { log_.meaning = meaning; }

  void begin_file(std::string_view name) override { file_ = name; }
  void read_line(std::string_view line, std::int64_t number) final;
  TrainerLog finish() final;

 protected:
  // Whether the line says something.
  virtual bool match(std::string_view line, std::int64_t number) = 0;
  // Fills log() after the last line.
  virtual void complete() = 0;

  TrainerLog& log() { return log_; }
  const std::string& file() const { return file_; }
  void warn(std::string_view sentence);
  // That none of the lines was of this trainer.
  void disown();

 private:
  TrainerLog log_;
  std::string file_;
};

template <typename A>
std::unique_ptr<Adapter> make_adapter(const AdapterOptions&) {
  return std::make_unique<A>();
}

}  // namespace moebench::trainers
