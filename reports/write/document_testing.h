#pragma once

#include "reports/write/document.h"

namespace moebench::reports::test {

// Every kind of block, and of what stands in tables; with characters that formats give a meaning.
inline Document sample_document() {
  Table arms = {key_column("arm"),
                number_column("mem_peak", {"bytes", "GB", 1e9}),
                number_column("percall", kMilliseconds),
                number_column("percall", kMilliseconds),
                number_column("runtime gain", kFactor),
                words_column("result")};
  using record::Disposition;
  add_row(arms, {"fsdp|loop", 54.8e9, 1.5e6, 0.1 + 0.2, Entry(1.0, "reference"),
                 Entry(Disposition::kOk, "ok")});
  add_row(arms, {"say \"ep\",\nloudly", Entry(), Entry(), 2e6, 4.04,
                 Entry(Disposition::kOutOfMemory, "OOM: rank 1 \x1b[31mred\x1b[0m | killed")});
  Table rates = {key_column("size"), number_column("bus", kGigabytesPerSecond)};
  add_row(rates, {"8 KiB", 0.5e9});
  Document document = {Heading{2, "Quick\nstart"}, Paragraph{"model mixtral-tiny · ranks 2"}, arms};
  add_section(document, {3, "Rates", true}, rates);
  document.emplace_back(Paragraph{"Two of three were lost.\nThe third was not.", true});
  document.emplace_back(Heading{2, "Notes"});
  document.emplace_back(List{{{"a long note that does not fit on a line of forty"}, {"below", 1}}});
  return document;
}

inline Figure sample_figure() {
  Table numbers = {key_column("arm"), number_column("gain", kFactor)};
  add_row(numbers, {"fsdp & <loop>", 1.25});
  return {"gain", "Gain over <fsdp>", "intervals",
          R"({"value": {"title": "gain"}, "rows": [{"label": "<i>", "value": 1.25, "low": null,
"high": null, "standing": "unproven", "text": "1.2x"}]})",
          numbers};
}

}  // namespace moebench::reports::test
