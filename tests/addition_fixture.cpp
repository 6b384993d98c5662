#include "tests/addition_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <fstream>
#include <iterator>

#include "storage/content_hash.h"
#include "storage/layout.h"

namespace regsweep::tests {

namespace fs = boost::filesystem;
using storage::Addition;
using storage::AdditionClass;
using storage::Algorithm;
using storage::Digest;

AdditionTest::AdditionTest() : whole_(digest_of("whole")), damaged_(digest_of("damaged")) {
  put(storage::layout::blob_path(whole_), "whole");
  put(storage::layout::blob_path(damaged_), "dam");
  put(link(AdditionClass::kLayerLink, whole_).path, whole_.text());
  put(link(AdditionClass::kLayerLink, damaged_).path, "");
  put(link(AdditionClass::kRevisionLink, whole_).path, whole_.text());
  const std::string layers = at(kAdditionRepo + "/_layers/sha256");
  ::chmod(at("blobs/sha256").c_str(), 0711);
  if (::geteuid() == 0) {
    EXPECT_EQ(::chown(layers.c_str(), 1234, 2345), 0);
    EXPECT_EQ(::chown(at("blobs/sha256").c_str(), 1235, 2346), 0);
  }
  ::chmod(layers.c_str(), 02750);
  age_all();
}

Digest AdditionTest::digest_of(const std::string& text, Algorithm algorithm) {
  storage::ContentHash hash;
  hash.begin(algorithm);
  hash.add(text);
  return hash.finish();
}

std::string AdditionTest::blob_directory(const Digest& digest) {
  return fs::path(storage::layout::blob_path(digest)).parent_path().string();
}

Addition AdditionTest::blob(const std::string& text, Algorithm algorithm) const {
  Addition addition;
  addition.digest = digest_of(text, algorithm);
  addition.path = storage::layout::blob_path(addition.digest);
  addition.source = base_ + "/source-" + addition.digest.hex();
  std::ofstream(addition.source, std::ios::binary) << text;
  return addition;
}

Addition AdditionTest::link(AdditionClass addition_class, const Digest& digest,
                            const std::string& repository) {
  const std::string directory = storage::layout::link_directory(digest);
  Addition addition;
  addition.addition_class = addition_class;
  addition.digest = digest;
  switch (addition_class) {
    case AdditionClass::kLayerLink:
      addition.path = repository + "/_layers/" + directory + "/link";
      break;
    case AdditionClass::kRevisionLink:
      addition.path = repository + "/_manifests/revisions/" + directory + "/link";
      break;
    case AdditionClass::kTagIndexLink:
      addition.path = repository + "/_manifests/tags/1.0/index/" + directory + "/link";
      break;
    default:
      addition.path = repository + "/_manifests/tags/1.0/current/link";
  }
  return addition;
}

std::vector<Addition> AdditionTest::one_of_each(const std::string& text) const {
  std::vector<Addition> all = {blob(text)};
  for (const AdditionClass one : {AdditionClass::kLayerLink, AdditionClass::kRevisionLink,
                                  AdditionClass::kTagIndexLink, AdditionClass::kTagCurrentLink}) {
    all.push_back(link(one, all.front().digest));
  }
  return all;
}

void AdditionTest::begin() {
  const storage::Status begun = sweeper().begin_quarantine();
  ASSERT_TRUE(begun) << begun.error().message;
}

void AdditionTest::stage(const std::vector<Addition>& batch) {
  std::size_t staged = 0;
  const storage::Status status = sweeper().stage(batch, staged);
  ASSERT_TRUE(status) << status.error().path << ": " << status.error().message;
  ASSERT_EQ(staged, batch.size());
}

void AdditionTest::move(const std::vector<storage::Removal>& batch) {
  std::vector<storage::Removed> done;
  const storage::Status status = sweeper().quarantine(batch, done);
  ASSERT_TRUE(status) << status.error().path << ": " << status.error().message;
  ASSERT_EQ(done.size(), batch.size());
}

void AdditionTest::place(std::size_t wanted) {
  std::size_t placed = 0;
  const storage::Status status = sweeper().place(placed);
  ASSERT_TRUE(status) << status.error().path << ": " << status.error().message;
  ASSERT_EQ(placed, wanted);
}

std::string AdditionTest::end() {
  EXPECT_TRUE(sweeper().end_quarantine(true));
  return sweeper().run_id();
}

std::vector<std::string> AdditionTest::objects(const std::string& id) const {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(run_path(id) + "/objects")) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string AdditionTest::content(const std::string& path) const {
  std::ifstream in(at(path), std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace regsweep::tests
