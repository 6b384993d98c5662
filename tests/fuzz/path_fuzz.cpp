// Paths and names: what may be removed or added by its path, and what a registry takes for a name.
// The input is a path, or a path and a digest on a second line. Checked:
// - a path that has the shape of anything lies below the store (no empty, "." or ".." component, no
//   NUL, not absolute), and at a place where only such things lie;
// - of any two classes but the empty directory and the temporary file, a path has at most one's
//   shape;
// - an addition's path ends in the directory of its digest, but for a current link;
// - names of classes are read as they are written;
// - repository_name_error() and is_driver_path_component() are distribution's regular expressions
//   (reference/regexp.go and registry/storage/driver/storagedriver.go, v2.8.2).
#include <regex>

#include "storage/addition_shape.h"
#include "storage/layout.h"
#include "storage/sweeper_shape.h"
#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

using storage::AdditionClass;
using storage::RemovalClass;

/// A path that stays below where it starts, said once more.
bool is_inside(const std::string& path) {
  if (path.empty() || path.front() == '/' || path.back() == '/') return false;
  if (path.find('\0') != std::string::npos) return false;
  const std::string all = '/' + path + '/';
  return all.find("//") == std::string::npos && all.find("/./") == std::string::npos &&
         all.find("/../") == std::string::npos;
}

/// The forms that stand at RemovalClass, as regular expressions.
const std::regex& form_of(RemovalClass removal_class) {
  static const std::string repository = "repositories/(?:[^_/][^/]*/)+";
  static const std::string link =
      "(?:sha256/[0-9a-f]{64}|sha384/[0-9a-f]{96}|sha512/[0-9a-f]{128})";
  static const auto make = [](const std::string& form) { return std::regex(form); };
  static const std::regex forms[storage::kRemovalClasses] = {
      make(repository + "_manifests/tags/[^/]+"),
      make(repository + "_manifests/tags/[^/]+/index/" + link),
      make(repository + "_manifests/revisions/" + link),
      make(repository + "_layers/" + link),
      make(repository + "_uploads/[^/]+"),
      make("(?:[^/]+/)*[^/]*\\.tmp"),
      make("blobs/(?:sha256/([0-9a-f]{2})/\\1[0-9a-f]{62}|sha384/([0-9a-f]{2})/\\2[0-9a-f]{94}"
           "|sha512/([0-9a-f]{2})/\\3[0-9a-f]{126})"),
      make("(?:blobs|repositories)/[\\s\\S]+"),
  };
  return forms[static_cast<std::size_t>(removal_class)];
}

void check_removals(const std::string& path) {
  const bool uploads_or_quarantine = ('/' + path + '/').find("/_uploads/") != std::string::npos ||
                                     path.starts_with(".regsweep-quarantine/") ||
                                     path == ".regsweep-quarantine";
  int shapes = 0;
  for (std::size_t i = 0; i < storage::kRemovalClasses; ++i) {
    const auto removal_class = static_cast<RemovalClass>(i);
    const bool found = has_shape(removal_class, path);
    bool wanted = is_inside(path) && std::regex_match(path, form_of(removal_class));
    if (removal_class == RemovalClass::kTemporaryFile) wanted = wanted && !uploads_or_quarantine;
    REGSWEEP_HOLDS(found == wanted, std::to_string(i) + ' ' + shown(path));
    REGSWEEP_HOLDS(found == static_cast<bool>(check_shape(removal_class, path)), shown(path));
    const bool vague = removal_class == RemovalClass::kEmptyDirectory ||
                       removal_class == RemovalClass::kTemporaryFile;
    shapes += found && !vague ? 1 : 0;
    RemovalClass again;
    REGSWEEP_HOLDS(class_of_name(class_name(removal_class), again) && again == removal_class,
                   std::to_string(i));
  }
  REGSWEEP_HOLDS(shapes <= 1, shown(path));
  REGSWEEP_HOLDS(storage::is_safe_path(path) == is_inside(path), shown(path));
}

void check_additions(const std::string& path, const storage::Digest& digest) {
  const std::string directory = '/' + storage::layout::link_directory(digest) + "/link";
  for (std::size_t i = 0; i < storage::kAdditionClasses; ++i) {
    const auto addition_class = static_cast<AdditionClass>(i);
    AdditionClass again;
    REGSWEEP_HOLDS(class_of_name(class_name(addition_class), again) && again == addition_class,
                   std::to_string(i));
    if (!has_addition_shape(addition_class, path, digest)) continue;
    REGSWEEP_HOLDS(is_inside(path), shown(path));
    if (addition_class == AdditionClass::kBlobData) {
      REGSWEEP_HOLDS(path == storage::layout::blob_path(digest), shown(path));
    } else if (addition_class == AdditionClass::kTagCurrentLink) {
      REGSWEEP_HOLDS(path.ends_with("/current/link"), shown(path));
    } else {
      REGSWEEP_HOLDS(path.ends_with(directory), shown(path));
    }
    const std::string above = storage::parent_of(path);
    REGSWEEP_HOLDS(storage::has_made_directory_shape(above), shown(path));
  }
}

void check_names(const std::string& name) {
  static const std::string label = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
  // "-+" for the original's "[-]*", which means the same here and takes for ever to try.
  static const std::string component = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
  static const std::regex form("(?:" + label + "(?:\\." + label + ")*(?::[0-9]+)?/)?" + component +
                               "(?:/" + component + ")*");
  if (name.size() <= 255) {
    REGSWEEP_HOLDS(storage::repository_name_error(name).empty() == std::regex_match(name, form),
                   shown(name));
  }
  REGSWEEP_HOLDS(name.size() <= 255 || !storage::repository_name_error(name).empty(), shown(name));
  static const std::regex driver("[A-Za-z0-9._-]+");
  REGSWEEP_HOLDS(storage::is_driver_path_component(name) == std::regex_match(name, driver),
                 shown(name));
  REGSWEEP_HOLDS(storage::last_component(name).size() <= name.size(), shown(name));
}

}  // namespace

REGSWEEP_FUZZER(path) {
  constexpr std::size_t kLongest = 600;  // regular expressions take stack
  if (input.size() > kLongest) return;
  Pieces pieces(input);
  const std::string path(pieces.line());
  check_removals(path);
  check_names(path);
  storage::Digest digest;
  if (parse_digest(pieces.line(), digest) == storage::DigestError::kNone) {
    check_additions(path, digest);
  }
}

}  // namespace regsweep::fuzz
