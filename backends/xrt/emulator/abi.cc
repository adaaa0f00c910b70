#include "backends/xrt/emulator/abi.h"

#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string_view>

namespace oarlock::xrt_emulator {

namespace {

// The functions of xrt_core::device in the order in which abi.h declares them.
constexpr std::string_view kDevice[] = {
    "close_device",
    "open_context",
    "close_context",
    "alloc_bo",
    "alloc_bo",
    "free_bo",
    "export_bo",
    "import_bo",
    "close_export_handle",
    "import_bo",
    "copy_bo",
    "sync_bo",
    "map_bo",
    "unmap_bo",
    "get_bo_properties",
    "reg_read",
    "reg_write",
    "xread",
    "xwrite",
    "unmgd_pread",
    "unmgd_pwrite",
    "exec_buf",
    "exec_wait",
    "load_axlf",
    "reclock",
    "p2p_enable",
    "p2p_disable",
    "set_cma",
    "update_scheduler_status",
    "user_reset",
    "open_ip_interrupt_notify",
    "close_ip_interrupt_notify",
    "enable_ip_interrupt",
    "disable_ip_interrupt",
    "wait_ip_interrupt",
    "wait_ip_interrupt",
    "open_graph",
    "close_graph",
    "reset_graph",
    "get_timestamp",
    "run_graph",
    "wait_graph_done",
    "wait_graph",
    "suspend_graph",
    "resume_graph",
    "end_graph",
    "update_graph_rtp",
    "read_graph_rtp",
    "open_aie_context",
    "sync_aie_bo",
    "reset_aie",
    "sync_aie_bo_nb",
    "wait_gmio",
    "start_profiling",
    "read_profiling",
    "stop_profiling",
    "load_axlf_meta",
    "~device",
    "~device",
    "get_device_handle",
    "get_mgmt_handle",
    "get_user_handle",
    "is_userpf",
    "lookup_query",
    "get_info",
    "read",
    "write",
    "reset",
    "xclmgmt_load_xclbin",
    "open",
    "close",
};
constexpr std::string_view kSystem[] = {
    "get_xrt_info",      "get_os_info",       "get_devices",
    "get_device_id",     "get_total_devices", "get_userpf_device",
    "get_userpf_device", "get_mgmtpf_device", "get_monitor_access_type",
    "program_plp",       "mem_read",          "mem_write",
};

// "alloc_bo" of the function at an address; empty when it is not known, as for pure ones.
std::string name_of(void* function) {
  Dl_info info;
  if (dladdr(function, &info) == 0 || info.dli_sname == nullptr || info.dli_saddr != function)
    return "";
  int status = 0;
  char* const text = abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status);
  std::string name = text == nullptr ? "" : text;
  std::free(text);
  name.resize(std::min(name.find('('), name.size()));
  const size_t colons = name.rfind("::");
  return colons == std::string::npos ? "" : name.substr(colons + 2);
}

std::string check_table(void* library, const char* symbol, const char* of,
                        std::span<const std::string_view> expected) {
  void* const table = dlsym(library, symbol);
  Dl_info info;
  const ElfW(Sym)* entry = nullptr;
  if (table == nullptr ||
      dladdr1(table, &info, reinterpret_cast<void**>(const_cast<ElfW(Sym)**>(&entry)),
              RTLD_DL_SYMENT) == 0 ||
      entry == nullptr)
    return std::string("it does not say how xrt_core::") + of + " is called";
  // Two words come before the functions.
  if (entry->st_size != (expected.size() + 2) * sizeof(void*))
    return std::string("xrt_core::") + of + " has another number of virtual functions";
  void** const functions = static_cast<void**>(table) + 2;
  for (size_t i = 0; i < expected.size(); ++i)
    if (const std::string name = name_of(functions[i]); !name.empty() && name != expected[i])
      return std::string("xrt_core::") + of + " has " + name + " where " +
             std::string(expected[i]) + " is expected";
  return "";
}

}  // namespace

std::string check_abi(const char* name) {
  void* const library = dlopen(name, RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return std::string(name) + " is not loaded";
  const std::string remedy =
      "; the emulated device needs XRT 2.13 (Debian 12: libxrt1), set XILINX_XRT to use a card";
  void* const anchor = dlsym(library, "_ZTVN8xrt_core6deviceE");
  Dl_info info;
  std::error_code ignored;
  const std::string file =
      anchor != nullptr && dladdr(anchor, &info) != 0
          ? std::filesystem::weakly_canonical(info.dli_fname, ignored).filename().string()
          : "";
  std::string wrong;
  if (!file.starts_with("libxrt_coreutil.so.2.13."))
    wrong = "its version is not 2.13";
  else
    wrong = check_table(library, "_ZTVN8xrt_core6deviceE", "device", kDevice);
  if (wrong.empty()) wrong = check_table(library, "_ZTVN8xrt_core6systemE", "system", kSystem);
  dlclose(library);
  return wrong.empty() ? "" : "the XRT library " + file + " cannot be used: " + wrong + remedy;
}

}  // namespace oarlock::xrt_emulator
