#include "harness/config/cell.h"
#include "harness/config/shipped.h"
#include "harness/estimate/model_size.h"
#include "tools/moebench/commands.h"
#include "tools/moebench/output.h"

namespace moebench::cli {
namespace {

constexpr double kBytesOfBf16 = 2;
constexpr reports::NumberStyle kMillions{.printed_unit = "M", .divisor = 1e6};
constexpr reports::NumberStyle kGigabytes{"bytes", "GB", kBytesPerGigabyte};

reports::Table table_of_models() {
  return {reports::key_column("model"),
          reports::words_column("type"),
          reports::number_column("layers", reports::kCount),
          reports::number_column("experts", reports::kCount),
          reports::number_column("of a token", reports::kCount, "top_k"),
          reports::number_column("hidden", reports::kCount, "hidden_size"),
          reports::number_column("parameters", kMillions),
          reports::number_column("active", kMillions, "active_parameters"),
          reports::number_column("bf16", kGigabytes, "bf16_bytes")};
}

void add_model(const config::ModelConfig& model, reports::Table& table) {
  const auto number = [](std::int64_t value) { return static_cast<double>(value); };
  const double parameters = number(estimate::num_parameters(model));
  reports::add_row(
      table, {model.name, to_string(model.type), number(model.num_layers),
              number(model.num_experts), number(model.top_k), number(model.hidden_size), parameters,
              number(estimate::num_active_parameters(model)), parameters * kBytesOfBf16});
}

}  // namespace

int run_command(const ModelsArguments& options) {
  const std::vector<std::filesystem::path> folders = config::shipped_model_folders();
  reports::Table table = table_of_models();
  for (const std::string& name : config::models_in(folders)) {
    add_model(config::load_model_config(*config::find_model(name, folders)), table);
  }
  reports::Document document;
  reports::add_paragraph(document, folders.empty()
                                       ? "No models come with this program."
                                       : "Models of " + folders.front().string() +
                                             "; any Hugging Face config.json of these types does.");
  if (reports::num_rows(table) > 0) reports::add_table(document, std::move(table));
  print_document(document, output_format(options.format, reports::Format::kTerminal));
  return kExitOk;
}

}  // namespace moebench::cli
