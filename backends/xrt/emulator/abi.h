#pragma once
// The two interfaces that libxrt_coreutil 2.13 calls a driver by. Their headers are not installed,
// so the order of virtual functions is declared here, and check_abi() compares it with the library
// that is there. Functions that the emulated device does not serve throw.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "xclbin.h"
#include "xrt.h"

namespace xrt_core {

[[noreturn]] inline void not_emulated(const char* what) {
  throw std::runtime_error(std::string("emulated device: not supported: ") + what);
}

#define OARLOCK_SLOT(name) \
  virtual void name() { not_emulated(#name); }

struct ishim {
  virtual void close_device() = 0;
  virtual void open_context(const unsigned char* xclbin, unsigned unit, bool shared) = 0;
  virtual void close_context(const unsigned char* xclbin, unsigned unit) = 0;
  virtual unsigned alloc_bo(size_t size, unsigned flags) = 0;
  virtual unsigned alloc_bo(void* memory, size_t size, unsigned flags) = 0;
  virtual void free_bo(unsigned bo) = 0;
  OARLOCK_SLOT(export_bo)
  OARLOCK_SLOT(import_bo)
  OARLOCK_SLOT(close_export_handle)
  OARLOCK_SLOT(import_bo_of_process)
  virtual void copy_bo(unsigned to, unsigned from, size_t size, size_t to_at, size_t from_at) = 0;
  virtual void sync_bo(unsigned bo, xclBOSyncDirection direction, size_t size, size_t at) = 0;
  virtual void* map_bo(unsigned bo, bool writable) = 0;
  virtual void unmap_bo(unsigned bo, void* memory) = 0;
  virtual void get_bo_properties(unsigned bo, xclBOProperties* properties) const = 0;
  virtual void reg_read(uint32_t unit, uint32_t at, uint32_t* value) const = 0;
  virtual void reg_write(uint32_t unit, uint32_t at, uint32_t value) = 0;
  OARLOCK_SLOT(xread)
  OARLOCK_SLOT(xwrite)
  OARLOCK_SLOT(unmgd_pread)
  OARLOCK_SLOT(unmgd_pwrite)
  virtual void exec_buf(unsigned bo) = 0;
  virtual int exec_wait(int milliseconds) const = 0;
  virtual void load_axlf(const axlf* xclbin) = 0;
  OARLOCK_SLOT(reclock)
  OARLOCK_SLOT(p2p_enable)
  OARLOCK_SLOT(p2p_disable)
  OARLOCK_SLOT(set_cma)
  OARLOCK_SLOT(update_scheduler_status)
  OARLOCK_SLOT(user_reset)
  OARLOCK_SLOT(open_ip_interrupt_notify)
  OARLOCK_SLOT(close_ip_interrupt_notify)
  OARLOCK_SLOT(enable_ip_interrupt)
  OARLOCK_SLOT(disable_ip_interrupt)
  OARLOCK_SLOT(wait_ip_interrupt)
  OARLOCK_SLOT(wait_ip_interrupt_for)
  OARLOCK_SLOT(open_graph)
  OARLOCK_SLOT(close_graph)
  OARLOCK_SLOT(reset_graph)
  OARLOCK_SLOT(get_timestamp)
  OARLOCK_SLOT(run_graph)
  OARLOCK_SLOT(wait_graph_done)
  OARLOCK_SLOT(wait_graph)
  OARLOCK_SLOT(suspend_graph)
  OARLOCK_SLOT(resume_graph)
  OARLOCK_SLOT(end_graph)
  OARLOCK_SLOT(update_graph_rtp)
  OARLOCK_SLOT(read_graph_rtp)
  OARLOCK_SLOT(open_aie_context)
  OARLOCK_SLOT(sync_aie_bo)
  OARLOCK_SLOT(reset_aie)
  OARLOCK_SLOT(sync_aie_bo_nb)
  OARLOCK_SLOT(wait_gmio)
  OARLOCK_SLOT(start_profiling)
  OARLOCK_SLOT(read_profiling)
  OARLOCK_SLOT(stop_profiling)
  virtual void load_axlf_meta(const axlf*) {}

 protected:
  ~ishim() = default;
};

namespace query {
enum class key_type;
struct request;

class exception : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class no_such_key : public exception {
 public:
  explicit no_such_key(key_type key) : exception("the emulated device does not know"), key_(key) {}

 private:
  [[maybe_unused]] key_type key_;
};
}  // namespace query

class device : public ishim {
 public:
  explicit device(unsigned index);  // this and the destructor are the library's
  virtual ~device();
  virtual void* get_device_handle() const = 0;
  virtual void* get_mgmt_handle() const { return nullptr; }
  virtual void* get_user_handle() const { return get_device_handle(); }
  virtual bool is_userpf() const { return false; }
  virtual const query::request& lookup_query(query::key_type key) const = 0;
  virtual void get_info(void*) const {}
  OARLOCK_SLOT(read)
  OARLOCK_SLOT(write)
  OARLOCK_SLOT(reset)
  OARLOCK_SLOT(xclmgmt_load_xclbin)
  OARLOCK_SLOT(open)
  OARLOCK_SLOT(close)

  void register_axlf(const axlf* xclbin);

 private:
  // More than the library's own members take.
  alignas(16) [[maybe_unused]] unsigned char members_[2040];
};

class system {
 public:
  virtual void get_xrt_info(void*) {}
  virtual void get_os_info(void*) {}
  virtual void get_devices(void*) const {}
  virtual unsigned get_device_id(const std::string& name) const;
  virtual std::pair<unsigned, unsigned> get_total_devices(bool user) const = 0;
  virtual std::shared_ptr<device> get_userpf_device(unsigned index) const = 0;
  virtual std::shared_ptr<device> get_userpf_device(void* handle, unsigned index) const = 0;
  virtual std::shared_ptr<device> get_mgmtpf_device(unsigned index) const = 0;
  virtual int get_monitor_access_type() const { return 0; }
  OARLOCK_SLOT(program_plp)
  OARLOCK_SLOT(mem_read)
  OARLOCK_SLOT(mem_write)

 protected:
  system();
  ~system() = default;
};

#undef OARLOCK_SLOT

std::shared_ptr<device> get_userpf_device(void* handle, unsigned index);

}  // namespace xrt_core

namespace oarlock::xrt_emulator {

// What keeps a library that is loaded from being served: its version, or a virtual function that
// lies elsewhere; empty when nothing does.
std::string check_abi(const char* library = "libxrt_coreutil.so.2");

}  // namespace oarlock::xrt_emulator
