#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace regsweep::storage {

/// What a scan is at, in this order.
enum class ScanPhase : std::uint8_t { kNotBegun, kBlobs, kRepositories, kFiles, kScanned };

/// Counts for a progress line: a scan writes them, whoever shows them reads. They are hints, each
/// right by itself and none exactly of the same moment as another.
struct ScanProgress {
  using Clock = std::chrono::steady_clock;

  std::atomic<ScanPhase> phase{ScanPhase::kNotBegun};
  std::atomic<Clock::rep> began{0};      ///< the phase, by Clock
  std::atomic<bool> is_reading{false};   ///< between two phases what was read is put in order
  std::atomic<std::uint32_t> passes{0};  ///< how often blobs began to be scanned
  std::atomic<std::uint64_t> blobs{0};
  std::atomic<std::uint64_t> links{0};  ///< of revisions and layers
  std::atomic<std::uint64_t> tags{0};
  std::atomic<std::uint64_t> repositories{0};
  std::atomic<std::uint64_t> files{0};  ///< met by the walk over everything
  /// About how many files that walk will meet, if it goes through what was scanned too; else 0.
  std::atomic<std::uint64_t> files_expected{0};
  /// How much of the phase is done, in kWhole-ths. The phases of blobs and repositories share it
  /// out over directories as they are listed; in the others it stays 0.
  std::atomic<std::uint64_t> done{0};

  static constexpr std::uint64_t kWhole = std::uint64_t{1} << 40;

  /// Begins a phase. A new pass, which kBlobs begins, counts afresh.
  void begin(ScanPhase next) noexcept {
    done.store(0, std::memory_order_relaxed);
    if (next == ScanPhase::kBlobs) {
      for (auto* count : {&blobs, &links, &tags, &repositories, &files}) {
        count->store(0, std::memory_order_relaxed);
      }
      passes.fetch_add(1, std::memory_order_relaxed);
    }
    began.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    phase.store(next, std::memory_order_release);
    is_reading.store(next != ScanPhase::kScanned, std::memory_order_relaxed);
  }
  /// Ends the reading of a phase, whose counts stay.
  void end() noexcept { is_reading.store(false, std::memory_order_relaxed); }
  static void add(std::atomic<std::uint64_t>& count, std::uint64_t more) noexcept {
    count.fetch_add(more, std::memory_order_relaxed);
  }
};

}  // namespace regsweep::storage
