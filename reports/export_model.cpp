#include "reports/export_model.h"

#include <algorithm>
#include <iterator>

#include "reports/humanize.h"

namespace regsweep::reports {
namespace {

using analyzer::digest_id;
using analyzer::DigestId;

/// Digests of present blobs come first by rank, then the others by rank: two sorted runs to merge.
std::vector<DigestId> sorted_by_text(const analyzer::DigestTable& digests) {
  std::vector<DigestId> ids(digests.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = digest_id(i);
  std::inplace_merge(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(digests.ranked_size()),
                     ids.end(), [&](DigestId a, DigestId b) { return digests.less(a, b); });
  return ids;
}

std::vector<std::string> all_printable(const std::vector<std::string>& raw) {
  std::vector<std::string> texts;
  texts.reserve(raw.size());
  std::transform(raw.begin(), raw.end(), std::back_inserter(texts), printable);
  return texts;
}

}  // namespace

ExportModel make_export_model(const analyzer::Audit& audit) {
  const analyzer::Survey& survey = audit.survey;
  ExportModel model(audit);
  model.tag_figures = analyzer::tag_figures(survey);
  model.media_type_of = analyzer::media_type_of(survey);
  model.by_text = sorted_by_text(survey.graph.digests);
  model.rank.resize(model.by_text.size());
  for (std::size_t i = 0; i < model.by_text.size(); ++i) {
    model.rank[row(model.by_text[i])] = static_cast<std::uint32_t>(i);
  }
  for (const analyzer::Repository& repository : survey.repositories) {
    model.repository_names.push_back(printable(repository.name));
  }
  model.media_types = all_printable(survey.graph.media_types);
  model.own_media_types = all_printable(model.media_type_of.names);
  return model;
}

}  // namespace regsweep::reports
