#include "storage/blob_source.h"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "storage/beneath.h"
#include "storage/content_hash.h"
#include "storage/layout.h"
#include "storage/locate.h"

namespace regsweep::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReadBytes = 256 * 1024;

/// O_NONBLOCK: opening a FIFO that nobody writes to would wait.
constexpr int kOpenFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

Error at(std::string path, Error error) {
  error.path = std::move(path);
  return error;
}

Result<std::unique_ptr<BlobReader>> reader_of(UniqueFd file, const std::string& path) {
  if (!file) return at(path, system_error(errno, "cannot open"));
  auto reader = SparingReader::open(std::move(file), Freshness::kCachedToo, Uncached::kAhead);
  if (!reader) return at(path, reader.error());
  return reader;
}

Result<Digest> digest_of(BlobReader& reader, Algorithm algorithm) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
  ContentHash hash;
  hash.begin(algorithm);
  for (;;) {
    const Result<std::size_t> got = reader.read({buffer.get(), kReadBytes});
    if (!got) return got.error();
    if (*got == 0) return hash.finish();
    hash.add({buffer.get(), *got});
  }
}

}  // namespace

Result<BlobSource> BlobSource::open(const std::string& argument, const Environment& environment) {
  if (argument.empty()) return Error{Errc::kUsage, {}, "a source has no name", 0};
  const Result<StoreLocation> store = locate_store(argument, environment);
  if (!store && store.error().code != Errc::kUsage) return store.error();
  std::error_code failed;
  if (!store && !fs::is_directory(argument, failed)) return store.error();
  const fs::path path = store ? fs::path(store->v2) : fs::canonical(argument, failed);
  if (failed) return at(argument, system_error(failed.value(), "cannot be found"));
  Result<Directory> directory = Directory::open_path(path.string());
  if (!directory) return at(path.string(), directory.error());
  Form form = Form::kStore;
  if (!store) {
    const Result<FileFacts> blobs = directory->stat("blobs/sha256");
    const bool is_layout = blobs && blobs->type == FileType::kDirectory;
    form = is_layout ? Form::kImageLayout : Form::kFlat;
  }
  return BlobSource(form, path.string(), std::move(*directory));
}

std::vector<std::string> BlobSource::names_of(const Digest& digest) const {
  const std::string algorithm(algorithm_name(digest.algorithm));
  const std::string hex = digest.hex();
  if (form_ == Form::kStore) return {layout::blob_path(digest)};
  if (form_ == Form::kImageLayout) return {"blobs/" + algorithm + '/' + hex};
  std::vector<std::string> names;
  for (const std::string& stem : {hex, algorithm + ':' + hex, algorithm + '-' + hex}) {
    for (const char* ending : {"", ".tar", ".tar.gz", ".json"}) names.push_back(stem + ending);
  }
  return names;
}

Result<SourceFile> BlobSource::check(const std::string& name, const Digest& digest) const {
  const std::string path = path_ + '/' + name;
  const Result<FileFacts> there = directory_.stat(name.c_str());
  if (!there) return at(path, there.error());
  if (there->type == FileType::kSymlink) {
    return Error{Errc::kDenied, path, "is a symbolic link, which is not followed", 0};
  }
  std::uint64_t size_bytes;
  const auto reader =
      reader_of(UniqueFd(open_file_beneath(directory_.fd(), name.c_str(), size_bytes)), path);
  if (!reader) return reader.error();
  const Result<Digest> actual = digest_of(**reader, digest.algorithm);
  if (!actual) return at(path, actual.error());
  if (*actual != digest) {
    return Error{Errc::kCorrupt, path, "has the digest " + actual->text(), 0};
  }
  return SourceFile{path, (*reader)->facts().size_bytes};
}

Result<SourceFile> BlobSource::find(const Digest& digest) const {
  std::optional<Error> wrong;
  for (const std::string& name : names_of(digest)) {
    Result<SourceFile> file = check(name, digest);
    if (file) return file;
    if (file.error().code != Errc::kNotFound && !wrong) wrong = file.error();
  }
  return wrong.value_or(Error{Errc::kNotFound, path_, {}, 0});
}

Result<std::unique_ptr<BlobReader>> open_source_file(const std::string& path) {
  return reader_of(UniqueFd(::open(path.c_str(), kOpenFlags | O_NOFOLLOW)), path);
}

}  // namespace regsweep::storage
