#include "tools/cli/print.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <numeric>

#include "tools/cli/difference.h"
#include "tools/cli/table.h"
#include "tools/cli/utf.h"

namespace oarlock::cli {

std::string summary(const Value& value) {
  if (value.empty()) return "empty";
  if (value.is_sequence()) {
    std::string text = concat("sequence of ", value.sequence().size());
    for (const Value& item : value.sequence()) text += "\n    " + summary(item);
    return text;
  }
  if (value.is_map())
    return concat("map\n    keys ", summary(value.map().keys), "\n    values ",
                  summary(value.map().values));
  const Tensor& tensor = value.tensor();
  std::string text = to_string(tensor);
  constexpr int64_t kShown = 6;
  const auto shown = static_cast<size_t>(std::min(tensor.elements(), kShown));
  std::string list;
  if (tensor.dtype() == DType::string) {
    for (size_t i = 0; i < shown; ++i)
      list += concat(i > 0 ? ", " : "", "'", valid_utf8(tensor.as<std::string>()[i]), "'");
  } else {
    const std::vector<double> numbers = as_doubles(tensor);
    for (size_t i = 0; i < std::min(shown, numbers.size()); ++i)
      list += (i > 0 ? ", " : "") + significant(numbers[i], 5);
    if (numbers.size() > shown) {
      const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
      const double sum = std::accumulate(numbers.begin(), numbers.end(), 0.0);
      text += concat("  min ", significant(*low, 5), "  max ", significant(*high, 5), "  mean ",
                     significant(sum / static_cast<double>(numbers.size()), 5));
    }
  }
  return concat(text, "  ", list, tensor.elements() > kShown ? ", ..." : "");
}

Result<std::string> top_text(const Tensor& tensor, size_t count,
                             const std::vector<std::string>& labels) {
  std::vector<double> values = as_doubles(tensor);
  if (values.empty()) return invalid("--top needs numbers, the output is ", tensor);
  size_t row = values.size();
  if (tensor.shape().rank() > 1 && tensor.shape()[0] > 1)
    row = values.size() / static_cast<size_t>(tensor.shape()[0]);
  values.resize(row);
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  count = std::min(count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](size_t a, size_t b) {
                      const double x = std::isnan(values[a]) ? -INFINITY : values[a];
                      const double y = std::isnan(values[b]) ? -INFINITY : values[b];
                      return x != y ? x > y : a < b;
                    });
  std::string text;
  for (size_t i = 0; i < count; ++i)
    text += concat("  ", fixed(values[order[i]], 4), "  ",
                   order[i] < labels.size() ? labels[order[i]] : concat("#", order[i]), "\n");
  return text;
}

Result<std::vector<std::string>> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) return io_error("cannot read ", path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

nlohmann::json to_json(const std::vector<NamedType>& types) {
  nlohmann::json list = nlohmann::json::array();
  for (const NamedType& each : types) {
    nlohmann::json item = {{"name", valid_utf8(each.name)},
                           {"type", valid_utf8(to_string(each.type))}};
    if (each.type.is_tensor()) {
      item["dtype"] = to_string(each.type.dtype);
      nlohmann::json shape = nullptr;
      if (each.type.has_rank) {
        shape = nlohmann::json::array();
        for (size_t i = 0; i < each.type.shape.rank(); ++i) {
          const bool named = i < each.type.dim_names.size() && !each.type.dim_names[i].empty();
          if (each.type.shape[i] != Shape::kUnknown)
            shape.push_back(each.type.shape[i]);
          else if (named)
            shape.push_back(valid_utf8(each.type.dim_names[i]));
          else
            shape.push_back(nullptr);
        }
      }
      item["shape"] = std::move(shape);
    }
    list.push_back(std::move(item));
  }
  return list;
}

void print_json(const nlohmann::json& json) {
  std::puts(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

}  // namespace oarlock::cli
