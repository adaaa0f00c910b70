// The text of an Explanation.
#include <algorithm>
#include <cstdio>

#include "oarlock/session.h"

namespace oarlock {

namespace {

std::string megabytes(size_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f MB", static_cast<double>(bytes) / 1e6);
  return text;
}

std::string pad(std::string text, size_t width) {
  if (text.size() > width) {
    text.resize(width - 2);
    text += "..";
  }
  text.resize(width, ' ');
  return text;
}

}  // namespace

std::string to_string(const Explanation& e) {
  std::string out = concat(e.summary, "\nmemory of one run ", megabytes(e.peak_bytes),
                           ", packed weights ", megabytes(e.constant_bytes));
  if (e.prepacked_constants > 0)
    out += concat(" (", e.prepacked_constants, " of ", e.packed_constants, " from files)");
  out += "\n";
  for (const std::string& note : e.notes) out += concat("note: ", note, "\n");
  if (!e.rewrites.empty()) {
    out += "rewrites: ";
    for (size_t i = 0; i < e.rewrites.size(); ++i) out += concat(i > 0 ? ", " : "", e.rewrites[i]);
    out += "\n";
  }
  size_t node_width = 8, op_width = 8, device_width = 6, kernel_width = 8;
  for (const PlannedStep& s : e.steps) {
    node_width = std::clamp(s.node.size(), node_width, size_t{36});
    op_width = std::clamp(s.op.size(), op_width, size_t{26});
    device_width = std::clamp(s.device.size(), device_width, size_t{16});
    kernel_width = std::clamp(s.kernel.size(), kernel_width, size_t{32});
  }
  auto row = [&](const std::string& node, const std::string& op, const std::string& device,
                 const std::string& kernel, const std::string& data) {
    out += concat(pad(node, node_width), "  ", pad(op, op_width), "  ", pad(device, device_width),
                  "  ", pad(kernel, kernel_width), "  ", data, "\n");
  };
  out += "\n";
  row("node", "operator", "device", "kernel", "inputs -> outputs");
  for (const PlannedStep& s : e.steps) {
    row(s.node, s.op, s.device, s.kernel, concat(s.inputs, " -> ", s.outputs));
    if (!s.tuned.empty()) out += concat("    tuned: ", s.tuned, "\n");
    for (const Refusal& r : s.refusals) {
      // Another ordinary kernel of its own device; see Explanation.
      if (r.device == s.device && r.kernel.find('/') == std::string::npos) continue;
      out +=
          concat("    not ", r.device, r.kernel.empty() ? "" : " ", r.kernel, ": ", r.reason, "\n");
    }
  }
  return out;
}

}  // namespace oarlock
