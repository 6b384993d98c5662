#include "analyzer/registry_collector.h"

#include <algorithm>
#include <set>
#include <utility>

#include "analyzer/registry_walk.h"
#include "storage/layout.h"

namespace regsweep::analyzer {
namespace {

namespace layout = storage::layout;

using storage::DigestError;
using storage::LinkState;

constexpr std::string_view kV2 = "/docker/registry/v2/";

/// Ends the run: thrown within this file only.
struct Abort {
  int exit_code;
  std::string error;
};

class Replay {
 public:
  Replay(const Survey& survey, const CollectorOptions& options, CollectorOutput* output,
         CollectorActions* actions)
      : survey_(survey),
        graph_(survey.graph),
        options_(options),
        output_(output),
        actions_(actions) {
    run_.marks.resize(graph_.node_count());
  }

  CollectorRun run() {
    try {
      mark_all();
      sweep();
    } catch (Abort& abort) {
      run_.exit_code = abort.exit_code;
      run_.error = std::move(abort.error);
    }
    return std::move(run_);
  }

 private:
  bool is_3() const noexcept { return options_.version == RegistryVersion::k3; }

  /// Prints a line of texts, digests and references; nothing is put together if nobody listens.
  template <class... Parts>
  void line(const Parts&... parts) {
    if (output_ == nullptr) return;
    text_.clear();
    (append(parts), ...);
    output_->line(text_);
  }
  void append(std::string_view part) { text_ += part; }
  void append(std::uint64_t number) { text_ += std::to_string(number); }
  void append(DigestId id) { text_ += text(id); }
  void append(const Edge& edge) {
    text_ += (edge.flags & kInvalid) != 0 ? graph_.invalid_texts[row(edge.to)] : text(edge.to);
  }
  std::string text(DigestId id) const { return graph_.digests[id].text(); }

  [[noreturn]] static void fail(const std::string& error) {
    throw Abort{1, "failed to garbage collect: " + error};
  }
  /// An error inside the walk of a repository's links: that walk and the one over repositories each
  /// put the driver's name before it. Source: distribution driver/base/base.go, setDriverName.
  [[noreturn]] static void fail_in_repository(const std::string& error) {
    fail("failed to mark: filesystem: filesystem: " + error);
  }

  // ---- marking ------------------------------------------------------------------------------

  void mark_all() {
    if (!survey_.has_repositories) {
      fail("failed to mark: filesystem: Path not found: /docker/registry/v2/repositories");
    }
    const std::string_view marker = is_3() ? layout::kManifests : layout::kLayers;
    std::string hidden;  // a directory whose remaining names 2.8's walk does not reach
    each_walked_name(survey_, marker, [&](const std::string& path, bool is_directory) {
      const std::size_t slash = path.rfind('/');
      const std::string_view name =
          std::string_view(path).substr(slash == std::string::npos ? 0 : slash + 1);
      if (hides_everything_ || (!hidden.empty() && path.starts_with(hidden))) return;
      if (name == marker) repository(slash == std::string::npos ? path : path.substr(0, slash));
      if (!is_directory && !is_3()) hide_siblings(path, slash, hidden);
    });
    if (is_3()) drop_marked_manifests();
  }

  /// 2.8: a file whose name begins with '_' ends the walk of its directory.
  /// Source: distribution v2.8.2 driver/walk.go, ErrSkipDir for a file.
  void hide_siblings(const std::string& path, std::size_t slash, std::string& hidden) {
    if (slash == std::string::npos) {
      hides_everything_ = true;
    } else {
      hidden = path.substr(0, slash + 1);
    }
  }

  void repository(const std::string& name) {
    line(name);
    if (const std::string_view error = storage::repository_name_error(name); !error.empty()) {
      fail("failed to mark: filesystem: failed to parse repo name " + name + ": " +
           std::string(error));
    }
    const auto at = find_repository(survey_, name);
    if (!at) return;  // the marker is a file
    const Repository& repository = survey_.repositories[*at];
    name_ = &repository.name;
    current_ = *at;
    run_.error_repository = current_;
    run_.in_repository = true;
    if (repository.has_revisions) mark_revisions(repository);
    if (is_3()) look_at_layer_links(repository);
    run_.in_repository = false;
  }

