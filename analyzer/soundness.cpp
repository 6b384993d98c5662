#include "analyzer/soundness.h"

#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>

#include <algorithm>

#include "analyzer/sort_unique.h"

namespace regsweep::analyzer {
namespace {

using storage::BlobCheck;
using storage::Digest;
using storage::Errc;
using storage::Freshness;
using storage::Result;

bool keep_going(std::uint64_t) { return true; }

SoundnessOf failure(const storage::Error& error) {
  if (error.code == Errc::kNotFound) return {Sound::kUnknown, {}, "is not there"};
  return {
      storage::is_device_error(error) ? Sound::kUnreadable : Sound::kUnknown, {}, error.message};
}

SoundnessOf judged(const Result<BlobCheck>& check, const Digest& digest) {
  if (!check) return failure(check.error());
  if (check->actual == digest) return {Sound::kSound, check->facts, {}};
  if (check->changed) return {Sound::kUnknown, {}, "is being written to"};
  if (check->read_bytes == 0) return {Sound::kDamaged, check->facts, "is empty"};
  return {Sound::kDamaged, check->facts, "has the digest " + check->actual.text()};
}

}  // namespace

SoundnessOf check_blob(const storage::Store& store, const Digest& digest,
                       storage::BlobChecker& checker, std::uint64_t& read_bytes) {
  const auto first = checker.check(store, digest, Freshness::kCachedToo, keep_going);
  if (first) read_bytes += first->read_bytes;
  SoundnessOf found = judged(first, digest);
  if (found.state == Sound::kSound || found.state == Sound::kUnknown) return found;
  const auto second = checker.check(store, digest, Freshness::kFromDevice, keep_going);
  if (second) read_bytes += second->read_bytes;
  return judged(second, digest);
}

void Soundness::check(std::vector<Digest> digests) {
  sort_unique(digests);
  std::erase_if(digests, [&](const Digest& digest) { return known_.contains(digest); });
  std::vector<SoundnessOf> found(digests.size());
  struct Worker {
    storage::BlobChecker checker;
    std::uint64_t bytes = 0;
  };
  tbb::enumerable_thread_specific<Worker> workers;
  tbb::parallel_for(
      tbb::blocked_range<std::size_t>(0, digests.size(), 1),
      [&](const tbb::blocked_range<std::size_t>& range) {
        Worker& worker = workers.local();
        for (std::size_t i = range.begin(); i != range.end(); ++i) {
          found[i] = check_blob(store_, digests[i], worker.checker, worker.bytes);
        }
      },
      tbb::simple_partitioner());
  for (const Worker& worker : workers) hashed_bytes_ += worker.bytes;
  hashed_blobs_ += digests.size();
  for (std::size_t i = 0; i < digests.size(); ++i) known_[digests[i]] = std::move(found[i]);
}

}  // namespace regsweep::analyzer
