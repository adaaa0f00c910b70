#include <cstdio>

#include "oarlock/convert.h"

namespace oarlock {

std::string_view to_string(ConvertProgress::Step step) {
  switch (step) {
    case ConvertProgress::Step::reading:
      return "reading";
    case ConvertProgress::Step::nodes:
      return "converting nodes";
    case ConvertProgress::Step::simplifying:
      return "simplifying";
    case ConvertProgress::Step::golden:
      return "golden data";
  }
  return "";
}

namespace {

std::string qualified(const UnsupportedNode& node) {
  return node.domain.empty() ? node.op : concat(node.domain, ".", node.op);
}

std::string type_text(const TypeInfo& type) {
  return type.kind == TypeInfo::Kind::unknown ? "unknown" : to_string(type);
}

// Bytes of the UTF-8 character at `at`, 0 when there is none.
size_t character(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto follows = [&](size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(at);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first < 0xE0 && follows(at + 1)) return 2;
  if (first >= 0xE0 && first < 0xF0 && follows(at + 1) && follows(at + 2)) {
    const unsigned second = byte(at + 1);
    const bool wrong = (first == 0xE0 && second < 0xA0) || (first == 0xED && second >= 0xA0);
    return wrong ? 0 : 3;
  }
  if (first >= 0xF0 && first < 0xF5 && follows(at + 1) && follows(at + 2) && follows(at + 3)) {
    const unsigned second = byte(at + 1);
    const bool wrong = (first == 0xF0 && second < 0x90) || (first == 0xF4 && second >= 0x90);
    return wrong ? 0 : 4;
  }
  return 0;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const size_t size = character(text, at);
    if (size == 0) {
      out += "\\ufffd";
      ++at;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[at]);
    if (size == 1 && (c == '"' || c == '\\')) {
      out += '\\';
      out += text[at];
    } else if (size == 1 && c < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof(escape), "\\u%04x", c);
      out += escape;
    } else {
      out += text.substr(at, size);
    }
    at += size;
  }
  return out + "\"";
}

template <class List, class F>
std::string joined(const List& list, F&& text) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ", ") + text(item);
  return out;
}

}  // namespace

std::string to_string(const ConversionReport& report) {
  std::string out = concat("'", report.source, "': ", report.nodes, " nodes, ", report.constants,
                           " constants (", report.constant_bytes, " bytes), ");
  out += joined(report.opsets, [](const auto& opset) {
    return concat(opset.first.empty() ? "ai.onnx" : opset.first, " ", opset.second);
  });
  if (report.inlined > 0) out += concat(", ", report.inlined, " function calls inlined");
  if (report.adapted > 0) out += concat(", ", report.adapted, " nodes brought to the newest opset");
  if (report.nodes_simplified > 0)
    out += concat(", ", report.nodes_simplified, " nodes after simplification");
  out += "\n";
  if (report.unsupported.empty()) return out;
  out += concat(report.unsupported.size(), report.unsupported.size() == 1 ? " node" : " nodes",
                " cannot be run:\n");
  for (const UnsupportedNode& node : report.unsupported) {
    out += concat("  '", node.node, "' ", qualified(node), " (",
                  node.opset > 0 ? concat("opset ", node.opset) : "domain not imported", ")\n");
    out += concat("    inputs: ",
                  joined(node.inputs,
                         [](const NamedType& input) {
                           return input.name.empty()
                                      ? std::string("omitted")
                                      : concat(input.name, " ", type_text(input.type));
                         }),
                  "\n");
    out += concat("    fault:  ", node.fault, "\n");
    out += concat("    advice: ", node.advice, "\n");
  }
  return out;
}

std::string to_json(const ConversionReport& report) {
  std::string out = concat("{\n  \"source\": ", quoted(report.source),
                           ",\n  \"ir_version\": ", report.ir_version, ",\n  \"opsets\": {");
  out += joined(report.opsets, [](const auto& opset) {
    return concat(quoted(opset.first.empty() ? "ai.onnx" : opset.first), ": ", opset.second);
  });
  out += concat("},\n  \"nodes\": ", report.nodes, ",\n  \"inlined\": ", report.inlined,
                ",\n  \"adapted\": ", report.adapted, ",\n  \"constants\": ", report.constants,
                ",\n  \"constant_bytes\": ", report.constant_bytes,
                ",\n  \"nodes_simplified\": ", report.nodes_simplified, ",\n  \"rewrites\": [",
                joined(report.rewrites, [](const std::string& text) { return quoted(text); }),
                "],\n  \"unsupported\": [");
  for (size_t i = 0; i < report.unsupported.size(); ++i) {
    const UnsupportedNode& node = report.unsupported[i];
    out += concat(i == 0 ? "\n" : ",\n", "    {\"node\": ", quoted(node.node),
                  ", \"domain\": ", quoted(node.domain), ", \"op\": ", quoted(node.op),
                  ", \"opset\": ", node.opset, ",\n     \"inputs\": [",
                  joined(node.inputs,
                         [](const NamedType& input) {
                           return concat("{\"name\": ", quoted(input.name),
                                         ", \"type\": ", quoted(type_text(input.type)), "}");
                         }),
                  "],\n     \"fault\": ", quoted(node.fault),
                  ",\n     \"advice\": ", quoted(node.advice), "}");
  }
  out += report.unsupported.empty() ? "]\n}\n" : "\n  ]\n}\n";
  return out;
}

}  // namespace oarlock