  void mark_revisions(const Repository& repository) {
    find_tagged(repository);
    each_walked_link(survey_, repository, true, [&](const WalkedLink& link) {
      if (!link.bad_path.empty()) fail_bad_path(repository, layout::kRevisions, link);
      if (!link.readable) return;
      if (link.error != DigestError::kNone) {
        fail_in_repository(std::string(digest_error_text(link.error)));
      }
      const LinkTarget target = link.plain
                                    ? only_if_present({LinkTarget::Kind::kFound, link.content, {}})
                                    : manifest_target(repository, link.content);
      if (target.kind == LinkTarget::Kind::kError) fail_in_repository(target.error);
      if (target.kind == LinkTarget::Kind::kUnknown) return;
      mark_revision(repository, link.content, target.id);
    });
  }

  void mark_revision(const Repository& repository, DigestId id, DigestId content) {
    if (options_.delete_untagged && !is_tagged(id)) {
      untagged(repository, id);
      return;
    }
    line(*name_, ": marking manifest ", id, " ");
    insert(id);
    if (is_3()) {
      mark_references_3(repository, content);
    } else {
      mark_references_2_8(content, id);
    }
  }

  void untagged(const Repository& repository, DigestId id) {
    if (!is_3()) line("manifest eligible for deletion: ", id);
    if (!repository.has_tags) {
      if (!is_3()) {
        fail_in_repository("failed to retrieve tags unknown repository name=" + *name_);
      }
      line("manifest tags path of repository ", *name_, " does not exist");
      return;
    }
    run_.manifests.push_back({current_, id});
  }

  /// Prepares the answer to "which tags mean this digest now?", which `-m` asks for each revision.
  void find_tagged(const Repository& repository) {
    tagged_.clear();
    tag_error_.clear();
    if (!options_.delete_untagged) return;
    for (const Tag& tag : repository.tags) {
      if (tag.state == LinkState::kRead && storage::is_driver_path_component(tag.name)) {
        tagged_.push_back(tag.digest);
      } else if (tag_error_.empty()) {
        tag_error_ = error_of(tag);
      }
    }
    std::sort(tagged_.begin(), tagged_.end());
  }

  bool is_tagged(DigestId id) const {
    if (!tag_error_.empty()) {
      fail_in_repository("failed to retrieve tags for digest " + text(id) + ": " + tag_error_);
    }
    return std::binary_search(tagged_.begin(), tagged_.end(), id);
  }

  /// Why a registry cannot read a tag; empty if it just takes it for absent.
  std::string error_of(const Tag& tag) const {
    const std::string path =
        std::string(kV2) + layout::current_link(layout::tag_directory(*name_, tag.name));
    if (!storage::is_driver_path_component(tag.name)) return "filesystem: invalid path: " + path;
    switch (tag.state) {
      case LinkState::kMalformed:
        return std::string(digest_error_text(tag.error));
      case LinkState::kNotAFile:
        return tag.is_directory ? "filesystem: read " + options_.root + path + ": is a directory"
                                : "filesystem: open " + options_.root + path + ": not a directory";
      case LinkState::kUnreadable:
        return "filesystem: open " + options_.root + path + ": permission denied";
      default:
        return {};
    }
  }

  void mark_references_2_8(DigestId content, DigestId id) {
    require_parsed(content, id);
    graph_.each_edge(content, [&](const Edge& edge) {
      if ((edge.flags & kMarkedBy28) == 0) return;
      line(*name_, ": marking blob ", edge);
      insert(edge);
    });
  }

  [[noreturn]] void fail_bad_path(const Repository& repository, const char* below,
                                  const WalkedLink& link) const {
    fail("failed to mark: filesystem: invalid path: " + std::string(kV2) +
         layout::repository_directory(repository.name) + '/' + below + '/' +
         std::string(link.bad_path));
  }

  LinkTarget only_if_present(LinkTarget target) const {
    if (target.kind == LinkTarget::Kind::kFound && !graph_.has(target.id, kPresent)) return {};
    return target;
  }

  /// 2.8 also looks below `_layers`, where version 2.1.0 put manifests.
  /// Source: distribution v2.8.2 registry.go, manifestLinkPathFns.
  LinkTarget manifest_target(const Repository& repository, DigestId id) const {
    LinkTarget target = link_target(graph_, repository.revisions, id);
    if (target.kind == LinkTarget::Kind::kUnknown && !is_3()) {
      target = link_target(graph_, repository.layers, id);
    }
    return only_if_present(std::move(target));
  }

