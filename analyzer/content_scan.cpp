#include "analyzer/content_scan.h"

#include <tbb/parallel_for.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "analyzer/reading_order.h"
#include "storage/blob_check.h"

namespace regsweep::analyzer {
namespace {

using std::chrono::steady_clock;
using storage::BlobCheck;
using storage::Errc;
using storage::Freshness;
using storage::SoundBlob;

constexpr std::size_t kSmallAtOnce = 32;  // so many small blobs a thread takes at a time
constexpr auto kLongestSleep = std::chrono::milliseconds(50);

/// Lets through so many bytes a second, for all threads together.
class RateLimit {
 public:
  explicit RateLimit(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  /// Waits until `bytes` may have been read, in naps, while `go_on` says so.
  template <class GoOn>
  void pass(std::uint64_t bytes, GoOn&& go_on) {
    if (bytes_per_second_ == 0) return;
    const std::uint64_t sum = passed_.fetch_add(bytes) + bytes;
    const std::chrono::duration<double> due(static_cast<double>(sum) /
                                            static_cast<double>(bytes_per_second_));
    const auto until = began_ + std::chrono::duration_cast<steady_clock::duration>(due);
    for (auto now = steady_clock::now(); now < until && go_on(); now = steady_clock::now()) {
      std::this_thread::sleep_for(std::min<steady_clock::duration>(until - now, kLongestSleep));
    }
  }

 private:
  const std::uint64_t bytes_per_second_;
  const steady_clock::time_point began_ = steady_clock::now();
  std::atomic<std::uint64_t> passed_{0};
};

class Reading {
 public:
  Reading(const storage::Store& store, const Survey& survey, const ContentOptions& options,
          ContentProgress& progress)
      : store_(store),
        graph_(survey.graph),
        options_(options),
        progress_(progress),
        rate_(options.rate_bytes_per_second) {
    result_.states.resize(graph_.node_count(), ContentState::kNotRead);
    result_.kinds.resize(graph_.node_count(), ContentKind::kOther);
  }

  void skip_known(std::vector<DigestId>& chosen);
  void read_all(const std::vector<DigestId>& order, int readers);
  ContentScan take();

 private:
  void work(const std::vector<DigestId>& order);
  void read(DigestId id, storage::BlobChecker& checker);
  void sound(DigestId id, const BlobCheck& check);
  void wrong(DigestId id, const BlobCheck& check);
  void failed(DigestId id, ContentState state, std::string message);
  void cache_failed(const storage::Error& error);
  bool asked_to_stop();

