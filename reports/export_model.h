#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/audit.h"
#include "analyzer/media_type_of.h"
#include "analyzer/tag_figures.h"

namespace regsweep::reports {

/// How many rows were written so far; a writer only adds.
struct ExportProgress {
  std::atomic<std::uint64_t> rows{0};
};

/// What an export is made of: the audit, and what no other report needs. 12 bytes a digest.
struct ExportModel {
  const analyzer::Audit& audit;
  std::vector<analyzer::TagFigures> tag_figures;  ///< by repository and tag
  analyzer::MediaTypeOf media_type_of;
  std::vector<analyzer::DigestId> by_text;    ///< every digest, in the order of their text
  std::vector<std::uint32_t> rank;            ///< by digest: its row of `by_text`
  std::vector<std::string> repository_names;  ///< printable, by the survey's repositories
  std::vector<std::string> media_types;       ///< printable, by Graph::media_types
  std::vector<std::string> own_media_types;   ///< printable, by MediaTypeOf::names

  explicit ExportModel(const analyzer::Audit& from) : audit(from) {}
};

/// Works it out. `audit` must outlive the result. Runs in the caller's TBB arena; no I/O.
ExportModel make_export_model(const analyzer::Audit& audit);

}  // namespace regsweep::reports
