#include "backends/xrt/emulator/xclbin_writer.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <sstream>
#include <utility>

#include "backends/xrt/emulator/registers.h"
#include "xclbin.h"

namespace oarlock::xrt_emulator {

namespace {

using Bytes = std::vector<char>;
using kernels::fpga::Kernel;
using kernels::fpga::Table;

constexpr uint64_t kFirstUnit = 0x1800000, kUnitStep = 0x10000;
// Memories: two banks, then the streams.
enum Bank : int32_t { kTensors, kParameters, kFirstStream };

template <class T>
void append(Bytes& bytes, const T& value) {
  const size_t at = bytes.size();
  bytes.resize(at + sizeof value);
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

// A count, zeros up to the first entry, the entries.
template <class Count, class T>
Bytes table_of(const std::vector<T>& entries, size_t first) {
  Bytes bytes;
  append(bytes, static_cast<Count>(entries.size()));
  bytes.resize(first);
  for (const T& entry : entries) append(bytes, entry);
  return bytes;
}

template <size_t N, class C>
void copy_name(C (&to)[N], const std::string& name) {
  std::memset(to, 0, N);
  std::memcpy(to, name.data(), std::min(name.size(), N - 1));
}

struct Design {
  std::vector<ip_data> units;
  std::vector<connection> connections;
  std::ostringstream xml;
};

std::string hex(uint64_t value) {
  std::ostringstream text;
  text << "0x" << std::hex << value;
  return text.str();
}

// The connection that an argument of a kernel is an end of; XRT calls it a memory too.
int32_t connection_of(const Table& table, const std::string& argument) {
  uint32_t i = 0;
  while (i < table.connection_count && argument != table.connections[i].from &&
         argument != table.connections[i].to)
    ++i;
  return kFirstStream + static_cast<int32_t>(i);
}

void add_stream(Design& design, const std::string& name, size_t id) {
  design.xml << "<arg name=\"" << name << "\" addressQualifier=\"4\" id=\"" << id << "\" port=\""
             << name
             << "\" size=\"0x4\" offset=\"0x0\" hostOffset=\"0x0\" hostSize=\"0x4\" "
                "type=\"stream\"/>";
}

void add_argument(Design& design, const std::string& name, uint32_t id, bool pointer, size_t at) {
  const char* const size = pointer ? "0x8" : "0x4";
  design.xml << "<arg name=\"" << name << "\" addressQualifier=\"" << (pointer ? 1 : 0)
             << "\" id=\"" << id << "\" port=\"" << (pointer ? "M_AXI_" + name : "S_AXI_CONTROL")
             << "\" size=\"" << size << "\" offset=\"" << hex(at)
             << "\" hostOffset=\"0x0\" hostSize=\"" << size << "\" type=\""
             << (pointer ? "void*" : "int") << "\"/>";
}

void add_kernel(Design& design, const Table& table, const Kernel& kernel, int units) {
  const auto first = static_cast<int32_t>(design.units.size());
  design.xml << "<kernel name=\"" << kernel.name << "\" language=\"c\" type=\"pl\">"
             << "<port name=\"S_AXI_CONTROL\" mode=\"slave\" range=\"0x1000\" dataWidth=\"32\" "
                "portType=\"addressable\" base=\"0x0\"/>";
  std::istringstream names(kernel.arguments);
  std::vector<std::string> arguments;
  for (std::string name; names >> name;) arguments.push_back(name);
  const uint32_t pointers = kernel.tensors + 1;
  for (uint32_t i = 0; i < pointers; ++i)
    design.xml << "<port name=\"M_AXI_" << arguments[i]
               << "\" mode=\"master\" range=\"0xFFFFFFFFFFFFFFFF\" dataWidth=\"512\" "
                  "portType=\"addressable\" base=\"0x0\"/>";
  const uint32_t streams_at = 2 * kernel.tensors + 1;
  for (size_t i = streams_at; i < arguments.size(); ++i)
    design.xml << "<port name=\"" << arguments[i] << "\" mode=\""
               << (arguments[i] == "in" ? "read_only" : "write_only")
               << "\" range=\"0x0\" dataWidth=\"32\" portType=\"stream\" base=\"0x0\"/>";
  for (uint32_t i = 0; i < streams_at; ++i)
    add_argument(
        design, arguments[i], i, i < pointers,
        i < pointers ? pointer_register(i) : offset_register(kernel.tensors, i - pointers));
  for (size_t i = streams_at; i < arguments.size(); ++i) add_stream(design, arguments[i], i);
  for (int unit = 0; unit < units; ++unit) {
    const std::string name = std::string(kernel.name) + "_" + std::to_string(unit + 1);
    ip_data ip{};
    ip.m_type = IP_KERNEL;
    ip.properties = AP_CTRL_HS << IP_CONTROL_SHIFT;
    ip.m_base_address = kFirstUnit + kUnitStep * design.units.size();
    copy_name(ip.m_name, std::string(kernel.name) + ":" + name);
    design.units.push_back(ip);
    design.xml << "<instance name=\"" << name << "\"><addrRemap base=\"" << hex(ip.m_base_address)
               << "\" port=\"S_AXI_CONTROL\"/></instance>";
    for (uint32_t i = 0; i < pointers; ++i)
      design.connections.push_back(
          {static_cast<int32_t>(i), first + unit, i + 1 < pointers ? kTensors : kParameters});
    for (size_t i = streams_at; i < arguments.size(); ++i)
      design.connections.push_back(
          {static_cast<int32_t>(i), first + unit,
           connection_of(table, std::string(kernel.name) + "." + arguments[i])});
  }
  design.xml << "</kernel>";
}

mem_data bank(const char* tag, uint64_t begin_mib, uint64_t size_mib) {
  mem_data m{};
  m.m_type = MEM_DDR4;
  m.m_used = 1;
  m.m_size = size_mib << 10;
  m.m_base_address = begin_mib << 20;
  copy_name(m.m_tag, tag);
  return m;
}

// An identity that follows from the contents (FNV-1a, 64 bits, twice).
void identify(const Bytes& contents, unsigned char* uuid) {
  for (uint64_t half = 0; half < 2; ++half) {
    uint64_t hash = 0xcbf29ce484222325u + half;
    for (const char c : contents) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    std::memcpy(uuid + 8 * half, &hash, sizeof hash);
  }
}

}  // namespace

std::vector<char> make_xclbin(const std::vector<char>& library, const Table& table,
                              const Platform& platform) {
  Design design;
  design.xml << "<?xml version=\"1.0\"?>\n<project name=\"oarlock\"><platform vendor=\"oarlock\" "
                "boardid=\"emulated\" name=\"emulated\"><version major=\"1\" minor=\"0\"/>"
                "<device name=\"fpga0\" fpgaDevice=\"emulated\"><core name=\"OCL_REGION_0\" "
                "target=\"csim\" type=\"clc_region\">";
  for (uint32_t i = 0; i < table.count; ++i) {
    const Kernel& kernel = table.kernels[i];
    const auto units = platform.compute_units.find(kernel.name);
    const bool one = units == platform.compute_units.end() || kernel.streams > 0;
    add_kernel(design, table, kernel, one ? 1 : units->second);
  }
  design.xml << "<kernelClocks/></core></device></platform></project>";
  std::string xml = design.xml.str();
  // XRT drops the last argument of text whose size is not a multiple of 4.
  while (xml.size() % 4 != 0) xml += '\n';

  clock_freq clock{};
  clock.m_freq_Mhz = platform.clock_mhz;
  clock.m_type = CT_DATA;
  copy_name(clock.m_name, "DATA_CLK");
  std::vector<mem_data> banks = {bank("DDR[0]", 0, platform.bank_mib),
                                 bank("DDR[1]", platform.bank_mib, platform.bank_mib)};
  for (uint32_t i = 0; i < table.connection_count; ++i) {
    banks.push_back(bank(("dc_" + std::to_string(i)).c_str(), 0, 0));
    banks.back().m_type = MEM_STREAMING_CONNECTION;
  }
  const Bytes memories = table_of<int32_t>(banks, offsetof(mem_topology, m_mem_data));
  const Bytes connections =
      table_of<int32_t>(design.connections, offsetof(connectivity, m_connection));
  const std::pair<axlf_section_kind, Bytes> sections[] = {
      {BITSTREAM, library},
      {EMBEDDED_METADATA, Bytes(xml.begin(), xml.end())},
      {MEM_TOPOLOGY, memories},
      {ASK_GROUP_TOPOLOGY, memories},
      {CONNECTIVITY, connections},
      {ASK_GROUP_CONNECTIVITY, connections},
      {IP_LAYOUT, table_of<int32_t>(design.units, offsetof(ip_layout, m_ip_data))},
      {CLOCK_FREQ_TOPOLOGY,
       table_of<int16_t>(std::vector{clock}, offsetof(clock_freq_topology, m_clock_freq))}};

  axlf top;
  std::memset(&top, 0, sizeof top);
  std::memcpy(top.m_magic, "xclbin2", 8);
  top.m_signature_length = -1;
  std::memset(top.reserved, 0xff, sizeof top.reserved);
  top.m_header.m_versionMajor = 2;
  top.m_header.m_versionMinor = 13;
  top.m_header.m_mode = XCLBIN_SW_EMU;
  top.m_header.m_numSections = std::size(sections);
  copy_name(top.m_header.m_platformVBNV, platform.name);

  Bytes body;
  std::vector<axlf_section_header> headers;
  const size_t body_at =
      offsetof(axlf, m_sections) + std::size(sections) * sizeof(axlf_section_header);
  const size_t start = (body_at + 7) / 8 * 8;
  for (const auto& [kind, bytes] : sections) {
    body.resize((body.size() + 7) / 8 * 8);
    axlf_section_header header{};
    header.m_sectionKind = kind;
    header.m_sectionOffset = start + body.size();
    header.m_sectionSize = bytes.size();
    headers.push_back(header);
    body.insert(body.end(), bytes.begin(), bytes.end());
  }
  top.m_header.m_length = start + body.size();
  top.m_uniqueId = top.m_header.m_length;
  identify(body, top.m_header.uuid);

  Bytes file(start + body.size());
  std::memcpy(file.data(), &top, offsetof(axlf, m_sections));
  std::memcpy(file.data() + offsetof(axlf, m_sections), headers.data(),
              headers.size() * sizeof(axlf_section_header));
  std::memcpy(file.data() + start, body.data(), body.size());
  return file;
}

}  // namespace oarlock::xrt_emulator
