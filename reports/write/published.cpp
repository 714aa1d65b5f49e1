#include "reports/write/published.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "harness/base/csv.h"
#include "harness/base/error.h"
#include "harness/base/parse.h"
#include "harness/base/words.h"
#include "reports/write/agreement.h"
#include "reports/write/columns.h"

namespace moebench::reports {
namespace {

constexpr double kPercent = 0.01;

std::optional<double> number_of(const CsvTable& table, const CsvRow& row, const char* column) {
  const std::string& text = table.field(row, column);
  if (text.empty()) return std::nullopt;
  const auto number = parse_number<double>(text);
  if (number && *number > 0) return number;
  throw Error("{}: {} is '{}'; write a number above 0, or leave it empty", table.place(row), column,
              shortened(text));
}

PublishedFigure figure_of(const CsvTable& table, const CsvRow& row) {
  const auto text = [&](const char* column) { return table.field(row, column); };
  PublishedFigure figure{
      .model = text("model"),
      .hardware = text("hardware"),
      .gpus = text("gpus"),
      .framework = text("framework"),
      .parallelism = text("parallelism"),
      .dtype = text("dtype"),
      .seq_len = text("seq_len"),
      .routing = text("routing"),
      .tokens_per_second_per_gpu = number_of(table, row, "tokens_per_second_per_gpu"),
      .mfu = number_of(table, row, "mfu_percent"),
      .notes = text("notes"),
      .source = text("source"),
      .date = text("date")};
  if (figure.mfu) *figure.mfu *= kPercent;
  if (figure.model.empty() || figure.source.empty()) {
    throw Error("{}: a published figure has a model and a source; write both", table.place(row));
  }
  if (!figure.tokens_per_second_per_gpu && !figure.mfu) {
    throw Error("{}: has neither tokens_per_second_per_gpu nor mfu_percent; write one",
                table.place(row));
  }
  return figure;
}

// "mistralai/Mixtral-8x7B-Instruct-v0.1" and "Mixtral 8x7B" are "mixtral8x7b": neither who
// publishes a model nor what it was tuned to changes how fast it trains.
std::string plain_model(std::string_view model) {
  model = model.substr(model.find_last_of('/') + 1);
  model = model.substr(0, model.find(" ("));
  std::string plain;
  for (const char letter : model) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte)) plain += static_cast<char>(std::tolower(byte));
  }
  return plain.substr(0, plain.find("instruct"));
}

std::string hardware_of(const Cell& cell) {
  for (const char* name : {"gpu_model", "cpu_model"}) {
    const std::string model = record::fact(cell.typical().environment, name);
    if (!model.empty()) return model;
  }
  return record::fact(cell.typical().environment, "device") == "cuda" ? "GPU" : "";
}

// Tells whether what we know of a device is the published one: "NVIDIA H100 80GB HBM3" is "H100".
bool is_same_hardware(const std::string& own, const std::string& published) {
  const std::string name = published.substr(0, published.find_first_of(" -("));
  return !name.empty() && own.find(name) != std::string::npos;
}

std::string published_parallelism(const Cell& cell) {
  const std::string parallelism = cell.axis("parallelism");
  if (parallelism == "fsdp" || parallelism.empty()) return parallelism;
  return parallelism + " " + cell.axis(parallelism == "ep" ? "ep_degree" : "shard_degree");
}

// A row of the table, ours or theirs.
struct Line {
  std::string whose;
  std::string model;
  std::string hardware;
  std::string ranks;
  std::string parallelism;
  std::string dtype;
  std::string seq_len;
  std::optional<double> tokens_rate;
  std::optional<double> mfu;
  std::string differs;
  std::string source;
};

Line line_of(const Cell& cell) {
  const bool is_imported = !record::fact(cell.typical().environment, "imported").empty();
  return {.whose = (is_imported ? "imported: cell " : "measured: cell ") + cell.id(),
          .model = cell.axis("model"),
          .hardware = hardware_of(cell),
          .ranks = cell.axis("ranks"),
          .parallelism = published_parallelism(cell),
          .dtype = cell.axis("dtype"),
          .seq_len = cell.axis("seq_len"),
          .tokens_rate = cell.value("tokens_per_second"),
          .mfu = cell.value("gemm_share"),
          .differs = {},
          .source = record::fact(cell.typical().environment, "import_file")};
}

std::string lower(std::string text) {
  for (char& letter : text) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return text;
}

