#include "reports/export_ncdu.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <string_view>

#include "reports/export_places.h"
#include "reports/export_value.h"
#include "reports/humanize.h"

namespace regsweep::reports {
namespace {

using analyzer::Bytes;
using analyzer::DigestId;
using analyzer::SpaceClass;
using Kind = ExportPlaces::Kind;
using Place = ExportPlaces::Place;

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;

/// ncdu's JSON as it comes: directories open and close, files stand in between.
class Tree {
 public:
  Tree(std::ostream& out, ExportProgress& progress) : out_(out), progress_(progress) {
    buffer_ =
        fmt::format("[1,2,{{\"progname\":\"regsweep\",\"progver\":\"{}\"}},", REGSWEEP_VERSION);
  }
  /// `more` is what else the entry has, as ",\"dev\":1".
  void open(std::string_view name, std::string_view more = "") {
    begin();
    buffer_ += '[';
    put_name(name);
    buffer_ += more;
    buffer_ += '}';
    ++depth_;
  }
  void close() {
    buffer_ += ']';
    --depth_;
  }
  /// `inode` is 0 for what stands nowhere else; else files of one inode are one.
  void file(std::string_view name, const Bytes& bytes, std::int64_t mtime_seconds = 0,
            std::uint64_t inode = 0, std::uint32_t links = 1) {
    begin();
    put_name(name);
    const auto to = std::back_inserter(buffer_);
    fmt::format_to(to, ",\"asize\":{},\"dsize\":{}", bytes.apparent, bytes.allocated);
    if (links > 1) fmt::format_to(to, ",\"ino\":{},\"hlnkc\":true,\"nlink\":{}", inode, links);
    if (mtime_seconds != 0) fmt::format_to(to, ",\"mtime\":{}", mtime_seconds);
    buffer_ += '}';
    progress_.rows.fetch_add(1, std::memory_order_relaxed);
    if (buffer_.size() >= kBufferBytes) flush();
  }
  void finish() {
    buffer_ += "]\n";
    flush();
  }

 private:
  void begin() {
    if (depth_ != 0) buffer_ += ",\n";
  }
  void put_name(std::string_view name) {
    buffer_ += "{\"name\":";
    append_json(buffer_, name);
  }
  void flush() {
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.clear();
  }

  std::ostream& out_;
  ExportProgress& progress_;
  std::string buffer_;
  std::size_t depth_ = 0;
};

/// "team", "app" of "team/app".
std::vector<std::string_view> components(std::string_view name) {
  std::vector<std::string_view> parts;
  while (!name.empty()) {
    const std::size_t slash = std::min(name.find('/'), name.size());
    parts.push_back(name.substr(0, slash));
    name.remove_prefix(std::min(slash + 1, name.size()));
  }
  return parts;
}

/// Repositories in the order in which a walk meets them: what is below one directory follows it.
std::vector<std::uint32_t> in_walk_order(const analyzer::Survey& survey) {
  std::vector<std::uint32_t> order(survey.repositories.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return analyzer::walk_less(survey.repositories[a].name, survey.repositories[b].name);
  });
  return order;
}

/// Writes the tree, once the places of each blob have been counted: what stands at one place alone
/// is no hard link.
class NcduWriter {
 public:
  NcduWriter(const ExportModel& model, std::ostream& out, ExportProgress& progress)
      : model_(model),
        survey_(model.audit.survey),
        places_(model),
        links_(survey_.graph.node_count()),
        tree_(out, progress) {}

  void write() {
    for (std::uint32_t r = 0; r < survey_.repositories.size(); ++r) {
      places_.each(r, [&](const Place& place) {
        for (const DigestId id : place.blobs) ++links_[row(id)];
      });
    }
    tree_.open(printable(model_.audit.context.root), ",\"dev\":1");
    write_repositories();
    write_group("(garbage of several repositories)", places_.garbage_of_several());
    write_group("(garbage no repository links)", places_.garbage_of_none());
    write_group("(referrers in no repository)", places_.kept_elsewhere());
    write_the_rest();
    tree_.close();
    tree_.finish();
  }

