#include "harness/session/encode_text.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>
#include <ostream>
#include <set>
#include <string>

#include "harness/base/environment_variable.h"
#include "harness/base/error.h"
#include "harness/base/file.h"
#include "harness/base/hash.h"
#include "harness/base/printable.h"
#include "harness/base/suite_files.h"
#include "harness/base/temporary_folder.h"
#include "harness/base/words.h"
#include "harness/data/encoded_text.h"
#include "harness/data/text.h"
#include "harness/launch/process.h"
#include "harness/launch/programs.h"
#include "harness/session/encode_text_script.h"

namespace moebench::session {
namespace {

namespace fs = std::filesystem;

// A Python that has the package, and the package's name and version.
struct Encoder {
  std::string python;
  std::string version;  // "tokenizers 0.23.3"
};

// The environments that tools/setup makes, and what PATH has.
std::vector<std::string> usual_pythons() {
  std::vector<std::string> pythons;
  if (const auto cache = user_cache()) {
    for (const char* environment : {"tokenizer", "trainers"}) {
      pythons.push_back((*cache / environment / "bin" / "python").string());
    }
  }
  pythons.push_back("python3");
  pythons.push_back("/usr/bin/python3");
  return pythons;
}

bool is_there(const std::string& program) {
  return program.find('/') == std::string::npos ? launch::is_in_path(program)
                                                : launch::is_program(program);
}

// What a command that ends well prints; its stderr becomes `complaint`.
std::optional<std::string> output_of(const std::vector<std::string>& command,
                                     std::string& complaint) {
  const TemporaryFolder folder("moebench-encode");
  launch::ProcessOptions process;
  process.command = command;
  // It would otherwise warn of what our own processes are to it.
  process.environment = {{"TOKENIZERS_PARALLELISM", "true"}};
  process.stdout_path = folder.path() / "stdout";
  process.stderr_path = folder.path() / "stderr";
  const launch::ProcessResult result = launch::run_process(process);
  complaint = shortened(printable(read_file(process.stderr_path)), 500);
  while (complaint.ends_with('\n')) complaint.pop_back();
  if (result.exit_code != 0 || result.signal != 0 || result.interrupted) return std::nullopt;
  std::string text = read_file(process.stdout_path);
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

Encoder find_encoder() {
  const auto named = environment_variable("MOEBENCH_PYTHON");
  const std::vector<std::string> pythons =
      named ? std::vector<std::string>{*named} : usual_pythons();
  std::vector<std::string> asked;
  for (const std::string& python : pythons) {
    if (!is_there(python)) continue;
    std::string ignored;
    const auto version = output_of(
        {python, "-c", "import tokenizers; print('tokenizers', tokenizers.__version__)"}, ignored);
    if (version) return {python, *version};
    asked.push_back(python);
  }
  const std::string reason =
      asked.empty() ? named ? fmt::format("MOEBENCH_PYTHON, '{}', is no program", *named)
                            : std::string("there is no python3")
                    : fmt::format("'{}' has it not", fmt::join(asked, "' has it not, '"));
  throw Error(
      "a text with a tokenizer is encoded by the Python package 'tokenizers', and {}; install it "
      "with tools/setup --tokenizer or pip install tokenizers, or let MOEBENCH_PYTHON name a "
      "Python that has it",
      reason);
}

std::string tokenizer_text(const std::string& path) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return read_file(path);
  throw Error(
      "there is no tokenizer '{}'; correct 'tokenizer' of the scenario's data, which is the path "
      "of a tokenizer.json{}",
      path, fs::is_directory(path, ignored) ? ", no folder" : "");
}

// Of all that the tokens follow from.
std::string key_of(const config::DataConfig& data, const std::string& text,
                   const Encoder& encoder) {
  return hash_hex(fmt::format("{}\n{:016x}\n{:016x}\n{}", encoder.version,
                              hash64(tokenizer_text(data.tokenizer)), hash64(text), data.delimiter),
                  16);
}

bool has_key(const fs::path& path, const std::string& key) {
  if (!fs::exists(path)) return false;
  try {
    return data::EncodedText(path).key() == key;
  } catch (const Error&) {
    return false;  // it is written anew
  }
}

// Gone with the object, whatever became of it.
class ScratchFile {
 public:
  explicit ScratchFile(fs::path path) : path_(std::move(path)) {}
  ~ScratchFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// False where it was interrupted.
bool encode(const config::CellConfig& cell, const fs::path& path, const Encoder& encoder,
            std::ostream& notes) {
  const config::DataConfig& data = cell.data;
  const std::string text = data::read_text(data);
  const std::string key = key_of(data, text, encoder);
  if (has_key(path, key)) return true;
  notes << fmt::format("data: encoding {} bytes with {} ({})\n", text.size(), data.tokenizer,
                       encoder.version)
        << std::flush;
  fs::create_directories(path.parent_path());
  const ScratchFile bytes(path.string() + ".text");
  const ScratchFile tokens(path.string() + ".tmp");
  data::write_encoded_bytes(bytes.path(), key, data::split_text(text, data));
  launch::handle_interrupts();
  std::string complaint;
  const auto done =
      output_of({encoder.python, "-c", std::string(encode_text_script()), data.tokenizer,
                 bytes.path().string(), tokens.path().string(), encoder.version},
                complaint);
  if (launch::interrupted()) return false;
  if (!done) {
    throw Error("cannot encode '{}' with '{}': {}", fmt::join(data.files, "', '"), data.tokenizer,
                complaint);
  }
  fs::rename(tokens.path(), path);
  return true;
}

}  // namespace

bool encode_texts(const std::vector<config::CellConfig>& cells, const fs::path& results_folder,
                  std::ostream& notes) {
  std::optional<Encoder> encoder;
  std::set<fs::path> done;
  for (const config::CellConfig& cell : cells) {
    if (!data::needs_encoding(cell)) continue;
    const fs::path path = data::encoded_text_path(cell, results_folder);
    if (!done.insert(path).second) continue;
    if (!encoder) encoder = find_encoder();
    if (!encode(cell, path, *encoder, notes)) return false;
  }
  return true;
}

}  // namespace moebench::session
