#include "tools/cli/command.h"

#include <charconv>
#include <cstdio>
#include <exception>
#include <new>
#include <utility>

namespace oarlock::cli {

ExitCode exit_code_of(Code code) {
  switch (code) {
    case Code::ok:
      return kOk;
    case Code::invalid:
    case Code::cancelled:
      return kDifference;
    case Code::unsupported:
      return kUnsupported;
    case Code::unavailable:
      return kUnavailable;
    case Code::io:
      return kIo;
    case Code::out_of_memory:
      return kMemory;
    case Code::internal:
      return kInternal;
  }
  return kInternal;
}

Body& chosen_body() {
  static Body body;
  return body;
}

void when_chosen(CLI::App* command, Body body) {
  command->callback([body = std::move(body)] { chosen_body() = body; });
}

namespace {

int parse_and_run(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kOk : kUsage;
  }
  const Result<ExitCode> result = chosen_body()();
  if (result.ok()) return *result;
  std::fflush(stdout);
  std::fprintf(stderr, "oarlock: %s\n", result.status().message().c_str());
  return exit_code_of(result.status().code());
}

}  // namespace

int run_program(const std::string& name, const std::string& description,
                void (*add_commands)(CLI::App&), int argc, char** argv) {
  try {
    CLI::App app(description, name);
    app.set_version_flag("--version", concat("oarlock ", version()));
    app.require_subcommand(1);
    app.get_formatter()->column_width(34);
    add_commands(app);
    return parse_and_run(app, argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("oarlock: too little memory\n", stderr);
    return kMemory;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "oarlock: internal error: %s\n", error.what());
    return kInternal;
  }
}

Result<Shape> parse_shape(const std::string& text) {
  Shape shape;
  if (text == "scalar") return shape;
  const char* at = text.data();
  const char* end = at + text.size();
  while (true) {
    int64_t dim = 0;
    const auto [next, error] = std::from_chars(at, end, dim);
    if (error != std::errc() || dim < 0 || (next != end && *next != 'x' && *next != ','))
      return invalid("'", text, "' is not a shape; write it like 1x3x224x224, or scalar");
    shape.push_back(dim);
    if (next == end) return shape;
    at = next + 1;
  }
}

Result<std::map<std::string, Shape>> parse_shapes(const std::vector<std::string>& list) {
  std::map<std::string, Shape> shapes;
  for (const std::string& each : list) {
    const size_t equals = each.rfind('=');
    if (equals == std::string::npos || equals == 0)
      return invalid("--shape takes NAME=SHAPE, for instance input=1x3x224x224, not '", each, "'");
    OARLOCK_ASSIGN(shapes[each.substr(0, equals)], parse_shape(each.substr(equals + 1)));
  }
  return shapes;
}

}  // namespace oarlock::cli
