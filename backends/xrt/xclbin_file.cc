#include "backends/xrt/xclbin_file.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "xclbin.h"

namespace oarlock::xrt {

namespace {

constexpr uint64_t kMostSection = 64 << 20;  // of those that are read

class Reader {
 public:
  Reader(std::ifstream& file, uint64_t size) : file_(file), size_(size) {}
  template <class T>
  bool read(uint64_t at, T* to, size_t count = 1) {
    const uint64_t bytes = count * sizeof(T);
    if (at > size_ || bytes > size_ - at) return false;
    file_.seekg(static_cast<std::streamoff>(at));
    file_.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(bytes));
    return bool(file_);
  }
  // The entries of a table of a section, of which `first` bytes hold the count.
  template <class Count, class T>
  std::vector<T> table(const axlf_section_header& header, size_t first) {
    Count count = 0;
    if (header.m_sectionSize < first || !read(header.m_sectionOffset, &count) || count < 1)
      return {};
    const auto wanted = static_cast<uint64_t>(count);
    if (wanted > (header.m_sectionSize - first) / sizeof(T)) return {};
    std::vector<T> entries(wanted);
    if (!read(header.m_sectionOffset + first, entries.data(), entries.size())) return {};
    return entries;
  }

 private:
  std::ifstream& file_;
  uint64_t size_;
};

template <class C, size_t N>
std::string text_of(const C (&field)[N]) {
  const char* const begin = reinterpret_cast<const char*>(field);
  return std::string(begin, strnlen(begin, N));
}

Status invalid_file(const std::string& path, std::string_view why) {
  return invalid("xclbin ", path, ": ", why, "; write it anew with v++ or `oarlock fpga package`");
}

}  // namespace

Result<XclbinFile> read_xclbin_file(const std::string& path) {
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  std::ifstream stream(path, std::ios::binary);
  if (error || !stream)
    return io_error("xclbin ", path, ": the file cannot be read; name another with the setting ",
                    "xrt.xclbin or the environment variable OARLOCK_XCLBIN");
  Reader reader(stream, size);
  axlf top;
  constexpr size_t kHeader = offsetof(axlf, m_sections);
  std::vector<char> header(kHeader);
  if (!reader.read(0, header.data(), header.size())) return invalid_file(path, "it is cut off");
  std::memcpy(&top, header.data(), kHeader);
  if (std::memcmp(top.m_magic, "xclbin2", 8) != 0) return invalid_file(path, "it is no xclbin");
  if (top.m_header.m_length != size)
    return invalid_file(
        path, concat("it has ", size, " bytes and says that it has ", top.m_header.m_length));
  if (top.m_header.m_numSections > 1000) return invalid_file(path, "it has too many sections");
  std::vector<axlf_section_header> sections(top.m_header.m_numSections);
  if (!reader.read(kHeader, sections.data(), sections.size()))
    return invalid_file(path, "its list of sections is cut off");
  XclbinFile file;
  file.path = path;
  file.platform = text_of(top.m_header.m_platformVBNV);
  for (const axlf_section_header& section : sections) {
    if (section.m_sectionOffset > size || section.m_sectionSize > size - section.m_sectionOffset)
      return invalid_file(path, "a section lies outside it");
    if (section.m_sectionKind == BITSTREAM) {
      char magic[4] = {};
      file.for_emulation =
          reader.read(section.m_sectionOffset, magic, 4) && std::memcmp(magic, "\177ELF", 4) == 0;
      continue;
    }
    if (section.m_sectionSize > kMostSection) continue;
    if (section.m_sectionKind == CLOCK_FREQ_TOPOLOGY) {
      const auto clocks =
          reader.table<int16_t, clock_freq>(section, offsetof(clock_freq_topology, m_clock_freq));
      for (const clock_freq& clock : clocks)
        if (clock.m_type == CT_DATA) file.clock_mhz = clock.m_freq_Mhz;
    } else if (section.m_sectionKind == MEM_TOPOLOGY) {
      for (const mem_data& bank :
           reader.table<int32_t, mem_data>(section, offsetof(mem_topology, m_mem_data)))
        if (bank.m_used != 0 && bank.m_type != MEM_STREAMING_CONNECTION)
          file.banks.push_back({text_of(bank.m_tag), bank.m_size});
    } else if (section.m_sectionKind == IP_LAYOUT) {
      for (const ip_data& ip :
           reader.table<int32_t, ip_data>(section, offsetof(ip_layout, m_ip_data)))
        if (ip.m_type == IP_KERNEL) file.compute_units.push_back(text_of(ip.m_name));
    }
  }
  if (file.compute_units.empty()) return invalid_file(path, "it has no kernels");
  if (file.banks.empty()) return invalid_file(path, "it has no memory");
  return file;
}

}  // namespace oarlock::xrt
