// The complete walk: every inode below the root once, each in one class, so that the classes add up
// to what `du -s --block-size=1` says of the root. What a place may hold is a table of contexts.
#include <tbb/concurrent_vector.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_sort.h>

#include <array>
#include <memory>
#include <tuple>

#include "storage/directory_store.h"
#include "storage/layout.h"
#include "storage/shared_work.h"

namespace regsweep::storage {
namespace {

/// Where in the tree a directory stands; decides what its names mean.
enum class Context : std::uint8_t {
  kOutside,  ///< below the root, but not below v2
  kV2,
  kBlobs,          ///< blobs
  kBlobAlgorithm,  ///< blobs/<alg>
  kBlobPrefix,     ///< blobs/<alg>/xx
  kBlob,           ///< blobs/<alg>/xx/<hex>
  kTree,           ///< repositories and the directories of names below
  kManifests,      ///< <name>/_manifests
  kLinkRoot,       ///< revisions, _layers, a tag's index
  kLinkAlgorithm,  ///< … /<alg>
  kLinkLeaf,       ///< … /<alg>/<hex>, a tag's current
  kTags,
  kTag,
  kUploads,  ///< _uploads
  kUpload,   ///< _uploads/<uuid> and all below
  kQuarantine,
  kStray,  ///< below a directory that no registry makes; reported once, at its top
};

/// What a registry's own walks would see in a stray file of this name.
enum class Hears : std::uint8_t { kNothing, kData, kLink };

struct Place {
  Context context = Context::kOutside;
  Hears hears = Hears::kNothing;
};

/// A name of a file that has several: a store made of hard links has one for each file.
struct HardLink {
  std::uint64_t device;
  std::uint64_t inode;
  std::uint64_t size_bytes;
  std::uint64_t allocated_bytes;
  FileClass file_class;

  auto key() const noexcept { return std::tuple(device, inode, file_class); }
};

bool is_hex_of(std::string_view algorithm_path, std::string_view name) {
  const std::size_t slash = algorithm_path.rfind('/');
  Algorithm algorithm;
  Digest digest;
  return parse_algorithm(algorithm_path.substr(slash + 1), algorithm) &&
         parse_hex(algorithm, name, digest);
}

bool is_algorithm(std::string_view name) {
  Algorithm algorithm;
  return parse_algorithm(name, algorithm);
}

/// The place of directory `name` below `parent`, whose path is `path`.
Place place_of(Place parent, const std::string& path, std::string_view name,
               const std::string& v2_path) {
  const auto in = [&](Context context) { return Place{context, parent.hears}; };
  const Place stray = in(Context::kStray);
  switch (parent.context) {
    case Context::kOutside: {
      if (name == layout::kQuarantine) return in(Context::kQuarantine);
      const std::string full = path.empty() ? std::string(name) : path + '/' + std::string(name);
      return full == v2_path ? in(Context::kV2) : in(Context::kOutside);
    }
    case Context::kV2:
      if (name == layout::kBlobs) return {Context::kBlobs, Hears::kData};
      if (name == layout::kRepositories) return in(Context::kTree);
      if (name == layout::kQuarantine) return in(Context::kQuarantine);
      return in(Context::kOutside);
    case Context::kBlobs:
      return is_algorithm(name) ? in(Context::kBlobAlgorithm) : stray;
    case Context::kBlobAlgorithm:
      return name.size() == 2 ? in(Context::kBlobPrefix) : stray;
    case Context::kBlobPrefix:
      return is_hex_of(path.substr(0, path.rfind('/')), name) &&
                     name.substr(0, 2) == path.substr(path.rfind('/') + 1)
                 ? in(Context::kBlob)
                 : stray;
    case Context::kTree:
      if (name == layout::kManifests) return in(Context::kManifests);
      if (name == layout::kLayers) return {Context::kLinkRoot, Hears::kLink};
      if (name == layout::kUploads) return in(Context::kUploads);
      return name.starts_with('_') ? stray : in(Context::kTree);
    case Context::kManifests:
      if (name == "revisions") return {Context::kLinkRoot, Hears::kLink};
      return name == "tags" ? in(Context::kTags) : stray;
    case Context::kLinkRoot:
      return is_algorithm(name) ? in(Context::kLinkAlgorithm) : stray;
    case Context::kLinkAlgorithm:
      return is_hex_of(path, name) ? in(Context::kLinkLeaf) : stray;
    case Context::kTags:
      return in(Context::kTag);
    case Context::kTag:
      if (name == layout::kCurrent) return in(Context::kLinkLeaf);
      return name == layout::kIndex ? in(Context::kLinkRoot) : stray;
    case Context::kUploads:
      return in(Context::kUpload);
    case Context::kUpload:
    case Context::kQuarantine:
      return parent;
    case Context::kBlob:
    case Context::kLinkLeaf:
    case Context::kStray:
      return stray;
  }
  return stray;
}

/// The class of something that is no directory, in a directory at `place`.
FileClass class_of(Place place, std::string_view name, FileType type) {
  if (place.context == Context::kUpload || place.context == Context::kUploads) {
    return FileClass::kUpload;
  }
  if (place.context == Context::kQuarantine) return FileClass::kQuarantine;
  if (type == FileType::kRegular) {
    if (place.context == Context::kBlob && name == layout::kData) return FileClass::kBlobData;
    if (place.context == Context::kLinkLeaf && name == layout::kLink) return FileClass::kLink;
    if (place.context != Context::kOutside && layout::is_temporary(name)) {
      return FileClass::kTemporary;
    }
  }
  return FileClass::kOther;
}

class InventoryWalk {
 public:
  InventoryWalk(ScanVisitor& visitor, const InventoryOptions& options, ScanProgress& progress,
                std::string v2_path)
      : visitor_(visitor),
        options_(options),
        progress_(progress),
        v2_path_(std::move(v2_path)),
        event_offset_(v2_path_.empty() ? 0 : v2_path_.size() + 1) {}

