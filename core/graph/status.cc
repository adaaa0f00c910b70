#include "oarlock/status.h"

#include <charconv>

namespace oarlock {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::ok:
      return "ok";
    case Code::invalid:
      return "invalid";
    case Code::unsupported:
      return "unsupported";
    case Code::unavailable:
      return "unavailable";
    case Code::out_of_memory:
      return "out of memory";
    case Code::io:
      return "io";
    case Code::cancelled:
      return "cancelled";
    case Code::internal:
      return "internal";
  }
  return "unknown code";
}

namespace detail {

void append(std::string& out, double part) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), part).ptr;
  out.append(text, end);
}

}  // namespace detail

Status::Status(Code code, std::string message) {
  if (code == Code::ok) return;
  failure_ = std::make_shared<const Failure>(Failure{code, std::move(message)});
}

const std::string& Status::message() const {
  static const std::string none;
  return failure_ ? failure_->message : none;
}

Status Status::within(std::string_view where) const {
  if (ok()) return *this;
  return Status(code(), concat(where, ": ", message()));
}

std::string to_string(const Status& status) {
  if (status.ok()) return "ok";
  return concat(to_string(status.code()), ": ", status.message());
}

}  // namespace oarlock
