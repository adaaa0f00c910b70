// Einsum (ONNX 28).
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "core/ops/support/check.h"
#include "core/ops/support/elements.h"

namespace oarlock::ops {

namespace {

constexpr int kEllipsis = 256;  // kEllipsis + i labels the i-th axis from the right of "..."

// A parsed equation for operands of certain shapes.
struct Equation {
  std::vector<std::vector<int>> terms;  // labels of the axes of each operand
  std::vector<int> output;
  std::map<int, int64_t> extents;  // of every label; kUnknown where not known
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// Labels of a term; kEllipsis stands for all axes of "...".
Result<std::vector<int>> parse_term(std::string_view text) {
  std::vector<int> labels;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_letter(text[i])) {
      labels.push_back(text[i]);
    } else if (text.substr(i, 3) == "..." &&
               std::find(labels.begin(), labels.end(), kEllipsis) == labels.end()) {
      labels.push_back(kEllipsis);
      i += 2;
    } else {
      return invalid("attribute equation has an unexpected character in the term '", text, "'");
    }
  }
  return labels;
}

// "..." replaced by one label for each of `count` axes.
std::vector<int> spread(const std::vector<int>& labels, int count) {
  std::vector<int> result;
  for (int label : labels) {
    if (label != kEllipsis) {
      result.push_back(label);
    } else {
      for (int i = count; i-- > 0;) result.push_back(kEllipsis + i);
    }
  }
  return result;
}

Result<Equation> parse(const std::string& attribute, std::span<const Shape> shapes) {
  std::string text;
  std::copy_if(attribute.begin(), attribute.end(), std::back_inserter(text),
               [](char c) { return c != ' '; });
  const size_t arrow = text.find("->");
  const std::string_view left = std::string_view(text).substr(0, arrow);
  Equation e;
  size_t start = 0;
  int widest = 0;
  while (true) {
    const size_t comma = left.find(',', start);
    OARLOCK_ASSIGN(std::vector<int> labels, parse_term(left.substr(start, comma - start)));
    if (e.terms.size() == shapes.size())
      return invalid("attribute equation has more terms than the ", shapes.size(),
                     " inputs: ", attribute);
    const Shape& shape = shapes[e.terms.size()];
    const bool open = std::find(labels.begin(), labels.end(), kEllipsis) != labels.end();
    const size_t named = labels.size() - (open ? 1 : 0);
    if (shape.rank() < named || (!open && shape.rank() != named))
      return invalid("attribute equation gives input ", e.terms.size(), " ", named,
                     " dimensions, but its shape is ", shape);
    const int hidden = static_cast<int>(shape.rank() - named);
    widest = std::max(widest, hidden);
    labels = spread(labels, hidden);
    for (size_t d = 0; d < labels.size(); ++d) {
      const auto [known, fresh] = e.extents.emplace(labels[d], shape[d]);
      if (fresh) continue;
      const bool stretches = shape[d] == 1 || known->second == 1;
      if (!stretches && !agree(known->second, shape[d]))
        return invalid("attribute equation ", attribute, " gives one name to extents ",
                       known->second, " and ", shape[d]);
      known->second = known->second == 1 ? shape[d] : known_of(known->second, shape[d]);
      if (shape[d] == Shape::kUnknown && known->second == 1) known->second = Shape::kUnknown;
    }
    e.terms.push_back(std::move(labels));
    if (comma == std::string_view::npos) break;
    start = comma + 1;
  }
  if (e.terms.size() != shapes.size())
    return invalid("attribute equation has ", e.terms.size(), " terms for ", shapes.size(),
                   " inputs: ", attribute);
  if (arrow != std::string::npos) {
    OARLOCK_ASSIGN(std::vector<int> labels, parse_term(std::string_view(text).substr(arrow + 2)));
    e.output = spread(labels, widest);
    for (size_t i = 0; i < e.output.size(); ++i) {
      if (e.extents.count(e.output[i]) == 0 ||
          std::count(e.output.begin(), e.output.end(), e.output[i]) > 1)
        return invalid("the output of attribute equation ", attribute,
                       " must name input dimensions, each once");
    }
  } else {
    e.output = spread({kEllipsis}, widest);
    for (const auto& [label, extent] : e.extents) {
      int64_t count = 0;
      for (const auto& term : e.terms) count += std::count(term.begin(), term.end(), label);
      if (label < kEllipsis && count == 1) e.output.push_back(label);
    }
  }
  return e;
}

Shape output_shape(const Equation& e) {
  Shape shape;
  for (int label : e.output) shape.push_back(e.extents.at(label));
  return shape;
}

Status infer(InferContext& c) {
  OARLOCK_TRY(expect_tensors(c));
  OARLOCK_TRY(expect_number(c, 0, "Inputs"));
  std::vector<Shape> shapes;
  for (size_t i = 0; i < c.input_count(); ++i) {
    if (!c.has_input(i)) return invalid("input ", i, " is missing");
    OARLOCK_TRY(expect_same_dtype(c, i, "Inputs", c.dtype(0)));
    shapes.push_back(c.shape(i));
  }
  OARLOCK_ASSIGN(const Equation e, parse(c.attrs().string("equation"), shapes));
  c.set_output(0, c.dtype(0), output_shape(e));
  return {};
}

// How far an operand moves when the index of a label moves by one.
int64_t stride_of(const std::vector<int>& term, const Shape& shape, const Shape& strides,
                  int label) {
  int64_t stride = 0;
  for (size_t d = 0; d < term.size(); ++d) {
    if (term[d] == label && shape[d] != 1) stride += strides[d];
  }
  return stride;
}

template <class C>
Status run(RunContext& c) {
  const size_t operands = c.input_count();
  std::vector<Shape> shapes;
  for (size_t i = 0; i < operands; ++i) shapes.push_back(c.input(i).shape());
  OARLOCK_ASSIGN(const Equation e, parse(c.attrs().string("equation"), shapes));
  OARLOCK_ASSIGN(Tensor* const output, c.output(0, c.input(0).dtype(), output_shape(e)));
  std::vector<int> labels = e.output;  // then those summed over
  for (const auto& [label, extent] : e.extents) {
    if (std::find(e.output.begin(), e.output.end(), label) == e.output.end())
      labels.push_back(label);
  }
  const size_t kept = e.output.size(), total = labels.size();
  Shape extents;
  for (int label : labels) extents.push_back(e.extents.at(label));
  std::vector<int64_t> steps(operands * total);
  std::vector<Elements<C>> values;
  for (size_t i = 0; i < operands; ++i) {
    const Shape strides = row_major_strides(shapes[i]);
    for (size_t d = 0; d < total; ++d)
      steps[i * total + d] = stride_of(e.terms[i], shapes[i], strides, labels[d]);
    values.emplace_back(c.input(i));
  }
  Results<C> y(*output);
  std::vector<int64_t> at(operands, 0);
  Shape index(total, 0);
  // Moves the index over [from, to) one step on; false after the last.
  const auto advance = [&](size_t from, size_t to) {
    for (size_t d = to; d-- > from;) {
      const bool carry = ++index[d] == extents[d];
      const int64_t moved = carry ? 1 - extents[d] : 1;
      for (size_t i = 0; i < operands; ++i) at[i] += moved * steps[i * total + d];
      if (!carry) return true;
      index[d] = 0;
    }
    return false;
  };
  const bool empty = std::any_of(extents.begin() + kept, extents.end(),
                                 [](int64_t extent) { return extent == 0; });
  for (int64_t i = 0; i < y.size(); ++i) {
    if (i % 1024 == 0 && c.cancelled()) return Status(Code::cancelled, "the run was cancelled");
    C sum = 0;
    if (!empty) {
      do {
        C term = values[0][at[0]];
        for (size_t k = 1; k < operands; ++k) term *= values[k][at[k]];
        sum += term;
      } while (advance(kept, total));
    }
    y[i] = sum;
    advance(0, kept);
  }
  y.store();
  return {};
}

Status einsum(RunContext& c) {
  if (is_integer(c.input(0).dtype())) return run<int64_t>(c);
  return with_compute_type(c.input(0).dtype(),
                           [&](auto tag) { return run<typename decltype(tag)::Type>(c); });
}

double flops(const Attrs& attrs, std::span<const TypeInfo> inputs, std::span<const TypeInfo>) {
  std::vector<Shape> shapes;
  for (const TypeInfo& input : inputs) shapes.push_back(input.shape);
  const auto e = parse(attrs.string("equation"), shapes);
  if (!e.ok()) return 0;
  double product = static_cast<double>(inputs.size());
  for (const auto& [label, extent] : e->extents) product *= static_cast<double>(extent);
  return product;
}

}  // namespace

std::span<const OpDef> einsum_ops() {
  static const std::vector<OpDef> defs = {
      {.name = "Einsum",
       .since_version = 28,
       .attrs = {AttrDef::must("equation", AttrKind::string)},
       .inputs = {1, Arity::kMany},
       .infer = infer,
       .reference = einsum,
       .flops = flops},
  };
  return defs;
}

}  // namespace oarlock::ops