// In what a published figure differs from all of ours, and what it does not say.
std::string difference(const PublishedFigure& figure, const std::vector<Line>& own) {
  std::vector<std::string> differs, unsaid;
  const auto compare = [&](const char* what, const std::string& theirs, const auto& is_same) {
    if (theirs.empty()) {
      unsaid.emplace_back(what);
    } else if (std::ranges::none_of(own, is_same)) {
      differs.emplace_back(what);
    }
  };
  compare("model", figure.model,
          [&](const Line& line) { return plain_model(line.model) == plain_model(figure.model); });
  compare("hardware", figure.hardware,
          [&](const Line& line) { return is_same_hardware(line.hardware, figure.hardware); });
  compare("GPUs", figure.gpus, [&](const Line& line) { return line.ranks == figure.gpus; });
  compare("dtype", figure.dtype,
          [&](const Line& line) { return lower(line.dtype) == lower(figure.dtype); });
  compare("length", figure.seq_len,
          [&](const Line& line) { return line.seq_len == figure.seq_len; });
  if (!figure.routing.empty()) differs.push_back("routing (" + figure.routing + ")");
  differs.emplace_back("framework");
  std::string text = fmt::format("{}", fmt::join(differs, ", "));
  if (!unsaid.empty()) text += fmt::format("; not said: {}", fmt::join(unsaid, ", "));
  return text;
}

Line line_of(const PublishedFigure& figure, const std::vector<Line>& own) {
  const std::string when = figure.date.empty() ? "" : ", " + figure.date;
  return {.whose = "published: " + figure.framework,
          .model = figure.model,
          .hardware = figure.hardware,
          .ranks = figure.gpus,
          .parallelism = figure.parallelism,
          .dtype = figure.dtype,
          .seq_len = figure.seq_len,
          .tokens_rate = figure.tokens_per_second_per_gpu,
          .mfu = figure.mfu,
          .differs = difference(figure, own),
          .source = figure.source + when};
}

Table table_of(const std::vector<Line>& lines) {
  Table table = {key_column("whose"),
                 words_column("model"),
                 words_column("hardware"),
                 words_column("ranks"),
                 words_column("parallelism"),
                 words_column("dtype"),
                 words_column("length"),
                 number_column("tokens/s a rank", kTokensPerSecond, "tokens_per_second_per_gpu"),
                 number_column("MFU", kShare, "mfu"),
                 words_column("differs in"),
                 words_column("source")};
  const auto words = [](const std::string& text) { return text.empty() ? Entry() : Entry(text); };
  for (const Line& line : lines) {
    add_row(table, {line.whose, words(line.model), words(line.hardware), words(line.ranks),
                    words(line.parallelism), words(line.dtype), words(line.seq_len),
                    line.tokens_rate, line.mfu, words(line.differs), words(line.source)});
  }
  std::erase_if(table, [](const Column& column) { return !column.is_measured(); });
  return table;
}

std::string models_text(const std::vector<PublishedFigure>& published) {
  std::set<std::string> models;
  for (const PublishedFigure& figure : published) models.insert(figure.model);
  return listed({models.begin(), models.end()});
}

void add_scenario(Document& document, const ScenarioCells& scenario,
                  const std::vector<PublishedFigure>& published) {
  std::vector<Line> lines;
  std::set<std::string> models;
  for (const Cell& cell : scenario.ok_cells()) {
    lines.push_back(line_of(cell));
    models.insert(plain_model(cell.axis("model")));
  }
  const std::vector<Line> own = lines;
  for (const PublishedFigure& figure : published) {
    if (models.contains(plain_model(figure.model))) lines.push_back(line_of(figure, own));
  }
  const bool has_any = lines.size() > own.size();
  add_paragraph(
      document,
      has_any
          ? "What others have published of these models, beside what was measured here. No two "
            "rows are a comparison of like with like: the column \"differs in\" says what is "
            "not as in any row measured here."
          : "Nothing is published here of the models that were measured. There are figures of " +
                models_text(published) + ".");
  add_table(document, table_of(lines));
  if (!has_any) return;
  add_list(document,
           {"published tokens/s: of a GPU, as the source counts them, padding included or not.",
            "MFU: published against the device's peak rate; measured here against the rate that "
            "large matrix products reach on the machine, which is lower: ours looks better by it.",
            "model: those that train alike count as one, whoever publishes them (instruct or "
            "not)."});
}

}  // namespace

std::vector<PublishedFigure> read_published(const std::filesystem::path& path) {
  const CsvTable table = read_csv(path);
  for (const char* column : {"model", "source", "tokens_per_second_per_gpu", "mfu_percent"}) {
    if (table.has(column)) continue;
    throw Error("{}:1: has no column {}; scenarios/reference/README.md names the columns",
                table.name(), column);
  }
  std::vector<PublishedFigure> figures;
  for (const CsvRow& row : table.rows()) figures.push_back(figure_of(table, row));
  return figures;
}

Document published_document(const std::vector<record::CellRecord>& recorded,
                            const std::vector<PublishedFigure>& published) {
  const auto records = check_agreement(recorded);
  Document document;
  for (const ScenarioCells& scenario : group_cells(records)) {
    add_heading(document, 2, scenario.name);
    add_scenario(document, scenario, published);
  }
  return document;
}

}  // namespace moebench::reports
