#include <algorithm>
#include <cstdio>
#include <memory>

#include "core/graph/atomic_file.h"
#include "tools/cli/inputs.h"
#include "tools/cli/model_options.h"
#include "tools/cli/npy.h"
#include "tools/cli/npz.h"
#include "tools/cli/print.h"

namespace oarlock::cli {
namespace {

struct Run {
  ModelOptions model;
  DeviceChoice device;
  InputOptions inputs;
  std::string output_file, labels_file, output_name;
  size_t top = 0;

  Result<ExitCode> run() const;
  Status save(const std::vector<NamedValue>& outputs) const;
};

Status Run::save(const std::vector<NamedValue>& outputs) const {
  if (!output_file.ends_with(".npy")) return write_npz(output_file, outputs);
  if (outputs.size() != 1)
    return invalid("an .npy file holds one array, the model has ", outputs.size(),
                   " outputs; choose one with --select or write an .npz");
  if (!outputs[0].value.is_tensor())
    return invalid("an .npy file holds no sequence or map; write an .npz");
  OARLOCK_ASSIGN(const auto bytes, format_npy(outputs[0].value.tensor()));
  OARLOCK_ASSIGN(AtomicFile file, AtomicFile::create(output_file));
  OARLOCK_TRY(file.write(bytes));
  return file.commit();
}

Result<ExitCode> Run::run() const {
  if (!output_file.empty() && !output_file.ends_with(".npy") && !output_file.ends_with(".npz"))
    return invalid("--output takes a file that ends in .npy or .npz, not ", output_file);
  std::vector<std::string> labels;
  if (!labels_file.empty()) {
    OARLOCK_ASSIGN(labels, read_lines(labels_file));
  }
  OARLOCK_ASSIGN(const Model loaded, model.load());
  OARLOCK_ASSIGN(const SessionOptions options, device.options());
  OARLOCK_ASSIGN(Session session, Session::open(loaded, options));
  OARLOCK_ASSIGN(const auto values, inputs.read(session.inputs()));
  OARLOCK_ASSIGN(std::vector<NamedValue> outputs, session.run(values));
  if (!output_name.empty()) {
    std::erase_if(outputs, [&](const NamedValue& v) { return v.name != output_name; });
    if (outputs.empty())
      return invalid("the model has no output '", output_name,
                     "'; it has: ", describe(session.outputs()));
  }
  if (!output_file.empty()) OARLOCK_TRY(save(outputs));
  if (top > 0) {
    if (!outputs[0].value.is_tensor()) return invalid("--top needs a tensor");
    OARLOCK_ASSIGN(const std::string text, top_text(outputs[0].value.tensor(), top, labels));
    std::fputs(text.c_str(), stdout);
  } else {
    for (const NamedValue& each : outputs)
      std::printf("%s: %s\n", each.name.c_str(), summary(each.value).c_str());
  }
  return kOk;
}

}  // namespace

void add_run(CLI::App& app) {
  CLI::App* command = app.add_subcommand("run", "Run a model on given inputs");
  auto c = std::make_shared<Run>();
  c->inputs.needs_values = true;
  c->model.add_to(command);
  c->inputs.add_to(command, true);
  command->add_option("-o,--output", c->output_file, "Write the outputs to an .npz (or one .npy)")
      ->type_name("FILE");
  command->add_option("--select", c->output_name, "Only this output")->type_name("NAME");
  command->add_option("--top", c->top, "Print the N largest elements of the first output");
  command->add_option("--labels", c->labels_file, "Names of the elements for --top, one a line")
      ->type_name("FILE");
  c->device.add_to(command);
  when_chosen(command, [c] { return c->run(); });
}

}  // namespace oarlock::cli
