// The walk over `repositories`: finds the repositories, then reads each one's revision, layer and
// tag links. A large directory is cut into chunks of names that other threads take.
#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "storage/directory_store.h"
#include "storage/layout.h"
#include "storage/link.h"
#include "storage/path_buffer.h"
#include "storage/shared_work.h"
#include "storage/upload.h"

namespace regsweep::storage {
namespace {

constexpr std::size_t kChunkNames = 256;

/// Names kept for later or handed to another thread, each ending in NUL.
struct NameChunk {
  std::string text;
  std::size_t count = 0;

  void add(std::string_view name) {
    text += name;
    text += '\0';
    ++count;
  }
  template <class F>
  void each(F&& f) const {
    for (const char* at = text.data(); at != text.data() + text.size();) {
      const std::string_view name(at);
      f(name);
      at += name.size() + 1;
    }
  }
};

class RepositoryScan {
 public:
  RepositoryScan(ScanVisitor& visitor, const ScanOptions& options, ScanProgress& progress)
      : visitor_(visitor), options_(options), progress_(progress) {}

  void run(Directory repositories) {
    top_ = std::make_shared<Directory>(std::move(repositories));
    work_.hand_out(0, [this](int nested) { directory(top_, "", ScanProgress::kWhole, nested); });
    work_.wait();
  }

 private:
  using Shared = std::shared_ptr<Directory>;

  bool interrupted() const { return options_.interrupted(); }

  /// Lists one directory of the repository tree: its markers, and the directories below it. They
  /// and what it holds itself are each an equal part of its `share` of the progress. `nested`: see
  /// SharedWork.
  void directory(const Shared& at, const std::string& name, std::uint64_t share, int nested) {
    if (interrupted()) return;
    const std::string path = path_of(name, "");
    RepositoryEntry repository;
    NameChunk below;
    bool is_repository = false;
    bool empty = true;
    const Status listed = at->each([&](const DirectoryEntry& entry) {
      empty = false;
      is_repository |= repository_tree_entry(at, path, name, entry, repository, below);
    });
    share /= below.count + 1;
    below.each([&](std::string_view child) { descend(at, name, child, share, nested); });
    if (!listed) report_unreadable(visitor_, path, listed.error());
    if (is_repository) {
      repository.name = name;
      contents(at, std::move(repository));
    } else if (empty && listed && !name.empty() && options_.report_strays) {
      const Result<FileFacts> facts = at->stat_self();
      visitor_.event({EventKind::kEmptyDirectory, path, facts ? *facts : FileFacts{}, {}});
    }
    ScanProgress::add(progress_.done, share);
  }

  /// Takes one name of the repository tree; a directory to descend into goes to `below`. Returns
  /// whether the name marks the directory a repository.
  bool repository_tree_entry(const Shared& at, const std::string& path, const std::string& name,
                             const DirectoryEntry& entry, RepositoryEntry& repository,
                             NameChunk& below) {
    const std::optional<FileType> type = type_of(visitor_, *at, path, entry);
    if (!type) return false;
    const bool is_directory = type == FileType::kDirectory;
    const bool underscore = entry.name.starts_with('_');
    const bool marker = entry.name == layout::kLayers || entry.name == layout::kManifests ||
                        entry.name == layout::kUploads;
    const bool of_a_repository = is_directory && marker && !name.empty();
    if (underscore && !of_a_repository) {
      visitor_.walk_entry(
          {name.empty() ? std::string(entry.name) : name + '/' + std::string(entry.name),
           is_directory});
    }
    if (of_a_repository) {
      if (entry.name == layout::kLayers) repository.has_layers = true;
      if (entry.name == layout::kManifests) repository.has_manifests = true;
      if (entry.name == layout::kUploads) repository.has_uploads = true;
      return true;
    }
    if (is_directory && !underscore) {
      below.add(entry.name);
      return false;
    }
    if (options_.report_strays) report_stray(visitor_, *at, path, entry);
    return false;
  }

