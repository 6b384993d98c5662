#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "analyzer/manifest_collector.h"
#include "analyzer/survey.h"
#include "storage/store.h"

namespace regsweep::analyzer {

/// Receives a scan and interns it. Used once, in this order: scan the blobs, seal_blobs(), scan the
/// repositories, finish().
class SurveyBuilder final : public storage::ScanVisitor, private Interner {
 public:
  /// `whole_texts`: see ManifestCollector::parse(); for repeating a registry's output to the
  /// letter.
  explicit SurveyBuilder(const storage::Store& store, bool whole_texts = false);
  ~SurveyBuilder() override;

  /// Ranks the blobs seen so far and lays out their columns. No further blobs after this.
  void seal_blobs();

  /// Reads a blob that is in use, whether or not anything links it, with what it needs: before
  /// finish().
  void pin(const storage::Digest& digest);

  /// Numbers what was met later, joins what the threads collected, and sorts it.
  Survey finish();

  void blobs(std::span<const storage::BlobEntry> batch) override;
  std::uint32_t repository(storage::RepositoryEntry entry) override;
  void revisions(std::uint32_t repository, std::span<const storage::LinkEntry> batch) override;
  void layer_links(std::uint32_t repository, std::span<const storage::LinkEntry> batch) override;
  void tags(std::uint32_t repository, std::span<storage::TagEntry> batch) override;
  void upload(std::uint32_t repository, storage::UploadEntry entry) override;
  void walk_entry(storage::WalkEntry entry) override;
  void event(storage::Event event) override;
  void sample(const storage::FileFacts& link_or_directory) override;

 private:
  struct BlobRecord;
  struct LateNode;
  struct Shared;

  DigestId intern(const storage::Digest& digest) override;
  bool present(DigestId id) const;
  bool claim(DigestId id);
  void add_links(std::uint32_t repository, std::span<const storage::LinkEntry> batch,
                 bool revisions);
  void stray(storage::Event event);
  void stray_link(const storage::Event& event);
  void parse_with_children(DigestId id);
  void parse_by_other_names();
  void parse(DigestId id, ManifestCollector& collector);
  void finish_graph(const Renumbering& renumber);

  const storage::Store& store_;
  const bool whole_texts_;
  Survey result_;
  std::unique_ptr<Shared> shared_;
};

}  // namespace regsweep::analyzer