 private:
  void write_blob(DigestId id) {
    const analyzer::Graph& graph = survey_.graph;
    name_.clear();
    append_digest(name_, graph.digests[id]);
    tree_.file(name_, graph.bytes(id), graph.mtime_seconds[row(id)],
               std::uint64_t{model_.rank[row(id)]} + 1, links_[row(id)]);
  }

  void write_group(std::string_view name, const std::vector<DigestId>& blobs) {
    if (blobs.empty()) return;
    tree_.open(name);
    for (const DigestId id : blobs) write_blob(id);
    tree_.close();
  }

  void write_repositories() {
    std::vector<std::string_view> open;
    for (const std::uint32_t r : in_walk_order(survey_)) {
      const std::vector<std::string_view> parts = components(survey_.repositories[r].name);
      std::size_t common = 0;
      while (common < std::min(open.size(), parts.size()) && open[common] == parts[common]) {
        ++common;
      }
      for (; open.size() > common; open.pop_back()) tree_.close();
      for (; open.size() < parts.size(); open.push_back(parts[open.size()])) {
        tree_.open(printable(parts[open.size()]));
      }
      write_repository(r);
    }
    for (; !open.empty(); open.pop_back()) tree_.close();
  }

  void write_repository(std::uint32_t repository) {
    bool in_untagged = false;
    places_.each(repository, [&](const Place& place) {
      if (in_untagged && place.kind != Kind::kUntagged) {
        tree_.close();
        in_untagged = false;
      }
      switch (place.kind) {
        case Kind::kTag: {
          const std::string& tag = survey_.repositories[repository].tags[place.tag].name;
          if (place.blobs.empty()) {
            tree_.open(':' + printable(tag));
            tree_.close();
          }
          write_group(':' + printable(tag), place.blobs);
          break;
        }
        case Kind::kReferrers:
          write_group("(referrers)", place.blobs);
          break;
        case Kind::kUntagged: {
          if (!in_untagged) tree_.open("(untagged)");
          in_untagged = true;
          std::string name = "@";
          append_digest(name, survey_.graph.digests[place.revision]);
          write_group(name, place.blobs);
          break;
        }
        case Kind::kGarbage:
          write_group("(garbage)", place.blobs);
          break;
      }
    });
    if (in_untagged) tree_.close();
    write_uploads(repository);
  }

  void write_uploads(std::uint32_t repository) {
    const auto& uploads = survey_.uploads;  // by repository
    const auto at = std::lower_bound(
        uploads.begin(), uploads.end(), repository,
        [](const analyzer::Upload& upload, std::uint32_t r) { return upload.repository < r; });
    if (at == uploads.end() || at->repository != repository) return;
    tree_.open("(uploads)");
    for (auto upload = at; upload != uploads.end() && upload->repository == repository; ++upload) {
      const Bytes bytes{upload->entry.size_bytes, upload->entry.allocated_bytes};
      tree_.file(printable(upload->entry.id), bytes, upload->entry.touched_at_seconds);
      upload_bytes_ += bytes;
    }
    tree_.close();
  }

  /// What is no blob: the audit's rows, of uploads what stands in no repository's.
  void write_the_rest() {
    const auto& accounts = model_.audit.accounts;
    const auto put = [&](std::string_view name, const Bytes& bytes) {
      if (bytes != Bytes{}) tree_.file(name, bytes);
    };
    const Bytes& uploads = accounts[SpaceClass::kUploads].bytes;
    put("(other upload files)",
        {uploads.apparent - std::min(uploads.apparent, upload_bytes_.apparent),
         uploads.allocated - std::min(uploads.allocated, upload_bytes_.allocated)});
    put("(quarantine)", accounts[SpaceClass::kQuarantine].bytes);
    put("(other files)", accounts[SpaceClass::kOther].bytes);
    put("(links and directories)", accounts[SpaceClass::kStructure].bytes);
  }

  const ExportModel& model_;
  const analyzer::Survey& survey_;
  ExportPlaces places_;
  std::vector<std::uint32_t> links_;  ///< by digest: at how many places it stands
  Tree tree_;
  std::string name_;
  Bytes upload_bytes_;
};

}  // namespace

void write_export_ncdu(const ExportModel& model, std::ostream& out, ExportProgress& progress) {
  NcduWriter(model, out, progress).write();
}

}  // namespace regsweep::reports
