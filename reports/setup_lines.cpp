// What a store's place, its users and its disk mean for cleaning.
#include "reports/setup_lines.h"

#include <fmt/format.h>

#include "reports/humanize.h"

namespace regsweep::reports {
namespace {

using analyzer::Concern;
using storage::Setup;

constexpr std::uint64_t kLittle = 20;  ///< less than one in so many free: warn
constexpr std::uint64_t kFull = 100;   ///< less than one in so many free: an emergency

bool is_filesystem(const Setup& setup) {
  return !setup.config || setup.config->driver == "filesystem";
}

SetupLine config_line(const Setup& setup) {
  SetupLine line{"config", "config", "", ""};
  if (setup.config) {
    line.value = printable(setup.config->path);
    line.meaning = "what is below is taken from it";
    if (!setup.config_named && setup.no_store) {
      line.meaning += "; no STORE was named, and it is the standard one";
    } else if (!setup.config_named) {
      line.meaning += ": it is the standard one and means this root directory";
    }
    return line;
  }
  line.value = setup.other_config.empty()
                   ? "none found"
                   : fmt::format("none found ({} means another root directory or cannot be read)",
                                 printable(setup.other_config));
  line.meaning =
      "how the registry is set up is unknown: gc --apply can look for open files but ask no "
      "address, so stop the registry yourself, and restart it after cleaning. If there is a "
      "config: regsweep explain CONFIG";
  line.concern = Concern::kWarning;
  return line;
}

SetupLine root_line(const Setup& setup) {
  SetupLine line{"root", "root directory", "", ""};
  if (setup.location) {
    line.value = printable(setup.location->root);
    line.meaning = setup.location->v2 == setup.location->root
                       ? "blobs and repositories are in it; nothing outside is ever removed"
                       : "nothing outside its docker/registry/v2 is ever removed";
    return line;
  }
  line.value = printable(setup.config->root_directory);
  line.meaning =
      "no store is there, so nothing can be cleaned: " + message_text(setup.no_store->message) +
      ". In a container the registry sees a volume at this path that is elsewhere on the host: "
      "find that (docker inspect, kubectl get pv) and name it";
  line.concern = Concern::kDanger;
  return line;
}

SetupLine backend_line(const Setup& setup) {
  SetupLine line{"storage", "storage", "filesystem", "regsweep reads it and can clean it"};
  if (is_filesystem(setup)) return line;
  const storage::RegistryConfig& config = *setup.config;
  line.value = printable(
      config.bucket.empty() ? config.driver : fmt::format("{} ({})", config.driver, config.bucket));
  line.concern = Concern::kDanger;
  line.meaning =
      config.driver == "inmemory"
          ? "content is in the registry's memory: regsweep cannot read it, a restart empties it"
          : "regsweep cannot read it: only a filesystem. Clean with registry garbage-collect, or "
            "mount the storage or sync it to a directory and name that";
  return line;
}

void add_users(const Setup& setup, std::vector<SetupLine>& lines) {
  if (setup.location) {
    SetupLine line{"open-files", "open files", "none below the root",
                   "an idle registry has none open: this alone does not say that none runs"};
    if (!setup.processes.empty()) {
      line.value = printable(setup.processes.front());
      if (setup.processes.size() > 1) {
        line.value += fmt::format(" and {} more", setup.processes.size() - 1);
      }
      line.meaning = "gc --apply refuses while it is so: stop the process; audit may run beside it";
      line.concern = Concern::kWarning;
    } else if (!setup.sees_all_processes) {
      line.meaning += "; only this user's processes could be looked at: run as root to see all";
      line.concern = Concern::kWarning;
    }
    lines.push_back(line);
  }
  if (!setup.config) return;
  const storage::RegistryConfig& config = *setup.config;
  SetupLine line{"address", "http.addr", printable(config.http_address), ""};
  if (!setup.answering_address.empty()) {
    line.value += fmt::format(" ({} answers)", printable(setup.answering_address));
    if (config.read_only) {
      line.meaning = "something runs there; it is set read-only, so gc --apply goes on";
    } else {
      line.meaning =
          "something runs there: gc --apply refuses until it is stopped or read-only; audit may "
          "run "
          "beside it";
      line.concern = Concern::kWarning;
    }
  } else if (config.http_address.empty()) {
    line.value = "not set";
    line.meaning = "no address to ask whether a registry runs: see to it that none does";
    line.concern = Concern::kWarning;
  } else {
    line.value += " (no answer)";
    line.meaning =
        "nothing answers here; a registry in a container or on another host is not seen so";
  }
  lines.push_back(line);
}

/// Who else decides what is alive.
SetupLine database_line(const Setup& setup) {
  SetupLine line{"database", "database", "none known",
                 "no lock of GitLab's database: storage alone says what is alive"};
  if (setup.location && setup.location->database_lock) {
    line.value = "GitLab (docker/registry/lockfiles/database-in-use)";
    line.meaning =
        "the database says what is alive: no blob may go, regsweep refuses; use the registry's "
        "online garbage collection, and audit for sizes only";
    line.concern = Concern::kDanger;
  } else if (setup.config && setup.config->harbor) {
    line.value = "Harbor (auth.htpasswd.realm)";
    line.meaning =
        "Harbor keeps tags in its database, so images in use may look untagged here: clean with "
        "Harbor's garbage collection, never with --untagged";
    line.concern = Concern::kDanger;
  } else if (setup.config) {
    line.meaning = "no lock of GitLab's database, no sign of Harbor: storage says what is alive";
  } else {
    line.meaning += "; whether Harbor runs on it only its config would tell";
  }
  return line;
}

/// Whether less than one in `parts` is free.
bool scarce(std::uint64_t free, std::uint64_t all, std::uint64_t parts) {
  return all != 0 && free < all / parts;
}

void add_disk(const Setup& setup, const TextOptions& options, std::vector<SetupLine>& lines) {
  if (!setup.disk || setup.disk->size_bytes == 0) return;
  const storage::DiskFigures& disk = *setup.disk;
  SetupLine bytes{"disk", "disk",
                  fmt::format("{} available of {}", size_text(disk.available_bytes, options),
                              size_text(disk.size_bytes, options)),
                  "gc --apply moves to a quarantine on the same disk: purge frees the bytes"};
  if (scarce(disk.available_bytes, disk.size_bytes, kLittle)) {
    bytes.meaning =
        "pushes will fail soon: gc --apply --no-quarantine frees at once and needs no free byte";
    bytes.concern = Concern::kWarning;
  }
  lines.push_back(bytes);
  SetupLine inodes{
      "inodes", "inodes",
      fmt::format("{} free of {}", grouped(disk.free_inodes), grouped(disk.inodes)),
      "a blob takes a file and a directory, a link the same: cleaning frees them with the bytes"};
  if (disk.inodes == 0) {
    inodes.value = "no fixed number";
    inodes.meaning = "this file system cannot run out of them before its bytes";
  } else if (scarce(disk.free_inodes, disk.inodes, kLittle)) {
    inodes.meaning =
        "pushes will fail as on a full disk although bytes are free: gc --apply --no-quarantine "
        "--links --empty frees inodes";
    inodes.concern = Concern::kWarning;
  }
  lines.push_back(inodes);
}

}  // namespace

std::vector<SetupLine> setup_lines(const Setup& setup, const TextOptions& options) {
  std::vector<SetupLine> lines = {config_line(setup)};
  if (is_filesystem(setup)) lines.push_back(root_line(setup));
  lines.push_back(backend_line(setup));
  add_config_lines(setup, lines);
  add_users(setup, lines);
  lines.push_back(database_line(setup));
  add_disk(setup, options, lines);
  return lines;
}

NextStep next_step(const Setup& setup) {
  if (!setup.location) {
    return {"regsweep explain DIRECTORY",
            is_filesystem(setup) ? "DIRECTORY: where this host has the registry's volume"
                                 : "DIRECTORY: where the storage is mounted or synced to"};
  }
  const std::string store =
      shell_word(setup.config && setup.config_named ? setup.config->path : setup.location->root);
  if (setup.location->database_lock || (setup.config && setup.config->harbor)) {
    return {"regsweep audit " + store, "only reads: sizes and damage; another database decides"};
  }
  if (setup.disk && (scarce(setup.disk->available_bytes, setup.disk->size_bytes, kFull) ||
                     scarce(setup.disk->free_inodes, setup.disk->inodes, kFull))) {
    return {
        "regsweep gc " + store,
        "only shows what would go; with the registry stopped, --apply --no-quarantine frees it"};
  }
  return {"regsweep audit " + store,
          "only reads, also beside a running registry: where the space is and what may go"};
}

}  // namespace regsweep::reports
