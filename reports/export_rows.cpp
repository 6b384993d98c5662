#include "reports/export_rows.h"

#include <algorithm>
#include <tuple>

#include "analyzer/blob_class.h"
#include "analyzer/tag_list.h"
#include "reports/finding_text.h"
#include "reports/humanize.h"
#include "reports/space_names.h"
#include "storage/locate.h"

namespace regsweep::reports {
namespace {

using analyzer::Bytes;
using analyzer::DigestId;
using analyzer::Graph;
using analyzer::kNoDigest;
using analyzer::Repository;
using storage::LinkState;

void put(RowSink& sink, std::uint64_t value) { sink.integer(static_cast<std::int64_t>(value)); }
void put(RowSink& sink, const Bytes& bytes) {
  put(sink, bytes.apparent);
  put(sink, bytes.allocated);
}
void put_nulls(RowSink& sink, int columns) {
  for (int i = 0; i < columns; ++i) sink.null();
}
void put_or_null(RowSink& sink, std::string_view text) {
  text.empty() ? sink.null() : sink.text(text);
}
void put_time(RowSink& sink, std::int64_t seconds) {
  seconds == 0 ? sink.null() : sink.time(seconds);
}
void put_digest(RowSink& sink, DigestId id) { id == kNoDigest ? sink.null() : sink.digest(id); }

std::string_view state_name(LinkState state) noexcept {
  switch (state) {
    case LinkState::kRead:
      return "other";  // it is odd because it holds another digest
    case LinkState::kNotRead:
      return "ok";
    case LinkState::kMalformed:
      return "malformed";
    case LinkState::kAbsent:
      return "absent";
    case LinkState::kNotAFile:
      return "not-a-file";
    case LinkState::kUnreadable:
      return "unreadable";
  }
  return "unreadable";
}

std::string_view class_name(const analyzer::Audit& audit, DigestId id) {
  const Graph& graph = audit.survey.graph;
  if (graph.has(id, analyzer::kNotAFile)) return "not-a-file";
  if (graph.has(id, analyzer::kPresent)) {
    return kSpaceNames[static_cast<std::size_t>(class_of(audit.accounts, id))].name;
  }
  if (graph.has(id, analyzer::kHasAlias)) return "alias";
  return graph.has(id, analyzer::kUnread) ? "unknown" : "missing";
}

void put_needed_by(const analyzer::Accounts& accounts, DigestId id, RowSink& sink) {
  if (accounts.live_by_tag[row(id)] != 0) {
    sink.text("tag");
  } else if (accounts.live[row(id)] != 0) {
    sink.text("revision");
  } else {
    sink.null();
  }
}

void put_tag(const ExportModel& model, const Repository& repository, const analyzer::Tag& tag,
             const analyzer::TagFigures* figures, RowSink& sink) {
  const analyzer::Survey& survey = model.audit.survey;
  sink.text(printable(tag.name));
  put_digest(sink, tag.digest);
  sink.text(tag.is_directory ? analyzer::tag_state_name(
                                   analyzer::tag_state(survey, model.audit.damage, repository, tag))
                             : "stray");
  put_time(sink, tag.pushed_seconds);
  if (tag.index_counted) {
    put(sink, tag.index_entries);
  } else {
    sink.null();
  }
  if (figures == nullptr) {
    put_nulls(sink, 4);
  } else {
    put(sink, figures->size);
    put(sink, figures->exclusive);
  }
  sink.end_row();
}

/// A link as a row, so that rows can be sorted.
struct LinkRow {
  std::uint32_t rank = 0;
  std::string_view state;
  DigestId digest = kNoDigest;
  DigestId holds = kNoDigest;
};

std::vector<LinkRow> rows_of(const ExportModel& model, const Repository& repository,
                             bool revisions) {
  const analyzer::Links& links = revisions ? repository.revisions : repository.layers;
  std::vector<LinkRow> rows;
  rows.reserve(links.paths.size());
  for (const DigestId path : links.paths) {
    rows.push_back({model.rank[row(path)], "ok", path, kNoDigest});
    if (links.odd.empty()) continue;
    if (const analyzer::OddLink* odd = links.odd_at(path)) {
      rows.back().state = state_name(odd->state);
      rows.back().holds = odd->content;
    }
  }
  for (const analyzer::StrayLink& stray :
       analyzer::stray_links_of(model.audit.survey, repository.name)) {
    if (stray.in_revisions != revisions || stray.content == kNoDigest) continue;
    rows.push_back({model.rank[row(stray.content)], "stray", stray.content, kNoDigest});
  }
  const auto key = [](const LinkRow& link) { return std::tie(link.rank, link.state); };
  std::sort(rows.begin(), rows.end(),
            [&](const LinkRow& a, const LinkRow& b) { return key(a) < key(b); });
  rows.erase(std::unique(rows.begin(), rows.end(),
                         [&](const LinkRow& a, const LinkRow& b) { return key(a) == key(b); }),
             rows.end());
  return rows;
}

}  // namespace

void store_rows(const ExportModel& model, RowSink& sink) {
  const analyzer::Audit& audit = model.audit;
  const analyzer::Accounts& accounts = audit.accounts;
  const analyzer::StoreCounts counts = counts_of(accounts);
  sink.text("regsweep.export/1");
  sink.text(REGSWEEP_VERSION);
  sink.text(printable(audit.context.root));
  sink.boolean(audit.survey.complete);
  sink.boolean(audit.survey.exact);
  put_or_null(sink, storage::managed_by(audit.context.database_lock, audit.context.harbor,
                                        audit.context.proxy_cache));
  put(sink, counts.repositories);
  put(sink, counts.tags);
  put(sink, counts.revisions);
  put(sink, counts.layer_links);
  put(sink, counts.blobs);
  put(sink, accounts.total.bytes);
  sink.boolean(accounts.total.estimated);
  put(sink, accounts.garbage_of_one);
  put(sink, accounts.garbage_of_several);
  put(sink, accounts.garbage_of_none);
  sink.end_row();
}

void space_rows(const ExportModel& model, RowSink& sink) {
  for (std::size_t i = 0; i < kSpaceNames.size(); ++i) {
    const analyzer::SpaceRow& space = model.audit.accounts.space[i];
    sink.text(kSpaceNames[i].name);
    put(sink, space.objects);
    put(sink, space.bytes);
    sink.boolean(space.estimated);
    sink.end_row();
  }
}

void repository_rows(const ExportModel& model, RowSink& sink) {
  for (std::size_t i = 0; i < model.repository_names.size(); ++i) {
    const analyzer::RepositoryFigures& figures = model.audit.accounts.repositories[i];
    const std::string_view name = model.repository_names[i];
    const std::size_t slash = name.rfind('/');
    sink.id(i);
    sink.text(name);
    sink.text(slash == std::string_view::npos ? std::string_view{} : name.substr(0, slash));
    put(sink, figures.tags);
    put(sink, figures.revisions);
    put(sink, figures.layer_links);
    put(sink, figures.size);
    put(sink, figures.exclusive);
    put(sink, figures.shared);
    put(sink, figures.untagged);
    put(sink, figures.reclaimable);
    put_time(sink, figures.newest_push_seconds);
    sink.end_row();
  }
}

void tag_rows(const ExportModel& model, RowSink& sink) {
  const auto& repositories = model.audit.survey.repositories;
  auto figures = model.tag_figures.begin();  // of the tags that mean a digest, in the same order
  for (std::uint32_t r = 0; r < repositories.size(); ++r) {
    for (const analyzer::Tag& tag : repositories[r].tags) {
      const bool has_figures = tag.state == LinkState::kRead;
      sink.repository(r);
      put_tag(model, repositories[r], tag, has_figures ? &*figures : nullptr, sink);
      if (has_figures) ++figures;
    }
  }
}

void blob_rows(const ExportModel& model, RowSink& sink) {
  const analyzer::Audit& audit = model.audit;
  const Graph& graph = audit.survey.graph;
  for (std::size_t i = 0; i < model.by_text.size(); ++i) {
    const DigestId id = model.by_text[i];
    const bool present = graph.is_counted(id);
    sink.id(i);
    sink.digest_text(id);
    sink.text(class_name(audit, id));
    put_needed_by(audit.accounts, id, sink);
    sink.boolean(present);
    put(sink, graph.bytes(id));
    sink.boolean(graph.has(id, analyzer::kCountedElsewhere));
    put_or_null(sink, model.own_media_types[model.media_type_of.index[row(id)]]);
    put_time(sink, graph.mtime_seconds[row(id)]);
    sink.boolean(graph.is_manifest(id));
    sink.end_row();
  }
}

void link_rows(const ExportModel& model, RowSink& sink) {
  const auto& repositories = model.audit.survey.repositories;
  for (std::uint32_t r = 0; r < repositories.size(); ++r) {
    for (const bool revisions : {false, true}) {
      for (const LinkRow& link : rows_of(model, repositories[r], revisions)) {
        sink.repository(r);
        sink.text(revisions ? "revision" : "layer");
        sink.digest(link.digest);
        sink.text(link.state);
        put_digest(sink, link.holds);
        sink.end_row();
      }
    }
  }
}

void alias_rows(const ExportModel& model, RowSink& sink) {
  auto aliases = model.audit.survey.graph.aliases;
  const auto key = [&](const auto& alias) {
    return std::pair(model.rank[row(alias.first)], model.rank[row(alias.second)]);
  };
  std::sort(aliases.begin(), aliases.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  for (const auto& [path, content] : aliases) {
    sink.digest(path);
    sink.digest(content);
    sink.end_row();
  }
}

void upload_rows(const ExportModel& model, RowSink& sink) {
  for (const analyzer::Upload& upload : model.audit.survey.uploads) {
    sink.repository(upload.repository);
    sink.text(printable(upload.entry.id));
    put_time(sink, upload.entry.started_at_seconds);
    put_time(sink, upload.entry.touched_at_seconds);
    put(sink, upload.entry.files);
    put(sink, Bytes{upload.entry.size_bytes, upload.entry.allocated_bytes});
    sink.end_row();
  }
}

void finding_rows(const ExportModel& model, RowSink& sink) {
  const auto& findings = model.audit.findings;
  const std::string store = shell_word(model.audit.context.store);
  for (std::size_t i = 0; i < findings.size(); ++i) {
    const FindingText text = finding_text(findings[i], store);
    put(sink, i);
    sink.text(finding_code(findings[i].code));
    sink.text(concern_name(findings[i].concern));
    put(sink, findings[i].objects);
    put(sink, findings[i].bytes);
    sink.text(text.message);
    sink.text(text.meaning);
    sink.text(text.next);
    sink.end_row();
  }
}

void finding_subject_rows(const ExportModel& model, RowSink& sink) {
  const auto& findings = model.audit.findings;
  for (std::size_t i = 0; i < findings.size(); ++i) {
    for (std::size_t position = 0; position < findings[i].subjects.size(); ++position) {
      put(sink, i);
      put(sink, position);
      sink.text(printable(findings[i].subjects[position]));
      sink.end_row();
    }
  }
}

}  // namespace regsweep::reports
