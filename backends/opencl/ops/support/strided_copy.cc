#include "backends/opencl/ops/support/strided_copy.h"

#include <algorithm>

namespace oarlock::opencl {

namespace {

constexpr size_t kMostAxes = 9;
constexpr int kWidth = 16;

cl_int8 outer_eight(const std::vector<int64_t>& values) {
  cl_int8 packed = {};
  for (size_t i = 0; i + 1 < values.size(); ++i) packed.s[i] = static_cast<cl_int>(values[i]);
  return packed;
}

}  // namespace

std::vector<int64_t> row_major_strides(const std::vector<int64_t>& extents, bool broadcast) {
  std::vector<int64_t> strides(extents.size());
  int64_t stride = 1;
  for (size_t i = extents.size(); i-- > 0;) {
    strides[i] = broadcast && extents[i] == 1 ? 0 : stride;
    stride *= extents[i];
  }
  return strides;
}

StridedCopy simplified(StridedCopy copy) {
  StridedCopy s;
  s.from_start = copy.from_start;
  s.to_start = copy.to_start;
  for (size_t i = 0; i < copy.extents.size(); ++i) {
    const int64_t extent = copy.extents[i];
    if (extent == 1) continue;
    if (!s.extents.empty() && s.from.back() == copy.from[i] * extent &&
        s.to.back() == copy.to[i] * extent) {
      s.extents.back() *= extent;
      s.from.back() = copy.from[i];
      s.to.back() = copy.to[i];
      continue;
    }
    s.extents.push_back(extent);
    s.from.push_back(copy.from[i]);
    s.to.push_back(copy.to[i]);
  }
  if (s.extents.empty()) {
    s.extents = {1};
    s.from = s.to = {1};
  }
  return s;
}

Status expect_few_axes(const StridedCopy& copy) {
  const size_t axes = simplified(copy).extents.size();
  return axes > kMostAxes ? unsupported(axes, " axes that move differently") : Status();
}

Result<LaunchPtr> launch_copy(ClDevice& device, DType dtype, const StridedCopy& copy) {
  OARLOCK_TRY(expect_few_axes(copy));
  const StridedCopy s = simplified(copy);
  const int64_t inner = s.extents.back();
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < s.extents.size(); ++i) rows *= s.extents[i];
  Defines defines;
  defines.set("TYPE", moved_as(dtype))
      .set("WIDTH", kWidth)
      .set("RANK", static_cast<int64_t>(s.extents.size()) - 1);
  OARLOCK_ASSIGN(const ProgramSource source, embedded_program("copy", defines));
  const bool flat = rows == 1;
  OARLOCK_ASSIGN(LaunchPtr launch, Launch::make(device, source, "strided_copy", 2,
                                                Work::grid({ceil_div(inner, kWidth), rows, 1},
                                                           {flat ? 64u : 4u, flat ? 1u : 16u, 1})));
  OARLOCK_TRY(launch->scalars(
      static_cast<cl_int>(inner), static_cast<cl_int>(rows), outer_eight(s.extents),
      static_cast<cl_long>(s.from_start), static_cast<cl_int>(s.from.back()), outer_eight(s.from),
      static_cast<cl_long>(s.to_start), static_cast<cl_int>(s.to.back()), outer_eight(s.to)));
  return launch;
}

Result<KernelPtr> copy_kernel(ClDevice& device, DType dtype, const StridedCopy& copy) {
  OARLOCK_ASSIGN(const LaunchPtr launch, launch_copy(device, dtype, copy));
  const auto bytes = static_cast<int64_t>(bits(dtype) / 8);
  const int64_t from = copy.from_start * bytes, to = copy.to_start * bytes;
  return make_kernel([launch, from, to](const KernelArgs& args) -> Status {
    if (is_same_memory(args.inputs[0], from, args.outputs[0], to)) return {};
    return launch->run({args.inputs[0], args.outputs[0]});
  });
}

}  // namespace oarlock::opencl
