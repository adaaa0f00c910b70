#include "oarlock/convert.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <memory>

#include "core/graph/atomic_file.h"
#include "oarlock/session.h"
#include "tools/cli/command.h"
#include "tools/cli/table.h"

namespace oarlock::cli {
namespace {

const std::map<std::string, DType> kWeights = {
    {"bf16", DType::bfloat16}, {"fp16", DType::float16}, {"int8", DType::int8}};

struct Convert {
  std::string in, out, report_file, weights, prepack;
  std::vector<std::string> shapes;
  ConvertOptions options;
  bool no_simplify = false, quiet = false;

  Result<ExitCode> run();
  std::string flags() const;
  void show(const ConvertProgress& progress);
  std::string last_line;
};

std::string Convert::flags() const {
  std::string text;
  for (const std::string& shape : shapes) text += concat("--shape ", shape, " ");
  if (no_simplify) text += "--no-simplify ";
  if (!weights.empty()) text += concat("--weights ", weights, " ");
  if (options.allow_unsupported) text += "--allow-unsupported ";
  if (options.golden > 0)
    text += concat("--golden ", options.golden, " --seed ", options.seed, " ");
  if (!text.empty()) text.pop_back();
  return text;
}

// One line that is overwritten, and only when somebody watches.
void Convert::show(const ConvertProgress& progress) {
  std::string line(to_string(progress.step));
  if (progress.total > 0) line += concat(" ", progress.done * 100 / progress.total, "%");
  if (line == last_line) return;
  last_line = line;
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
}

Result<ExitCode> Convert::run() {
  OARLOCK_ASSIGN(options.shapes, parse_shapes(shapes));
  options.simplify = !no_simplify;
  if (!weights.empty()) options.weights = kWeights.at(weights);
  options.flags = flags();
  const bool watched = !quiet && isatty(STDERR_FILENO) != 0;
  if (watched) options.progress = [this](const ConvertProgress& p) { show(p); };
  ConversionReport report;
  const Result<Model> model = convert_onnx(in, options, &report);
  if (watched) std::fputs("\r\033[K", stderr);
  if (!report_file.empty()) {
    const std::string json = to_json(report) + "\n";
    OARLOCK_ASSIGN(AtomicFile file, AtomicFile::create(report_file));
    OARLOCK_TRY(file.write(std::as_bytes(std::span(json))));
    OARLOCK_TRY(file.commit());
  }
  if (!model.ok()) return model.status();
  OARLOCK_TRY(model->save(out));
  std::string written = out;
  if (!prepack.empty()) {
    SessionOptions session_options;
    session_options.devices = {prepack};
    OARLOCK_ASSIGN(Session session, Session::open(out, session_options));
    OARLOCK_ASSIGN(const std::vector<std::string> files, session.prepack());
    for (const std::string& file : files) written += concat(", ", file);
  }
  if (!quiet) std::fputs((to_string(report) + "\nwritten: " + written + "\n").c_str(), stdout);
  return kOk;
}

}  // namespace

void add_convert(CLI::App& app) {
  CLI::App* command = app.add_subcommand("convert", "Convert an ONNX model to an .oar file");
  auto c = std::make_shared<Convert>();
  command->add_option("model", c->in, "The .onnx file")->required();
  command->add_option("-o,--output", c->out, "The .oar file to write")->required();
  command
      ->add_option("--shape", c->shapes,
                   "Fix an input's shape or a named dimension: input=1x3x224x224, batch=1")
      ->type_name("NAME=SHAPE")
      ->allow_extra_args(false);
  command
      ->add_option("--golden", c->options.golden,
                   "Store this many seeded inputs with the reference device's outputs")
      ->check(CLI::Range(0, 1000));
  command->add_option("--seed", c->options.seed, "Seed of the golden inputs")
      ->capture_default_str();
  command->add_flag("--allow-unsupported", c->options.allow_unsupported,
                    "Write the file even if some nodes cannot be run");
  command
      ->add_option("--weights", c->weights,
                   "Store the weights of convolutions and products in fewer bits: fp16, bf16, int8")
      ->check(CLI::IsMember(kWeights));
  command
      ->add_option("--prepack", c->prepack,
                   "Also write the weights as packed for this device on this kind of processor to "
                   "OUTPUT.packed-DEVICE, for a sooner first result; unknown extents count as 1")
      ->type_name("DEVICE");
  command->add_flag("--no-simplify", c->no_simplify, "Do not run the portable rewrites");
  command->add_option("--report", c->report_file, "Write what was done and what is unsupported")
      ->type_name("FILE.json");
  command->add_flag("-q,--quiet", c->quiet, "Print nothing but errors");
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
