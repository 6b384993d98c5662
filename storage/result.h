#pragma once

#include <string>
#include <utility>
#include <variant>

namespace regsweep::storage {

/// What a caller may branch on; every other nuance goes into the message.
enum class Errc {
  kNotFound,     ///< known to be absent
  kDenied,       ///< permission, or a symbolic link where none is followed
  kIo,           ///< the system could not read or write
  kCorrupt,      ///< read, but not what it should be
  kUnsupported,  ///< understood, but this program does not do it
  kChanged,      ///< the store moved on while it was looked at
  kUsage,        ///< what the user asked for makes no sense
};

/// Why something could not be done. `path` is as the user would write it, or empty.
struct Error {
  Errc code = Errc::kIo;
  std::string path;
  std::string message;   ///< lower case, no full stop: "link holds 70 bytes, want 71"
  int error_number = 0;  ///< the system's errno, 0 if it was not the system that refused
};

/// The part of C++23's std::expected we use, with the same member names.
template <class T = std::monostate>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  explicit operator bool() const noexcept { return state_.index() == 0; }
  const T& operator*() const& { return std::get<0>(state_); }
  T& operator*() & { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  const T* operator->() const { return &std::get<0>(state_); }
  T* operator->() { return &std::get<0>(state_); }
  const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

using Status = Result<>;
inline constexpr std::monostate kOk;  ///< `return kOk;`

}  // namespace regsweep::storage