  Inventory run(Directory root) {
    const Result<FileFacts> facts = root.stat_self();
    if (!facts) report_unreadable(visitor_, event_path(""), facts.error());
    if (facts && options_.stat) totals_.local()[FileClass::kDirectory].add(*facts);
    const Place place{v2_path_.empty() ? Context::kV2 : Context::kOutside, Hears::kNothing};
    top_ = std::make_shared<Directory>(std::move(root));
    work_.hand_out(0, [this, place](int nested) { directory(top_, "", place, nested); });
    work_.wait();
    Inventory sum = totals_.combine([](Inventory a, const Inventory& b) {
      for (std::size_t i = 0; i < std::size(a.of); ++i) a.of[i] += b.of[i];
      return a;
    });
    add_hard_links(sum);
    return sum;
  }

 private:
  using Shared = std::shared_ptr<Directory>;

  bool interrupted() const { return options_.interrupted(); }

  /// `nested`: see SharedWork.
  void directory(const Shared& at, const std::string& path, Place place, int nested) {
    if (interrupted()) return;
    bool empty = true;
    const Status listed = at->each([&](const DirectoryEntry& entry) {
      empty = false;
      const std::string below =
          path.empty() ? std::string(entry.name) : path + '/' + std::string(entry.name);
      visit(at, path, below, place, entry, nested);
    });
    if (!listed) report_unreadable(visitor_, event_path(path), listed.error());
    if (listed && empty) report_empty(*at, path, place);
  }

  void visit(const Shared& at, const std::string& path, const std::string& below, Place place,
             const DirectoryEntry& entry, int nested) {
    if (interrupted()) return;
    FileFacts facts;
    facts.type = entry.type;
    if (options_.stat || entry.type == FileType::kUnknown) {
      const Result<FileFacts> looked = at->stat(entry.name.data());
      if (!looked) {
        report_unreadable(visitor_, event_path(below), looked.error());
        return;
      }
      facts = *looked;
    }
    if (facts.type == FileType::kDirectory) {
      enter(at, path, below, place, entry, facts, nested);
    } else {
      count(*at, place, entry.name, below, facts);
    }
  }

  void enter(const Shared& at, const std::string& path, const std::string& below, Place place,
             const DirectoryEntry& entry, const FileFacts& facts, int nested) {
    const Place inner = place_of(place, path, entry.name, v2_path_);
    if (place.context == Context::kV2 && options_.skip_scanned &&
        (inner.context == Context::kBlobs || inner.context == Context::kTree)) {
      return;
    }
    if (options_.stat) totals_.local()[FileClass::kDirectory].add(facts);
    if (inner.context == Context::kStray && place.context != Context::kStray) {
      visitor_.event({EventKind::kStrayDirectory, event_path(below), facts, {}});
    }
    if (inner.context == Context::kBlob || inner.context == Context::kLinkLeaf) {
      open(*at, entry.name.data(), below, inner, nested);  // holds one file: not worth a task
      return;
    }
    work_.descend(top_, at, entry.name, below, nested,
                  [this, below, inner](const Directory& in, const char* name, int deeper) {
                    open(in, name, below, inner, deeper);
                  });
  }

  void open(const Directory& at, const char* name, const std::string& path, Place place,
            int nested) {
    Result<Directory> opened = at.open(name);
    if (!opened) {
      report_unreadable(visitor_, event_path(path), opened.error());
      return;
    }
    directory(std::make_shared<Directory>(std::move(*opened)), path, place, nested);
  }