  void descend(const Shared& at, const std::string& name, std::string_view child,
               std::uint64_t share, int nested) {
    const std::string full = name.empty() ? std::string(child) : name + '/' + std::string(child);
    work_.descend(top_, at, child, full, nested,
                  [this, share, full](const Directory& in, const char* called, int inner) {
                    if (interrupted()) return;
                    Result<Directory> opened = in.open(called);
                    if (!opened) {
                      report_unreadable(visitor_, path_of(full, ""), opened.error());
                      return;
                    }
                    directory(std::make_shared<Directory>(std::move(*opened)), full, share, inner);
                  });
  }

  /// Opens what a repository holds, announces it, and scans it.
  void contents(const Shared& at, RepositoryEntry entry) {
    const std::string name = entry.name;
    // What was listed just now and is not there vanished; what `_manifests` holds was not listed.
    const auto open = [&](const char* part, bool was_listed) -> Shared {
      Result<Directory> opened = at->open(part);
      if (opened) return std::make_shared<Directory>(std::move(*opened));
      if (was_listed || opened.error().code != Errc::kNotFound) {
        report_unreadable(visitor_, path_of(name, part), opened.error());
      }
      return nullptr;
    };
    const auto listed = [&](const char* part, bool is_listed) {
      return is_listed ? open(part, true) : nullptr;
    };
    const Shared manifests = listed(layout::kManifests, entry.has_manifests);
    const Shared revisions = manifests ? open(layout::kRevisions, false) : nullptr;
    const Shared tags = manifests ? open(layout::kTags, false) : nullptr;
    const Shared layers = listed(layout::kLayers, entry.has_layers);
    const Shared uploads = listed(layout::kUploads, entry.has_uploads);
    entry.has_revisions = revisions != nullptr;
    entry.has_tags = tags != nullptr;
    const std::uint32_t id = visitor_.repository(std::move(entry));
    ScanProgress::add(progress_.repositories, 1);
    if (revisions) links(id, revisions, path_of(name, layout::kRevisions), true);
    if (tags) scan_tags(id, tags, path_of(name, layout::kTags));
    if (layers) links(id, layers, path_of(name, layout::kLayers), false);
    if (uploads) scan_uploads(id, *uploads, path_of(name, layout::kUploads));
  }

  /// `<alg>/<hex>/link` below revisions or layers.
  void links(std::uint32_t id, const Shared& at, const std::string& path, bool revisions) {
    const Status listed = at->each([&](const DirectoryEntry& entry) {
      Algorithm algorithm;
      const bool named = parse_algorithm(entry.name, algorithm);
      const auto type = named ? type_of(visitor_, *at, path, entry) : FileType::kUnknown;
      if (!type) return;
      if (type != FileType::kDirectory) {
        if (options_.report_strays) report_stray(visitor_, *at, path, entry);
        return;
      }
      const std::string below = path + '/' + std::string(entry.name);
      Result<Directory> opened = at->open(entry.name.data());
      if (!opened) {
        report_unreadable(visitor_, below, opened.error());
        return;
      }
      const auto shared = std::make_shared<Directory>(std::move(*opened));
      const StillWatch watch(*shared);
      const auto all_directories = std::make_shared<std::atomic<bool>>(true);
      in_chunks(
          shared, below,
          [this, shared, below, algorithm, all_directories](const DirectoryEntry& link) {
            Digest ignored;
            if (parse_hex(algorithm, link.name, ignored)) {
              if (link.type != FileType::kDirectory) *all_directories = false;
              return true;
            }
            if (options_.report_strays) report_stray(visitor_, *shared, below, link);
            return false;
          },
          [=, this](const NameChunk& chunk) {
            const LinkPlace place{id, *shared, below, algorithm, revisions};
            link_chunk(place, chunk, [&] { return *all_directories && watch.still(*shared); });
          });
    });
    if (!listed) report_unreadable(visitor_, path, listed.error());
  }

  /// The links of one algorithm, of one repository.
  struct LinkPlace {
    std::uint32_t repository;
    const Directory& at;
    const std::string& path;
    Algorithm algorithm;
    bool revisions;
  };

