#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace oarlock {

// What kind of failure a Status carries.
enum class Code : uint8_t {
  ok,
  invalid,        // the caller's or the model's fault: wrong name, shape, type, malformed file
  unsupported,    // understood, but not implemented here
  unavailable,    // a device, library or plugin is not present
  out_of_memory,  // an allocation failed or a limit was exceeded
  io,             // reading or writing a file failed
  cancelled,      // the caller asked to stop
  internal,       // a bug in oarlock
};

std::string_view to_string(Code code);

namespace detail {
inline void append(std::string& out, std::string_view part) { out += part; }
inline void append(std::string& out, const char* part) { out += part; }
inline void append(std::string& out, const std::string& part) { out += part; }
inline void append(std::string& out, char part) { out += part; }
inline void append(std::string& out, bool part) { out += part ? "true" : "false"; }
template <std::integral T>
void append(std::string& out, T part) {
  out += std::to_string(part);
}
void append(std::string& out, double part);
template <class T>
requires requires(const T& t) {
  { to_string(t) } -> std::convertible_to<std::string_view>;
}
void append(std::string& out, const T& part) { out += to_string(part); }
}  // namespace detail

// Joins text, numbers and anything that has to_string() into one string.
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

// Success, or a code with a message that says what is wrong, where, and what to do.
// Success is one null pointer. Copies share the message. Thread-safe as any value type.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Code code, std::string message);

  bool ok() const { return failure_ == nullptr; }
  Code code() const { return failure_ ? failure_->code : Code::ok; }
  const std::string& message() const;

  // The same failure with "where: " in front of its message; success stays success.
  Status within(std::string_view where) const;

 private:
  struct Failure {
    Code code;
    std::string message;
  };
  std::shared_ptr<const Failure> failure_;
};

// "invalid: message", or "ok".
std::string to_string(const Status& status);

template <class... Parts>
Status invalid(const Parts&... parts) {
  return Status(Code::invalid, concat(parts...));
}
template <class... Parts>
Status unsupported(const Parts&... parts) {
  return Status(Code::unsupported, concat(parts...));
}
template <class... Parts>
Status unavailable(const Parts&... parts) {
  return Status(Code::unavailable, concat(parts...));
}
template <class... Parts>
Status out_of_memory(const Parts&... parts) {
  return Status(Code::out_of_memory, concat(parts...));
}
template <class... Parts>
Status io_error(const Parts&... parts) {
  return Status(Code::io, concat(parts...));
}
template <class... Parts>
Status internal_error(const Parts&... parts) {
  return Status(Code::internal, concat(parts...));
}

// A value, or the Status that says why there is none.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<1>, std::move(value)) {}
  template <class U>
  requires(std::convertible_to<U, T> && !std::same_as<std::remove_cvref_t<U>, T> &&
           !std::same_as<std::remove_cvref_t<U>, Status> &&
           !std::same_as<std::remove_cvref_t<U>, Result>) Result(U&& value)
      : state_(std::in_place_index<1>, std::forward<U>(value)) {}
  Result(Status status)
      : state_(std::in_place_index<0>, status.ok()
                                           ? internal_error("a Result was made from an ok Status")
                                           : std::move(status)) {}

  bool ok() const { return state_.index() == 1; }
  Status status() const { return ok() ? Status() : std::get<0>(state_); }

  // Only when ok().
  T& value() & { return *std::get_if<1>(&state_); }
  const T& value() const& { return *std::get_if<1>(&state_); }
  T&& value() && { return std::move(*std::get_if<1>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::variant<Status, T> state_;
};

}  // namespace oarlock

#define OARLOCK_JOIN_(a, b) a##b
#define OARLOCK_JOIN(a, b) OARLOCK_JOIN_(a, b)

// Returns from the calling function when the Status expression fails.
#define OARLOCK_TRY(expression)                                                \
  do {                                                                         \
    if (::oarlock::Status oarlock_status = (expression); !oarlock_status.ok()) \
      return oarlock_status;                                                   \
  } while (false)

// OARLOCK_ASSIGN(auto x, make_x()): unwraps a Result or returns its Status.
#define OARLOCK_ASSIGN(target, expression) \
  OARLOCK_ASSIGN_IMPL(OARLOCK_JOIN(oarlock_result_, __LINE__), target, expression)
#define OARLOCK_ASSIGN_IMPL(result, target, expression) \
  auto result = (expression);                           \
  if (!result.ok()) return result.status();             \
  target = std::move(result).value()