  void require_parsed(DigestId content, DigestId id) const {
    const ManifestOddity* oddity = graph_.oddity(content);
    const std::string& error = oddity == nullptr ? kNoError
                               : is_3()          ? oddity->error_3
                                                 : oddity->error_2_8;
    if (error.empty()) return;
    if (error.starts_with("panic: ")) throw Abort{2, error};
    fail_in_repository("failed to retrieve manifest for digest " + text(id) + ": " + error);
  }

  bool insert(DigestId id) {
    if (run_.marks[row(id)] != 0) return false;
    run_.marks[row(id)] = 1;
    ++run_.marked;
    return true;
  }
  bool insert(const Edge& edge) {
    if ((edge.flags & kInvalid) == 0) return insert(edge.to);
    const bool is_new = invalid_marks_.insert(graph_.invalid_texts[row(edge.to)]).second;
    if (is_new) ++run_.marked;
    return is_new;
  }

  // ---- 3.x: what depends on the order of the walk ---------------------------------------------

  /// Marks references depth first and goes into those that are manifests of this repository. What
  /// is marked already is not gone into, even if it was marked as a mere blob of another
  /// repository and never read: so a child's layers can be lost.
  /// Source: distribution v3.1.1 garbagecollect.go, markManifestReferences.
  void mark_references_3(const Repository& repository, DigestId first) {
    struct Frame {
      DigestId content;
      std::uint32_t next = 0;
    };
    require_parsed(first, first);
    std::vector<Frame> stack{{first}};
    while (!stack.empty()) {
      Frame& frame = stack.back();
      const std::uint32_t manifest = graph_.manifest_of[row(frame.content)];
      const ManifestRow row_of =
          manifest == kNoManifest ? ManifestRow{} : graph_.manifests[manifest];
      if (frame.next == row_of.edge_count) {
        stack.pop_back();
        continue;
      }
      const std::uint32_t at = row_of.edge_begin + frame.next++;
      const Edge edge{graph_.edge_to[at], graph_.edge_flags[at], graph_.edge_media[at]};
      if ((edge.flags & kMarkedBy3) == 0 || !insert(edge)) continue;
      line(*name_, ": marking blob ", edge);
      if ((edge.flags & kInvalid) != 0) continue;
      // Every revision was parsed, or stands in for another digest: the rest are mere blobs.
      if (!graph_.is_manifest(edge.to) &&
          !graph_.has(edge.to, kHasAlias | kUnread | kNotUnderstood)) {
        continue;
      }
      const LinkTarget target = manifest_target(repository, edge.to);
      if (target.kind != LinkTarget::Kind::kFound) continue;
      require_parsed(target.id, edge.to);
      stack.push_back({target.id});
    }
  }

  /// Notes the layer links that nothing marked so far names: later repositories may still mark
  /// them. Source: distribution v3.1.1 garbagecollect.go, MarkAndSweep.
  void look_at_layer_links(const Repository& repository) {
    if (!repository.has_layers) {
      fail("failed to mark: filesystem: Path not found: " + std::string(kV2) +
           layout::repository_directory(repository.name) + '/' + layout::kLayers);
    }
    each_walked_link(survey_, repository, false, [&](const WalkedLink& link) {
      if (!link.bad_path.empty()) fail_bad_path(repository, layout::kLayers, link);
      if (!link.readable) return;
      if (link.error != DigestError::kNone) {
        fail_in_repository(std::string(digest_error_text(link.error)));
      }
      const LinkTarget target =
          only_if_present(link.plain ? LinkTarget{LinkTarget::Kind::kFound, link.content, {}}
                                     : link_target(graph_, repository.layers, link.content));
      if (target.kind == LinkTarget::Kind::kError) fail_in_repository(target.error);
      if (target.kind == LinkTarget::Kind::kFound && run_.marks[row(link.content)] == 0) {
        run_.layer_links.push_back({current_, link.content});
      }
    });
  }

  /// Manifests that another one turned out to need stay, and the others are named only now.
  void drop_marked_manifests() {
    std::erase_if(run_.manifests, [&](const DoomedLink& manifest) {
      return run_.marks[row(manifest.digest)] != 0;
    });
    if (output_ == nullptr) return;
    for (const DoomedLink& manifest : run_.manifests) {
      const Repository& repository = survey_.repositories[manifest.repository];
      std::string tags;
      for (const Tag& tag : repository.tags) tags += (tags.empty() ? "" : " ") + tag.name;
      line("manifest eligible for deletion: {", repository.name, " ", manifest.digest, " [", tags,
           "]}");
    }
  }

