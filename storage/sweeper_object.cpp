#include "storage/sweeper_object.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "storage/layout.h"
#include "storage/sweeper_shape.h"
#include "storage/sweeper_tree.h"

namespace regsweep::storage {
namespace {

Error changed(std::string message) { return {Errc::kChanged, {}, std::move(message), 0}; }

/// What differs between what was judged and what is there, in words.
Error difference(const Identity& judged, const Identity& now) {
  if (judged.inode != now.inode) return changed("is another object than the one that was judged");
  if (judged.size_bytes != now.size_bytes) {
    return changed("holds " + std::to_string(now.size_bytes) + " bytes, was judged with " +
                   std::to_string(judged.size_bytes));
  }
  return changed("was written to after it was judged");
}

FileType wanted_type(RemovalClass removal_class) noexcept {
  switch (removal_class) {
    case RemovalClass::kTag:
    case RemovalClass::kUpload:
    case RemovalClass::kEmptyDirectory:
      return FileType::kDirectory;
    default:
      return FileType::kRegular;
  }
}

const char* type_words(FileType type) noexcept {
  switch (type) {
    case FileType::kSymlink:
      return "a symbolic link stands here and is not followed";
    case FileType::kDirectory:
      return "a directory stands here";
    case FileType::kRegular:
      return "a file stands here";
    default:
      return "a device, FIFO or socket stands here";
  }
}

/// An upload that lost its `startedat` to an interrupted removal, which changed its time.
bool is_half_removed_upload(const Directory& parent, const std::string& name,
                            const FileFacts& facts, const Identity& judged) {
  if (facts.inode != judged.inode) return false;
  const Result<Directory> upload = open_place(parent, name);
  if (!upload) return false;
  const Result<FileFacts> started = upload->stat(layout::kStartedAt);
  return !started && started.error().code == Errc::kNotFound;
}

Result<Presence> check_itself(const Directory& parent, const std::string& name,
                              const Removal& removal) {
  const Result<FileFacts> facts = parent.stat(name.c_str());
  if (!facts && facts.error().code == Errc::kNotFound) return Presence::kGone;
  if (!facts) return facts.error();
  if (facts->type != wanted_type(removal.removal_class)) return changed(type_words(facts->type));
  const Identity now = identity_of(*facts);
  if (now == removal.identity) return Presence::kWhole;
  switch (removal.removal_class) {
    case RemovalClass::kEmptyDirectory:
      if (now.inode == removal.identity.inode) return Presence::kWhole;
      break;
    case RemovalClass::kUpload:
      if (is_half_removed_upload(parent, name, *facts, removal.identity)) return Presence::kHalf;
      break;
    default:
      break;
  }
  return difference(removal.identity, now);
}

/// Blobs and links: first the file that stands for the directory, so that a crash leaves nothing
/// that looks whole, then whatever else lies there, then the directory. It is removed by way of its
/// own
/// "..": that is its parent, wherever it is by now, and no name on the way can be a symbolic link.
Result<Removed> remove_keyed(const Directory& v2, const Removal& removal, const char* key) {
  const Result<Directory> object = open_place(v2, removal.path);
  if (!object && object.error().code == Errc::kNotFound) return Removed::kAlreadyGone;
  if (!object) return object.error();
  const Result<Presence> there = check_key(*object, key, removal.identity);
  if (!there) return there.error();
  if (*there == Presence::kWhole && unlink_at(*object, key, 0) != 0 && errno != ENOENT) {
    return change_error(errno, "cannot remove", key);
  }
  const std::string self = "../" + last_component(removal.path);
  for (bool cleared = false;; cleared = true) {
    if (unlink_at(*object, self.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) {
      return Removed::kDone;
    }
    if (cleared || (errno != ENOTEMPTY && errno != EEXIST)) {
      return change_error(errno, "cannot remove its directory", "");
    }
    if (const Status status = clear_directory(*object, key); !status) return status.error();
  }
}

/// `startedat` goes first: without it no registry resumes the upload.
Result<Removed> remove_upload(const Directory& parent, const std::string& name,
                              const Identity& judged) {
  const Result<Directory> upload = open_place(parent, name);
  if (!upload) return upload.error();
  const Result<FileFacts> facts = upload->stat_self();
  if (!facts) return facts.error();
  if (facts->inode != judged.inode) return difference(judged, identity_of(*facts));
  if (unlink_at(*upload, layout::kStartedAt, 0) != 0 && errno != ENOENT && errno != EISDIR) {
    return change_error(errno, "cannot remove", layout::kStartedAt);
  }
  const Status removed = remove_entry(parent, name, FileType::kDirectory);
  if (removed || removed.error().code == Errc::kNotFound) return Removed::kDone;
  Error error = removed.error();
  error.path = error.path == name ? std::string() : error.path.substr(name.size() + 1);
  return error;
}

/// A tag without `current/link` means nothing, whoever took it: it is half removed.
Result<Presence> check_tag(const Directory& tag, const Identity& judged) {
  const Result<Directory> current = open_place(tag, layout::kCurrent);
  if (!current && current.error().code == Errc::kNotFound) return Presence::kHalf;
  if (!current) return below(layout::kCurrent, current.error());
  const Result<Presence> there = check_key(*current, layout::kLink, judged);
  if (!there) return below(layout::kCurrent, there.error());
  return there;
}

Result<Identity> look_up_tag(const Directory& tag) {
  const Result<Directory> current = open_place(tag, layout::kCurrent);
  if (!current && current.error().code != Errc::kNotFound) return current.error();
  Result<FileFacts> facts =
      current ? current->stat(layout::kLink) : Result<FileFacts>(current.error());
  if (!facts && facts.error().code == Errc::kNotFound) {
    facts = tag.stat_self();
  } else if (facts && facts->type != FileType::kRegular) {
    const Errc code = facts->type == FileType::kSymlink ? Errc::kDenied : Errc::kCorrupt;
    return Error{code, {}, type_words(facts->type), 0};
  }
  if (!facts) return facts.error();
  return identity_of(*facts);
}

/// `current/link` goes first: without it the tag means nothing, and a crash leaves no tag that
/// means something it did not mean.
Result<Removed> remove_tag(const Directory& v2, const Removal& removal) {
  const Result<Directory> parent = open_place(v2, parent_of(removal.path));
  if (!parent && parent.error().code == Errc::kNotFound) return Removed::kAlreadyGone;
  if (!parent) return parent.error();
  const std::string name = last_component(removal.path);
  const Result<Directory> tag = open_place(*parent, name);
  if (!tag && tag.error().code == Errc::kNotFound) return Removed::kAlreadyGone;
  if (!tag) return tag.error();
  const Result<Presence> there = check_tag(*tag, removal.identity);
  if (!there) return there.error();
  if (*there == Presence::kWhole) {
    const Result<Directory> current = open_place(*tag, layout::kCurrent);
    if (!current) return below(layout::kCurrent, current.error());
    if (unlink_at(*current, layout::kLink, 0) != 0 && errno != ENOENT) {
      return change_error(errno, "cannot remove",
                          std::string(layout::kCurrent) + '/' + layout::kLink);
    }
  }
  const Status removed = remove_entry(*parent, name, FileType::kDirectory);
  if (removed || removed.error().code == Errc::kNotFound) return Removed::kDone;
  return removed.error();
}

Result<Removed> remove_itself(const Directory& v2, const Removal& removal) {
  const Result<Directory> parent = open_place(v2, parent_of(removal.path));
  if (!parent && parent.error().code == Errc::kNotFound) return Removed::kAlreadyGone;
  if (!parent) return parent.error();
  const std::string name = last_component(removal.path);
  const Result<Presence> there = check_itself(*parent, name, removal);
  if (!there) return there.error();
  if (*there == Presence::kGone) return Removed::kAlreadyGone;
  if (removal.removal_class == RemovalClass::kUpload) {
    return remove_upload(*parent, name, removal.identity);
  }
  const bool is_directory = removal.removal_class == RemovalClass::kEmptyDirectory;
  if (unlink_at(*parent, name.c_str(), is_directory ? AT_REMOVEDIR : 0) == 0) return Removed::kDone;
  if (errno == ENOENT) return Removed::kAlreadyGone;
  if (is_directory && (errno == ENOTEMPTY || errno == EEXIST)) return changed("is not empty");
  return change_error(errno, "cannot remove", "");
}

}  // namespace

Result<Presence> check_key(const Directory& object, const char* key, const Identity& judged) {
  const Result<FileFacts> facts = object.stat(key);
  if (!facts && facts.error().code == Errc::kNotFound) return Presence::kHalf;
  Error error;
  if (!facts) {
    error = facts.error();
  } else if (facts->type != FileType::kRegular) {
    error = changed(type_words(facts->type));
  } else if (const Identity now = identity_of(*facts); now != judged) {
    error = difference(judged, now);
  } else {
    return Presence::kWhole;
  }
  error.path = key;
  return error;
}

Result<Presence> check_object(const Directory& parent, const std::string& name,
                              const Removal& removal) {
  const char* key = key_file(removal.removal_class);
  const bool is_tag = removal.removal_class == RemovalClass::kTag;
  if (key == nullptr && !is_tag) return check_itself(parent, name, removal);
  const Result<Directory> object = open_place(parent, name);
  if (!object && object.error().code == Errc::kNotFound) return Presence::kGone;
  if (!object) return object.error();
  if (is_tag) return check_tag(*object, removal.identity);
  return check_key(*object, key, removal.identity);
}

Result<Identity> look_up(const Directory& v2, RemovalClass removal_class, const std::string& path) {
  const char* key = key_file(removal_class);
  const bool is_tag = removal_class == RemovalClass::kTag;
  const Result<Directory> place = open_place(v2, key != nullptr || is_tag ? path : parent_of(path));
  if (!place) return place.error();
  if (is_tag) return look_up_tag(*place);
  const Result<FileFacts> facts =
      key != nullptr ? place->stat(key) : place->stat(last_component(path).c_str());
  if (!facts) return facts.error();
  if (facts->type != wanted_type(removal_class)) {
    const Errc code = facts->type == FileType::kSymlink ? Errc::kDenied : Errc::kCorrupt;
    return Error{code, {}, type_words(facts->type), 0};
  }
  return identity_of(*facts);
}

Result<Removed> remove_object(const Directory& v2, const Removal& removal) {
  if (removal.removal_class == RemovalClass::kTag) return remove_tag(v2, removal);
  const char* key = key_file(removal.removal_class);
  return key != nullptr ? remove_keyed(v2, removal, key) : remove_itself(v2, removal);
}

}  // namespace regsweep::storage
