#include "harness/record/session.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "harness/base/file.h"
#include "harness/base/parse.h"
#include "harness/record/json_reader.h"

namespace moebench::record {
namespace {

constexpr const char* kSessionRemedy = "restore the file, or start a new session in another folder";

std::filesystem::path session_path(const std::filesystem::path& folder) {
  return folder / "session.json";
}

Json to_json_value(const SessionCell& cell) {
  Json axes = Json::object();
  for (const auto& [axis, value] : cell.axes) axes[axis] = value;
  return {{"id", cell.id},
          {"candidate", cell.candidate},
          {"scenario", cell.scenario},
          {"axes", std::move(axes)}};
}

SessionCell parse_cell(ObjectReader reader) {
  return {reader.text("id"), reader.text("candidate"), reader.text("scenario"),
          reader.object("axes").text_pairs()};
}

SessionKind parse_kind(ObjectReader& reader) {
  const std::string text = reader.text("kind");
  if (const auto kind = find_named<SessionKind>(text)) return *kind;
  reader.fail(unknown_name("kind", text, names<SessionKind>()));
}

// Ascending numbers of pairs, all above `least`.
std::vector<int> parse_looks(ObjectReader& reader, const char* key, int least) {
  std::vector<int> looks;
  for (const double look : reader.numbers<double>(key, 0)) {
    const int pairs = look >= 1 && look <= 1e6 ? static_cast<int>(look) : 0;
    if (pairs != look || pairs <= (looks.empty() ? least : looks.back())) {
      reader.fail(fmt::format("'{}' must be ascending numbers of pairs", key));
    }
    looks.push_back(pairs);
  }
  return looks;
}

// What sessions of before later looks lack.
void parse_later_looks(ObjectReader& reader, Session& session) {
  if (reader.find("later_looks") == nullptr) return;
  session.later_looks = parse_looks(reader, "later_looks", session.looks.back());
  session.reserve = reader.number("reserve");
  if (!(session.reserve >= 0 && session.reserve < 1)) {
    reader.fail("'reserve' must be a part of alpha: from 0 to below 1");
  }
  session.extended = reader.integer("extended");
  if (session.extended < 0 || session.extended > std::ssize(session.later_looks)) {
    reader.fail("'extended' must not exceed the number of 'later_looks'");
  }
}

double parse_fraction(ObjectReader& reader, const char* key) {
  const double value = reader.number(key);
  if (!(value > 0 && value < 1)) reader.fail(fmt::format("'{}' must lie between 0 and 1", key));
  return value;
}

std::uint64_t parse_seed(ObjectReader& reader) {
  const auto seed = parse_hex<std::uint64_t>(reader.text("seed"));
  if (!seed) reader.fail("'seed' must be hexadecimal digits");
  return *seed;
}

}  // namespace

std::vector<int> Session::all_looks() const {
  std::vector<int> all = looks;
  all.insert(all.end(), later_looks.begin(), later_looks.begin() + extended);
  return all;
}

double Session::spending(std::size_t look) const {
  if (look < looks.size()) return (1 - reserve) / static_cast<double>(looks.size());
  return std::ldexp(reserve, -static_cast<int>(look - looks.size() + 1));
}

void plan_looks(Session& session, std::vector<int> looks) {
  session.looks = std::move(looks);
  session.reserve = kReserve;
  session.later_looks.clear();
  int pairs = session.looks.back();
  for (int i = 0; i < kNumLaterLooks; ++i) session.later_looks.push_back(pairs *= 2);
}

std::string difference(const Session& session, const Session& other) {
  std::vector<std::string> parts;
  const auto compare = [&](const char* what, const auto& value, const auto& wanted) {
    if (value != wanted) parts.push_back(fmt::format("{} {}, not {}", what, value, wanted));
  };
  const auto listed = [](const auto& values) {
    return values.empty() ? std::string("none") : fmt::format("{}", fmt::join(values, ", "));
  };
  const auto quoted = [](const std::string& text) { return fmt::format("'{}'", text); };
  compare("kind is", quoted(to_string(session.kind)), quoted(to_string(other.kind)));
  compare("base is", quoted(session.base), quoted(other.base));
  compare("candidate is", quoted(session.candidate), quoted(other.candidate));
  compare("looks are after pairs", listed(session.looks), listed(other.looks));
  compare("metrics are", listed(session.metrics), listed(other.metrics));
  compare("alpha is", session.alpha, other.alpha);
  compare("mde is", session.mde, other.mde);
  compare("busy cores are", session.busy_cores, other.busy_cores);
  compare("reserve is", session.reserve, other.reserve);
  compare("later looks are", listed(session.later_looks), listed(other.later_looks));
  compare("number of cells is", session.cells.size(), other.cells.size());
  if (session.cells.size() == other.cells.size() && session.cells != other.cells) {
    const auto [cell, wanted] = std::ranges::mismatch(session.cells, other.cells);
    parts.push_back(fmt::format("cell {} with candidate {} is planned, not {} with {}", cell->id,
                                cell->candidate, wanted->id, wanted->candidate));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::optional<Session> load_session(const std::filesystem::path& folder) {
  const auto path = session_path(folder);
  if (!std::filesystem::exists(path)) return std::nullopt;
  const Json root = parse_text(read_file(path), path.string(), kSessionRemedy);
  ObjectReader reader(root, path.string(), kSessionRemedy);
  read_schema_minor(reader);
  Session session;
  session.kind = parse_kind(reader);
  session.base = reader.text("base");
  session.candidate = reader.text("candidate");
  for (const ObjectReader& cell : reader.objects("cells"))
    session.cells.push_back(parse_cell(cell));
  session.metrics = reader.texts("metrics");
  session.looks = parse_looks(reader, "looks", 0);
  if (session.looks.empty()) reader.fail("'looks' must name at least one number of pairs");
  parse_later_looks(reader, session);
  session.alpha = parse_fraction(reader, "alpha");
  session.mde = parse_fraction(reader, "mde");
  session.busy_cores = reader.number("busy_cores");
  session.seed = parse_seed(reader);
  return session;
}

void write_session(const std::filesystem::path& folder, const Session& session) {
  Json json;
  json["schema_version"] = kSchemaVersion;
  json["schema_minor"] = kSchemaMinor;
  json["kind"] = to_string(session.kind);
  json["base"] = session.base;
  json["candidate"] = session.candidate;
  json["metrics"] = session.metrics;
  json["looks"] = session.looks;
  json["later_looks"] = session.later_looks;
  json["reserve"] = session.reserve;
  json["extended"] = session.extended;
  json["alpha"] = session.alpha;
  json["mde"] = session.mde;
  json["busy_cores"] = session.busy_cores;
  json["seed"] = fmt::format("{:016x}", session.seed);
  json["cells"] = Json::array();
  for (const SessionCell& cell : session.cells) json["cells"].push_back(to_json_value(cell));
  write_file_atomically(session_path(folder), dump_indented(json));
}

}  // namespace moebench::record
