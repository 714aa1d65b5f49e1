#include <map>

#include "harness/base/error.h"
#include "harness/weights/checkpoint_files.h"
#include "harness/weights/parameters.h"

namespace moebench::weights {
namespace {

class CheckpointSource : public ParameterSource {
 public:
  CheckpointSource(const std::string& path, const std::vector<ParameterSpec>& parameters)
      : files_(path) {
    for (const ParameterSpec& p : parameters) tensors_[p.name] = files_.find(p.name, p.shape);
  }

  void read(const ParameterSpec& parameter, std::int64_t begin,
            std::span<float> out) const override {
    check_range(parameter, begin, out.size());
    const auto tensor = tensors_.find(parameter.name);
    if (tensor == tensors_.end()) {
      throw Error(
          "parameter '{}' is not among those of the model that the checkpoint was opened "
          "for; open it with the right config.json",
          parameter.name);
    }
    tensor->second.read(begin, out);
  }

 private:
  CheckpointFiles files_;
  std::map<std::string, CheckpointFiles::Tensor> tensors_;
};

}  // namespace

std::unique_ptr<ParameterSource> checkpoint_source(const std::string& path,
                                                   const config::ModelConfig& model) {
  return std::make_unique<CheckpointSource>(path, model_parameters(model));
}

}  // namespace moebench::weights