  void count(const Directory& at, Place place, std::string_view name, const std::string& path,
             const FileFacts& facts) {
    const FileClass file_class = class_of(place, name, facts.type);
    ScanProgress::add(progress_.files, 1);
    if (options_.stat) {
      if (facts.hard_links > 1) {
        hard_links_.push_back(
            {facts.device, facts.inode, facts.size_bytes, facts.allocated_bytes, file_class});
      } else {
        totals_.local()[file_class].add(facts);
      }
    }
    if (place.context != Context::kOutside && place.context != Context::kQuarantine &&
        (file_class == FileClass::kOther || file_class == FileClass::kTemporary)) {
      report_file(at, place, name, path, facts, file_class);
    }
  }

  void report_file(const Directory& at, Place place, std::string_view name, const std::string& path,
                   const FileFacts& facts, FileClass file_class) {
    Event event;
    event.path = event_path(path);
    event.facts = facts;
    if (facts.type == FileType::kSymlink) {
      event.kind = EventKind::kSymlink;
    } else if (facts.type != FileType::kRegular) {
      event.kind = EventKind::kSpecialFile;
    } else if (place.hears == Hears::kData && name == layout::kData) {
      event.kind = EventKind::kOddData;
    } else if (place.hears == Hears::kLink && name == layout::kLink) {
      event.kind = EventKind::kOddLink;
      std::array<char, 160> content;
      const Result<std::size_t> got = at.read(layout::kLink, content);
      if (!got) {
        report_unreadable(visitor_, event.path, got.error());
        return;
      }
      event.message.assign(content.data(), *got);
    } else if (place.context == Context::kStray) {
      return;  // its directory was reported
    } else {
      event.kind =
          file_class == FileClass::kTemporary ? EventKind::kTemporaryFile : EventKind::kStrayFile;
    }
    visitor_.event(std::move(event));
  }

  void report_empty(const Directory& at, const std::string& path, Place place) {
    EventKind kind = EventKind::kEmptyDirectory;
    switch (place.context) {
      case Context::kBlob:
        kind = EventKind::kBlobWithoutData;
        break;
      case Context::kOutside:
      case Context::kV2:
      case Context::kBlobs:
      case Context::kBlobAlgorithm:
      case Context::kUploads:  // a registry leaves it behind after every push
      case Context::kUpload:
      case Context::kQuarantine:
        return;
      case Context::kTree:
        if (event_path(path) == layout::kRepositories) return;
        break;
      default:
        break;
    }
    const Result<FileFacts> facts = at.stat_self();
    visitor_.event({kind, event_path(path), facts ? *facts : FileFacts{}, {}});
  }

  /// Counts each inode with several names once, in the first of its classes, as `du` does.
  void add_hard_links(Inventory& sum) {
    tbb::parallel_sort(hard_links_.begin(), hard_links_.end(),
                       [](const HardLink& a, const HardLink& b) { return a.key() < b.key(); });
    const HardLink* before = nullptr;
    for (const HardLink& link : hard_links_) {
      ClassTotal& total = sum[link.file_class];
      if (before != nullptr && link.inode == before->inode && link.device == before->device) {
        ++total.objects;
      } else {
        total += ClassTotal{1, link.size_bytes, link.allocated_bytes};
      }
      before = &link;
    }
  }

  /// Events name paths below v2; what lies outside is named "ROOT/…".
  std::string event_path(const std::string& path) const {
    if (event_offset_ == 0) return path;
    const bool is_inside = path.size() > v2_path_.size() && is_below(path, v2_path_);
    return is_inside ? path.substr(event_offset_) : "ROOT/" + path;
  }

  ScanVisitor& visitor_;
  const InventoryOptions& options_;
  ScanProgress& progress_;
  const std::string v2_path_;
  const std::size_t event_offset_;
  Shared top_;
  SharedWork work_;
  tbb::enumerable_thread_specific<Inventory> totals_;
  tbb::concurrent_vector<HardLink> hard_links_;
};

}  // namespace

Inventory DirectoryStore::take_inventory(ScanVisitor& visitor,
                                         const InventoryOptions& options) const {
  progress_.files_expected.store(
      options.skip_scanned ? 0 : progress_.blobs + progress_.links + progress_.tags,
      std::memory_order_relaxed);
  progress_.begin(ScanPhase::kFiles);
  Result<Directory> root = root_.open(".");
  if (!root) {
    report_unreadable(visitor, "", root.error());
    return {};
  }
  const Inventory all =
      InventoryWalk(visitor, options, progress_, v2_below_root_).run(std::move(*root));
  progress_.begin(ScanPhase::kScanned);
  return all;
}

}  // namespace regsweep::storage
