// The driver that libxrt_coreutil finds: an xrt_core::system with one device.
#include <memory>

#include "backends/xrt/emulator/abi.h"
#include "backends/xrt/emulator/model.h"

namespace oarlock::xrt_emulator {

namespace {

Model* the_model = nullptr;

class Device final : public xrt_core::device {
 public:
  Device(void* handle, unsigned index) : device(index), handle_(handle) {}
  void close_device() override;
  void open_context(const unsigned char*, unsigned, bool) override { the_model->open_context(); }
  void close_context(const unsigned char*, unsigned) override { the_model->close_context(); }
  unsigned alloc_bo(size_t size, unsigned flags) override {
    return the_model->allocate(nullptr, size, flags);
  }
  unsigned alloc_bo(void* memory, size_t size, unsigned flags) override {
    return the_model->allocate(memory, size, flags);
  }
  void free_bo(unsigned bo) override { the_model->release(bo); }
  void copy_bo(unsigned to, unsigned from, size_t size, size_t to_at, size_t from_at) override {
    the_model->copy(to, from, size, to_at, from_at);
  }
  void sync_bo(unsigned bo, xclBOSyncDirection direction, size_t size, size_t at) override {
    the_model->sync(bo, direction, size, at);
  }
  void* map_bo(unsigned bo, bool) override { return the_model->map(bo); }
  void unmap_bo(unsigned, void*) override {}
  void get_bo_properties(unsigned bo, xclBOProperties* properties) const override {
    the_model->describe(bo, properties);
  }
  void reg_read(uint32_t, uint32_t, uint32_t*) const override {
    xrt_core::not_emulated("reading registers");
  }
  void reg_write(uint32_t, uint32_t, uint32_t) override {
    xrt_core::not_emulated("writing registers");
  }
  void exec_buf(unsigned bo) override { the_model->execute(bo); }
  int exec_wait(int milliseconds) const override { return the_model->wait(milliseconds); }
  void load_axlf(const axlf* xclbin) override {
    the_model->load(xclbin);
    register_axlf(xclbin);
  }
  void* get_device_handle() const override { return handle_; }
  bool is_userpf() const override { return true; }
  const xrt_core::query::request& lookup_query(xrt_core::query::key_type key) const override {
    throw xrt_core::query::no_such_key(key);
  }

 private:
  void* handle_;
};

// What a device's handle points to. It keeps the device, which ends it when closed.
struct Opened {
  std::shared_ptr<xrt_core::device> device;
};

void Device::close_device() { delete static_cast<Opened*>(handle_); }

class System final : public xrt_core::system {
 public:
  std::pair<unsigned, unsigned> get_total_devices(bool) const override { return {1, 1}; }
  std::shared_ptr<xrt_core::device> get_userpf_device(unsigned index) const override {
    if (index != 0) return nullptr;
    auto opened = std::make_unique<Opened>();
    // The library keeps a table of handles and makes the device through the function below.
    opened->device = xrt_core::get_userpf_device(opened.get(), index);
    return opened.release()->device;
  }
  std::shared_ptr<xrt_core::device> get_userpf_device(void* handle, unsigned index) const override {
    return std::make_shared<Device>(handle, index);
  }
  std::shared_ptr<xrt_core::device> get_mgmtpf_device(unsigned) const override { return nullptr; }
};

// Never taken down: threads of the library call the device until the process ends.
const char* start(const char* worker_program) {
  static const std::string error = [&] {
    std::string wrong = check_abi();
    if (!wrong.empty()) return wrong;
    the_model = new Model(worker_program);
    try {
      static System* const system = new System;
      static_cast<void>(system);
    } catch (const std::exception& e) {
      wrong = std::string("XRT has another driver already: ") + e.what();
    }
    return wrong;
  }();
  return error.empty() ? nullptr : error.c_str();
}

void counters(Counters* to) { *to = the_model == nullptr ? Counters() : the_model->counters(); }

bool inject(const char* what, int after) {
  return the_model != nullptr && the_model->inject(what, after);
}

}  // namespace

}  // namespace oarlock::xrt_emulator

const oarlock::xrt_emulator::Emulator* oarlock_xrt_emulator() {
  using namespace oarlock::xrt_emulator;
  static constexpr Emulator emulator = {kEmulatorVersion, start, counters, inject};
  return &emulator;
}