  /// `still`: whether the names of the place are directories, as they were listed.
  template <class Still>
  void link_chunk(const LinkPlace& place, const NameChunk& chunk, Still&& still) {
    if (interrupted()) return;
    std::vector<LinkEntry> batch;
    batch.reserve(chunk.count);
    const bool read = place.revisions || options_.read_layer_links;
    look_at_links(place, chunk, read, Parent::kListed, batch);
    if (!read && !still()) look_at_links(place, chunk, read, Parent::kUnknown, batch);
    std::size_t at = 0;
    std::size_t kept = 0;
    chunk.each([&](std::string_view name) {
      const LinkEntry link = batch[at++];
      if (!gone(place.at, name, place.path, link.content)) batch[kept++] = link;
    });
    batch.resize(kept);
    ScanProgress::add(progress_.links, batch.size());
    sample(place.at, chunk.text.c_str());
    if (place.revisions) {
      visitor_.revisions(place.repository, batch);
    } else {
      visitor_.layer_links(place.repository, batch);
    }
  }

  static void look_at_links(const LinkPlace& place, const NameChunk& chunk, bool read,
                            Parent parent, std::vector<LinkEntry>& batch) {
    batch.clear();
    chunk.each([&](std::string_view name) {
      LinkEntry link;
      parse_hex(place.algorithm, name, link.path);
      const PathBuffer file(name, "/link");
      link.content = read ? read_link(place.at, file.c_str())
                          : look_at_link(place.at, file.c_str(), place.algorithm, parent);
      batch.push_back(link);
    });
  }

  void sample(const Directory& at, const char* name) {
    const Result<FileFacts> directory = at.stat(name);
    const Result<FileFacts> link = at.stat(PathBuffer(name, "/link").c_str());
    if (directory) visitor_.sample(*directory);
    if (link) visitor_.sample(*link);
  }

  /// Reports a link that could not be read. Returns whether there is none: a registry that deletes
  /// one leaves its directory behind.
  bool gone(const Directory& at, std::string_view name, const std::string& path,
            const LinkContent& content) {
    const auto full = [&] { return path + '/' + std::string(name); };
    if (content.state == LinkState::kUnreadable) {
      report_unreadable(
          visitor_, full(),
          Error{Errc::kIo, {}, why_unreadable(at, PathBuffer(name, "/link").c_str()), 0});
    }
    if (content.state == LinkState::kNotAFile) report_symlinks(at, path, name, {"", "/link"});
    if (content.state != LinkState::kAbsent) return false;
    const Result<FileFacts> directory = at.stat(name.data());
    if (!directory) {
      report_unreadable(visitor_, full(), directory.error());
    } else if (options_.report_strays) {
      visitor_.event({EventKind::kEmptyDirectory, full(), *directory, {}});
    }
    return true;
  }

  /// Reports each of `name` + suffix that is a symbolic link: what a registry finds behind it is
  /// unknown. A walk over every inode reports them, too.
  void report_symlinks(const Directory& at, const std::string& path, std::string_view name,
                       std::initializer_list<std::string_view> suffixes) {
    for (const std::string_view suffix : suffixes) {
      const Result<FileFacts> facts = at.stat(PathBuffer(name, suffix).c_str());
      if (!facts || facts->type != FileType::kSymlink) continue;
      visitor_.event(
          {EventKind::kSymlink, path + '/' + std::string(name) + std::string(suffix), *facts, {}});
      return;
    }
  }

  void scan_tags(std::uint32_t id, const Shared& at, const std::string& path) {
    in_chunks(
        at, path, [](const DirectoryEntry&) { return true; },
        [this, id, at, path](const NameChunk& chunk) {
          std::vector<TagEntry> batch;
          batch.reserve(chunk.count);
          chunk.each([&](std::string_view name) {
            if (!interrupted()) tag(*at, path, name, batch);
          });
          ScanProgress::add(progress_.tags, batch.size());
          visitor_.tags(id, batch);
        });
  }

