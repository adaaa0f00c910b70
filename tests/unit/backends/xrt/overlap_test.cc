// Transfers of one run go on while kernels of another compute; several compute units share a layer.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "backends/xrt/profiler.h"
#include "tests/unit/backends/xrt/network.h"

namespace oarlock::xrt {
namespace {

// What the backend's library tells.
struct Heard {
  std::mutex mutex;
  std::vector<Activity> list;
};

const Profiler* profiler() {
  void* const library = dlopen(OARLOCK_XRT_FOLDER "/liboarlock_backend_xrt.so", RTLD_NOW);
  if (library == nullptr) return nullptr;
  return reinterpret_cast<decltype(&oarlock_xrt_profiler)>(
      dlsym(library, "oarlock_xrt_profiler"))();
}

TEST(XrtOverlap, TransfersGoOnWhileKernelsCompute) {
  if (const std::string why = why_not_emulated(); !why.empty()) GTEST_SKIP() << why;
  if (profiler() == nullptr) GTEST_SKIP() << "the backend is linked in";
  const Tensor input = random_values({1, 16, 96, 96}, 1);
  const Result<Model> model = make_chain(TypeInfo::tensor(DType::float32, input.shape()),
                                         {{"Conv",
                                           {{"kernel_shape", std::vector<int64_t>{5, 5}}},
                                           {random_values({128, 16, 5, 5}, 2)}},
                                          {"GlobalAveragePool"}});
  ASSERT_TRUE(model.ok());
  const Result<Tensor> expected = run_on("reference", *model, input);
  ASSERT_TRUE(expected.ok());
  SessionOptions options;
  options.devices = {"xrt"};
  options.strict = true;
  Result<Session> session = Session::open(*model, options);
  ASSERT_TRUE(session.ok()) << to_string(session.status());
  Heard heard;
  profiler()->listen(
      [](const Activity& activity, void* context) {
        auto& to = *static_cast<Heard*>(context);
        const std::lock_guard lock(to.mutex);
        to.list.push_back(activity);
      },
      &heard);
  const auto work = [&] {
    for (int i = 0; i < 20; ++i) {
      const std::vector<Value> inputs = {Value(input)};
      std::vector<Value> outputs(1);
      const Status status = session->run(inputs, outputs);
      ASSERT_TRUE(status.ok()) << to_string(status);
      for (size_t e = 0; e < expected->as<float>().size(); ++e)
        ASSERT_NEAR(outputs[0].tensor().as<float>()[e], expected->as<float>()[e], 1e-4);
    }
  };
  std::thread other(work);
  work();
  other.join();
  profiler()->listen(nullptr, nullptr);
  int overlapping = 0;
  std::set<uint32_t> units;
  for (const Activity& run : heard.list) {
    if (run.kind != Activity::Kind::run) continue;
    if (run.units > 1) units.insert(run.unit);
    for (const Activity& transfer : heard.list)
      overlapping += transfer.kind == Activity::Kind::write && transfer.start_us > run.start_us &&
                             transfer.end_us < run.end_us
                         ? 1
                         : 0;
  }
  EXPECT_GT(overlapping, 0);
  EXPECT_EQ(units.size(), 2u) << "both engines share the convolution";
}

}  // namespace
}  // namespace oarlock::xrt