  const storage::Store& store_;
  const Graph& graph_;
  const ContentOptions& options_;
  ContentProgress& progress_;
  RateLimit rate_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::atomic<bool> interrupted_{false};
  std::atomic<bool> cache_works_{true};
  std::atomic<std::uint64_t> read_blobs_{0};
  std::atomic<std::uint64_t> read_bytes_{0};
  std::mutex mutex_;  ///< of result_'s lists
  ContentScan result_;
};

/// Leaves out what an earlier run read, where the file is still the one that it read. Cache and
/// `chosen` are both in the order of digests but for late ones, which are looked up.
void Reading::skip_known(std::vector<DigestId>& chosen) {
  if (options_.cache == nullptr || !options_.trust_since_seconds) return;
  std::vector<std::pair<DigestId, SoundBlob>> known;
  std::vector<std::uint8_t> is_chosen(graph_.node_count(), 0);
  for (const DigestId id : chosen) is_chosen[row(id)] = 1;
  const storage::Status read =
      options_.cache->each(*options_.trust_since_seconds, [&](const SoundBlob& blob) {
        const auto id = graph_.digests.find(blob.digest);
        if (id && is_chosen[row(*id)] != 0) known.emplace_back(*id, blob);
      });
  if (!read) cache_failed(read.error());
  tbb::parallel_for(std::size_t{0}, known.size(), [&](std::size_t i) {
    const auto& [id, blob] = known[i];
    const auto facts = store_.stat_blob(blob.digest);
    if (facts && blob.is_of(*facts)) result_.states[row(id)] = ContentState::kKnownSound;
  });
  std::erase_if(chosen, [&](DigestId id) {
    if (result_.states[row(id)] != ContentState::kKnownSound) return false;
    ++result_.known_blobs;
    result_.known_bytes = storage::saturating_add(result_.known_bytes, graph_.size_bytes[row(id)]);
    return true;
  });
}

void Reading::read_all(const std::vector<DigestId>& order, int readers) {
  for (const DigestId id : order) progress_.planned_bytes += graph_.size_bytes[row(id)];
  progress_.planned_blobs = order.size();
  tbb::task_group group;
  for (int i = 0; i < readers; ++i) group.run([&] { work(order); });
  group.wait();
}

void Reading::work(const std::vector<DigestId>& order) {
  storage::BlobChecker checker;
  for (;;) {
    std::size_t begin = next_.load();
    std::size_t end = 0;
    do {
      if (begin >= order.size()) return;
      const bool large = graph_.size_bytes[row(order[begin])] >= kLargeBlobBytes;
      end = std::min(begin + (large ? 1 : kSmallAtOnce), order.size());
    } while (!next_.compare_exchange_weak(begin, end));
    for (std::size_t i = begin; i < end; ++i) {
      if (asked_to_stop()) return;
      if (options_.deadline && steady_clock::now() >= *options_.deadline) {
        stopped_ = true;
        return;
      }
      read(order[i], checker);
    }
  }
}

bool Reading::asked_to_stop() {
  if (!interrupted_ && options_.interrupted && options_.interrupted()) interrupted_ = true;
  return interrupted_;
}

void Reading::read(DigestId id, storage::BlobChecker& checker) {
  const storage::Digest digest = graph_.digests[id];
  const auto pace = [&](std::uint64_t bytes) {
    progress_.bytes += bytes;
    rate_.pass(bytes, [&] { return !asked_to_stop(); });
    return !asked_to_stop();
  };
  storage::Result<BlobCheck> check = checker.check(store_, digest, Freshness::kCachedToo, pace);
  bool again = false;
  if (check && !check->stopped && check->actual != digest) {
    again = true;
    check = checker.check(store_, digest, Freshness::kFromDevice, pace);
  }
  if (check && check->stopped) return;
  ++progress_.blobs;
  if (!check) {
    const storage::Error& error = check.error();
    if (storage::is_device_error(error))
      return failed(id, ContentState::kUnreadable, error.message);
    const bool gone = error.code == Errc::kNotFound;
    return failed(id, ContentState::kUnknown,
                  gone ? "went while the store was being read" : error.message);
  }
  if (check->actual == digest) {
    if (again) {
      const std::lock_guard lock(mutex_);
      result_.unsteady.push_back(id);
    }
    return sound(id, *check);
  }
  if (check->changed) {
    return failed(id, ContentState::kUnknown, "was written to while it was read");
  }
  wrong(id, *check);
}

void Reading::sound(DigestId id, const BlobCheck& check) {
  ++read_blobs_;
  read_bytes_ += check.read_bytes;
  result_.states[row(id)] = ContentState::kSound;
  result_.kinds[row(id)] = kind_of(check.head, check.read_bytes);
  if (options_.cache == nullptr || !cache_works_) return;
  const storage::FileFacts& facts = check.facts;
  const storage::Status added =
      options_.cache->add({graph_.digests[id], facts.inode, facts.size_bytes,
                           facts.mtime_nanoseconds, facts.ctime_nanoseconds, options_.now_seconds});
  if (!added) cache_failed(added.error());
}

void Reading::wrong(DigestId id, const BlobCheck& check) {
  ++read_blobs_;
  read_bytes_ += check.read_bytes;
  ++progress_.bad;
  result_.states[row(id)] = ContentState::kWrong;
  const std::lock_guard lock(mutex_);
  result_.misreads.push_back({id, ContentState::kWrong, check.actual, check.read_bytes, {}});
}

void Reading::failed(DigestId id, ContentState state, std::string message) {
  if (state == ContentState::kUnreadable) ++progress_.bad;
  result_.states[row(id)] = state;
  const std::lock_guard lock(mutex_);
  result_.misreads.push_back({id, state, {}, 0, std::move(message)});
}

void Reading::cache_failed(const storage::Error& error) {
  cache_works_ = false;
  const std::lock_guard lock(mutex_);
  if (result_.cache_problem.empty()) result_.cache_problem = error.path + ": " + error.message;
}

ContentScan Reading::take() {
  if (options_.cache != nullptr && cache_works_) {
    if (const storage::Status flushed = options_.cache->flush(); !flushed) {
      cache_failed(flushed.error());
    }
  }
  std::sort(result_.misreads.begin(), result_.misreads.end(),
            [](const Misread& a, const Misread& b) { return a.id < b.id; });
  std::sort(result_.unsteady.begin(), result_.unsteady.end());
  result_.read_blobs = read_blobs_;
  result_.read_bytes = read_bytes_;
  result_.stopped = stopped_;
  result_.interrupted = interrupted_;
  return std::move(result_);
}

}  // namespace

int readers_for(storage::DeviceKind device, int cores) noexcept {
  switch (device) {
    case storage::DeviceKind::kRotating:
      return std::min(cores, 2);
    case storage::DeviceKind::kNetwork:
      return std::clamp(4 * cores, 8, 32);
    case storage::DeviceKind::kMemory:
      return cores;
    case storage::DeviceKind::kSolid:
      return std::min(4 * cores, 64);
  }
  return cores;
}

ContentScan read_content(const storage::Store& store, const Survey& survey,
                         const std::vector<DigestId>& chosen, const ContentOptions& options,
                         ContentProgress& progress) {
  const storage::DeviceKind device = store.device();
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int readers = options.readers > 0 ? options.readers : readers_for(device, cores);
  Reading reading(store, survey, options, progress);
  std::vector<DigestId> left = chosen;
  reading.skip_known(left);
  reading.read_all(reading_order(store, survey, std::move(left), device, readers), readers);
  return reading.take();
}

}  // namespace regsweep::analyzer
