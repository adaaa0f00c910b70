// Runs a model on an input of ones and prints the most probable class on each device.
//   consumer model.oar
#include <oarlock/session.h>
#include <oarlock/version.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace {

oarlock::Status classify(const char* model, const std::string& device) {
  oarlock::SessionOptions options;
  options.devices = {device};
  OARLOCK_ASSIGN(oarlock::Session session, oarlock::Session::open(model, options));

  const std::vector<std::byte> pixels(28 * 28, std::byte{1});
  OARLOCK_ASSIGN(oarlock::Tensor image,
                 oarlock::Tensor::allocate(oarlock::DType::uint8, oarlock::Shape{1, 1, 28, 28}));
  std::memcpy(image.mutable_data(), pixels.data(), pixels.size());

  const std::vector<oarlock::NamedValue> inputs = {{"image", image}};
  OARLOCK_ASSIGN(const std::vector<oarlock::NamedValue> outputs, session.run(inputs));
  const auto probabilities = outputs.front().value.tensor().as<float>();
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  std::printf("%s: class %td of %zu\n", device.c_str(), best - probabilities.begin(),
              probabilities.size());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::printf("oarlock %s, headers %s\n", oarlock::version(), OARLOCK_VERSION);
  for (const oarlock::DeviceSummary& device : oarlock::list_devices().devices) {
    if (const oarlock::Status status = classify(argv[1], device.name); !status.ok()) {
      std::fprintf(stderr, "%s\n", status.message().c_str());
      return 1;
    }
  }
  return 0;
}
