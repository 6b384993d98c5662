#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/content_kind.h"
#include "analyzer/survey.h"
#include "storage/result_cache.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// What reading a blob's content showed.
enum class ContentState : std::uint8_t {
  kNotRead,     ///< not chosen, or the run ended before its turn
  kSound,       ///< read whole: it has the digest of its name
  kKnownSound,  ///< an earlier run read this very file
  kWrong,       ///< read twice, the second time from the device: another digest
  kUnreadable,  ///< the device or its file system gives its bytes up: a bad sector
  kUnknown,     ///< no permission, or gone or written to meanwhile: nothing can be said
};

/// A blob that is not sound, or was not at first.
struct Misread {
  DigestId id = kNoDigest;
  ContentState state = ContentState::kWrong;
  storage::Digest actual;        ///< of kWrong
  std::uint64_t read_bytes = 0;  ///< of kWrong: its size
  std::string message;           ///< the system's words, for the others
};

struct ContentOptions {
  int readers = 0;                          ///< threads that read; 0: by the device
  std::uint64_t rate_bytes_per_second = 0;  ///< all threads together; 0: no limit
  std::optional<std::chrono::steady_clock::time_point> deadline;  ///< no blob begins after it
  /// Asked after each piece of at most 2 MiB; a blob half read is not read.
  std::function<bool()> interrupted;
  storage::ResultCache* cache = nullptr;            ///< gets what was found sound
  std::optional<std::int64_t> trust_since_seconds;  ///< what the cache has since then is not read
  std::int64_t now_seconds = 0;
};

/// Counts for a progress line.
struct ContentProgress {
  std::atomic<std::uint64_t> blobs{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::uint64_t> bad{0};
  std::atomic<std::uint64_t> planned_blobs{0};  ///< 0 until it is known
  std::atomic<std::uint64_t> planned_bytes{0};
};

struct ContentScan {
  std::vector<ContentState> states;  ///< by digest
  std::vector<ContentKind> kinds;    ///< by digest: of what was read
  std::vector<Misread> misreads;     ///< by id: of kWrong, kUnreadable, kUnknown
  std::vector<DigestId> unsteady;    ///< wrong at first, sound when read again: by id
  std::uint64_t read_blobs = 0;      ///< whole, sound or wrong
  std::uint64_t read_bytes = 0;      ///< of these
  std::uint64_t known_blobs = 0;     ///< by the cache
  std::uint64_t known_bytes = 0;
  bool stopped = false;       ///< by the deadline
  bool interrupted = false;   ///< by the user
  std::string cache_problem;  ///< the cache failed meanwhile, and was not used further
};

/// Threads that suit a device: one a core where reading waits for nothing, four where it waits for
/// a device or a network (measured: docs/benchmarks.md), two in all where a head moves.
int readers_for(storage::DeviceKind device, int cores) noexcept;

/// Reads the blobs in `chosen` whole, `readers` at once: the largest first, so that none of them is
/// left for one thread at the end; small ones in the order of directories; on a rotating disk in
/// the order of inodes. What is wrong is read a second time, past the cache, before it is called
/// so.
ContentScan read_content(const storage::Store& store, const Survey& survey,
                         const std::vector<DigestId>& chosen, const ContentOptions& options,
                         ContentProgress& progress);

}  // namespace regsweep::analyzer
