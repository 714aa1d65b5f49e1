#include "tools/moebench/shipped.h"

#include "harness/base/error.h"
#include "harness/base/suite_files.h"
#include "harness/base/words.h"
#include "harness/config/shipped.h"

namespace moebench::cli {

namespace fs = std::filesystem;

fs::path find_model_config(const std::string& word) {
  std::error_code error;
  if (fs::is_regular_file(word, error)) return word;
  if (fs::is_regular_file(fs::path(word) / "config.json", error)) {
    return fs::path(word) / "config.json";
  }
  const std::vector<fs::path> folders = config::shipped_model_folders();
  if (const auto file = config::find_model(word, folders)) return *file;
  const bool has_some = !config::models_in(folders).empty();
  throw Error("no model '{}'; give a config.json, a folder that holds one, or a shipped name{}{}",
              shortened(word), has_some ? ": " : "",
              has_some ? config::model_suggestion(word, folders) : "");
}

fs::path shipped_figures() {
  const auto folder = suite_folder("scenarios");
  std::error_code error;
  if (folder && fs::is_regular_file(*folder / "reference/published.csv", error)) {
    return *folder / "reference/published.csv";
  }
  throw Error("no published figures beside this program; name a file: --published FILE");
}

}  // namespace moebench::cli
