// The file in which verify remembers what was sound: any bytes in its place. Checked:
// - it is opened, or refused with a reason;
// - entries that are read have digests whose unused bytes are zero;
// - what is added is there when the file is opened again, if both worked, and the file is then
//   refused for another store.
// A file's bytes are SQLite's to read: what is checked here is what is made of its answers.
#include <filesystem>

#include "storage/result_cache.h"
#include "tests/fuzz/fuzz.h"

namespace regsweep::fuzz {
namespace {

using storage::Digest;
using storage::ResultCache;
using storage::SoundBlob;

SoundBlob some_blob() {
  SoundBlob blob;
  blob.digest.bytes[0] = 0xab;
  blob.inode = UINT64_MAX;
  blob.size_bytes = 12;
  blob.mtime_nanoseconds = -1;
  blob.ctime_nanoseconds = 2;
  blob.read_at_seconds = 3;
  return blob;
}

bool same(const SoundBlob& a, const SoundBlob& b) {
  return a.digest == b.digest && a.inode == b.inode && a.size_bytes == b.size_bytes &&
         a.mtime_nanoseconds == b.mtime_nanoseconds && a.ctime_nanoseconds == b.ctime_nanoseconds &&
         a.read_at_seconds == b.read_at_seconds;
}

/// Reads all entries; says whether `wanted` is among them.
bool read_all(ResultCache& cache, const SoundBlob& wanted, bool& found) {
  found = false;
  return static_cast<bool>(cache.each(INT64_MIN, [&](const SoundBlob& blob) {
    REGSWEEP_HOLDS(!blob.digest.text().empty(), "digest");
    Digest again;
    REGSWEEP_HOLDS(parse_digest(blob.digest.text(), again) == storage::DigestError::kNone,
                   "digest");
    REGSWEEP_HOLDS(again == blob.digest, blob.digest.text());
    found = found || same(blob, wanted);
  }));
}

}  // namespace

REGSWEEP_FUZZER(result_cache) {
  const std::string directory = scratch() + "/cache";
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  const std::string path = put("cache/results.sqlite", input);
  const SoundBlob blob = some_blob();
  bool written = false;
  {
    const auto cache = ResultCache::open(path, "/store");
    if (!cache) {
      REGSWEEP_HOLDS(!cache.error().message.empty(), "no reason");
      return;
    }
    bool found = false;
    const bool read = read_all(**cache, blob, found);
    static_cast<void>((*cache)->open_round());
    written = read && (*cache)->begin_round(1) && (*cache)->add(blob) && (*cache)->flush();
  }
  if (!written) return;
  const auto again = ResultCache::open(path, "/store");
  if (!again) return;
  bool found = false;
  REGSWEEP_HOLDS(!read_all(**again, blob, found) || found, "what was added is gone");
  REGSWEEP_HOLDS(!ResultCache::open(path, "/elsewhere"), "another store's");
}

}  // namespace regsweep::fuzz
