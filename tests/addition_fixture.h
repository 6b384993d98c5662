#pragma once

#include <string>
#include <vector>

#include "storage/digest.h"
#include "storage/sweeper.h"
#include "tests/scratch_store.h"

namespace regsweep::tests {

inline const std::string kAdditionRepo = "repositories/team/app";

/// A scratch store with two blobs, links to them, and odd modes and owners, and what a repair may
/// add to it.
class AdditionTest : public ScratchStoreTest {
 protected:
  AdditionTest();

  static storage::Digest digest_of(const std::string& text,
                                   storage::Algorithm algorithm = storage::Algorithm::kSha256);
  /// The directory of a blob below v2.
  static std::string blob_directory(const storage::Digest& digest);

  /// A blob with a source beside the store.
  storage::Addition blob(const std::string& text,
                         storage::Algorithm algorithm = storage::Algorithm::kSha256) const;
  /// A link of a class in a repository.
  static storage::Addition link(storage::AdditionClass addition_class,
                                const storage::Digest& digest,
                                const std::string& repository = kAdditionRepo);
  /// One of each class, about one digest, in their order; most of their directories are missing.
  std::vector<storage::Addition> one_of_each(const std::string& text) const;

  /// Each fails the test if it fails.
  void begin();
  void stage(const std::vector<storage::Addition>& batch);
  void move(const std::vector<storage::Removal>& batch);
  void place(std::size_t wanted);
  std::string end();

  std::vector<std::string> objects(const std::string& id) const;
  std::string content(const std::string& path) const;

  storage::Digest whole_;    ///< of a blob that is in the store
  storage::Digest damaged_;  ///< of one whose data is cut off, and whose link is empty
};

}  // namespace regsweep::tests