  // ---- sweeping -------------------------------------------------------------------------------

  /// A registry's vacuum. Source: distribution registry/storage/vacuum.go.
  void remove_manifests() {
    if (actions_ == nullptr) return;
    for (const DoomedLink& manifest : run_.manifests) {
      const Repository& repository = survey_.repositories[manifest.repository];
      const storage::Digest digest = graph_.digests[manifest.digest];
      for (const Tag& tag : repository.tags) {
        const std::string entry =
            layout::entry_directory(layout::tag_directory(repository.name, tag.name), digest);
        const storage::Result<bool> there = actions_->exists(entry);
        if (there && !*there) continue;
        check(actions_->remove_tag_entry(manifest.repository, manifest.digest, entry),
              "failed to delete manifest " + text(manifest.digest), entry);
      }
      const std::string revision = layout::revision_directory(repository.name, digest);
      check(actions_->remove_manifest(manifest.repository, manifest.digest, revision),
            "failed to delete manifest " + text(manifest.digest), revision);
    }
  }

  void check(const storage::Status& status, const std::string& what,
             const std::string& path) const {
    if (status) return;
    if (status.error().code == storage::Errc::kNotFound) {
      fail(what + ": filesystem: Path not found: " + std::string(kV2) + path);
    }
    fail(what + ": filesystem: " + status.error().message);
  }

  void sweep() {
    run_.swept = true;
    remove_manifests();
    if (!survey_.has_blobs) {
      fail("error enumerating blobs: filesystem: Path not found: /docker/registry/v2/blobs");
    }
    const MisplacedBlobs misplaced = misplaced_blobs(survey_, run_.marks);
    if (misplaced.exit_code == 2) throw Abort{2, misplaced.error};
    if (misplaced.exit_code != 0) fail(misplaced.error);
    graph_.each_blob([&](DigestId id) {
      if (run_.marks[row(id)] == 0) run_.blobs.push_back(id);
    });
    std::sort(run_.blobs.begin(), run_.blobs.end(),
              [&](DigestId a, DigestId b) { return graph_.digests.less(a, b); });
    if (output_ == nullptr && actions_ == nullptr) return;
    line("");
    line(run_.marked, " blobs marked, ",
         std::uint64_t{run_.blobs.size() + misplaced.eligible.size()}, " blobs and ",
         std::uint64_t{run_.manifests.size()}, " manifests eligible for deletion");
    for (const DigestId id : run_.blobs) sweep_blob(graph_.digests[id]);
    for (const storage::Digest& digest : misplaced.eligible) sweep_blob(digest);
    for (const DoomedLink& link : run_.layer_links) sweep_layer_link(link);
  }

  void sweep_blob(const storage::Digest& digest) {
    line("blob eligible for deletion: ", digest.text());
    if (actions_ == nullptr) return;
    const std::string path = layout::blob_directory(digest);
    check(actions_->remove_blob(digest, path), "failed to delete blob " + digest.text(), path);
  }

  void sweep_layer_link(const DoomedLink& link) {
    const std::string& name = survey_.repositories[link.repository].name;
    line(name, ": layer link eligible for deletion: ", link.digest);
    if (actions_ == nullptr) return;
    const std::string path =
        layout::link_in(layout::layer_directory(name, graph_.digests[link.digest]));
    check(actions_->remove_layer_link(link.repository, link.digest, path),
          "failed to delete layer link " + text(link.digest) + " of repo " + name, path);
  }

  inline static const std::string kNoError;

  const Survey& survey_;
  const Graph& graph_;
  const CollectorOptions& options_;
  CollectorOutput* output_;
  CollectorActions* actions_;
  CollectorRun run_;
  std::string text_;
  const std::string* name_ = nullptr;
  std::uint32_t current_ = 0;
  bool hides_everything_ = false;
  std::vector<DigestId> tagged_;
  std::string tag_error_;
  std::set<std::string> invalid_marks_;
};

}  // namespace

CollectorRun replay_collector(const Survey& survey, const CollectorOptions& options,
                              CollectorOutput* output, CollectorActions* actions) {
  return Replay(survey, options, output, actions).run();
}

}  // namespace regsweep::analyzer