  void tag(const Directory& at, const std::string& path, std::string_view name,
           std::vector<TagEntry>& batch) {
    TagEntry entry;
    entry.name = name;
    FileFacts link;
    entry.current = read_link(at, PathBuffer(name, "/current/link").c_str(), &link);
    entry.pushed_seconds = link.mtime_seconds;
    if (entry.current.state != LinkState::kRead) {
      const Result<FileFacts> facts = at.stat(entry.name.c_str());
      if (!facts || entry.current.state == LinkState::kUnreadable) {
        report_unreadable(visitor_, path + '/' + entry.name,
                          facts
                              ? Error{Errc::kIo,
                                      {},
                                      why_unreadable(at, PathBuffer(name, "/current/link").c_str()),
                                      0}
                              : facts.error());
      }
      if (!facts && facts.error().code == Errc::kNotFound) return;
      entry.is_directory = facts && facts->type == FileType::kDirectory;
      if (entry.is_directory && entry.current.state == LinkState::kNotAFile) {
        report_symlinks(at, path, name, {"/current", "/current/link"});
      }
      if (!entry.is_directory && options_.report_strays) {
        report_stray(visitor_, at, path, DirectoryEntry{entry.name, FileType::kUnknown});
      }
    }
    if (entry.is_directory) {
      // Most file systems count sub-directories in st_nlink: one stat instead of a listing. Only of
      // more than one entry is anything concluded, and then no link may have led there.
      const PathBuffer place(name, "/index/sha256");
      Result<FileFacts> index = at.stat_listed(place.c_str());
      if (!index || index->hard_links != 3) index = at.stat(place.c_str());
      if (index && index->type == FileType::kDirectory && index->hard_links >= 2) {
        entry.index_counted = true;
        entry.index_entries = index->hard_links - 2;
      }
    }
    batch.push_back(std::move(entry));
  }

  void scan_uploads(std::uint32_t id, Directory& at, const std::string& path) {
    const Status listed = at.each([&](const DirectoryEntry& entry) {
      const std::optional<FileType> type = type_of(visitor_, at, path, entry);
      if (!type) return;
      if (type != FileType::kDirectory) {
        if (options_.report_strays) report_stray(visitor_, at, path, entry);
        return;
      }
      Result<UploadEntry> upload = read_upload(at, std::string(entry.name));
      if (upload) {
        visitor_.upload(id, std::move(*upload));
      } else {
        report_unreadable(visitor_, path + '/' + std::string(entry.name), upload.error());
      }
    });
    if (!listed) report_unreadable(visitor_, path, listed.error());
  }

  /// Lists `at`, drops the names `keep` refuses, and hands out `work` on chunks of the others, but
  /// for the last one.
  template <class Keep, class Work>
  void in_chunks(const Shared& at, const std::string& path, Keep&& keep, Work work) {
    NameChunk chunk;
    const Status listed = at->each([&](const DirectoryEntry& entry) {
      if (!keep(entry)) return;
      chunk.add(entry.name);
      if (chunk.count < kChunkNames) return;
      work_.hand_out(0, [work, full = std::exchange(chunk, {})](int) { work(full); });
    });
    if (!listed) report_unreadable(visitor_, path, listed.error());
    if (chunk.count != 0) work(chunk);
  }

  static std::string path_of(const std::string& repository, std::string_view part) {
    std::string path = layout::kRepositories;
    if (!repository.empty()) path += '/' + repository;
    if (!part.empty()) {
      path += '/';
      path += part;
    }
    return path;
  }

  ScanVisitor& visitor_;
  const ScanOptions& options_;
  ScanProgress& progress_;
  Shared top_;
  SharedWork work_;
};

}  // namespace

Status DirectoryStore::scan_repositories(ScanVisitor& visitor, const ScanOptions& options) const {
  progress_.begin(ScanPhase::kRepositories);
  Result<Directory> repositories = v2_.open(layout::kRepositories);
  if (!repositories) {
    if (repositories.error().code != Errc::kNotFound) {
      report_unreadable(visitor, layout::kRepositories, repositories.error());
    }
    return repositories.error();
  }
  RepositoryScan(visitor, options, progress_).run(std::move(*repositories));
  return kOk;
}

}  // namespace regsweep::storage
