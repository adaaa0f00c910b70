#pragma once

#include <string>
#include <vector>

namespace oarlock::cli {

// Columns aligned for a terminal: text to the left, numbers to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "12.35", with so many digits behind the point.
std::string fixed(double value, int digits);
// "3 significant digits": "0.00123", "1.2e-07".
std::string significant(double value, int digits = 3);
// "1.5 MiB".
std::string bytes_text(double bytes);

}  // namespace oarlock::cli
