#include "tools/cli/profile_report.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tools/cli/table.h"

namespace oarlock::cli {

void ProfileReport::add(const StepRecord& r) {
  events_.push_back({r.name, r.op, r.device, r.kernel, run_start_us_ + r.start_us,
                     run_start_us_ + r.end_us, r.bytes, r.flops});
  last_us_ = std::max(last_us_, events_.back().end_us);
}

void ProfileReport::add_track(Track track) {
  track.start_us += run_start_us_;
  track.end_us += run_start_us_;
  tracks_.push_back(std::move(track));
}

void ProfileReport::end_run() {
  ++runs_;
  run_start_us_ = last_us_ + 1;
}

double ProfileReport::run_us() const {
  double sum = 0;
  for (const Event& e : events_) sum += e.duration();
  return runs_ > 0 ? sum / static_cast<double>(runs_) : 0;
}

// Events summed by key, the most expensive first.
template <class Key>
std::vector<ProfileReport::Total> ProfileReport::totals(Key key) const {
  std::map<std::string, size_t> index;
  std::vector<Total> list;
  for (const Event& e : events_) {
    const auto [it, added] = index.emplace(key(e), list.size());
    if (added) list.push_back({e.name, e.op, e.device, e.kernel});
    Total& t = list[it->second];
    ++t.count;
    t.us += e.duration();
    t.bytes += e.bytes;
    t.flops += e.flops;
  }
  std::stable_sort(list.begin(), list.end(),
                   [](const Total& a, const Total& b) { return a.us > b.us; });
  return list;
}

namespace {

std::string rate(double amount, double us) { return us > 0 ? fixed(amount / us / 1e3, 1) : "0"; }

}  // namespace

std::vector<std::string> ProfileReport::devices() const {
  std::set<std::string> names;
  for (const Event& e : events_) names.insert(e.device);
  return {names.begin(), names.end()};
}

std::string ProfileReport::of_peak(const Total& t) const {
  const auto peak = peaks_.find(t.device);
  if (peak == peaks_.end() || t.flops <= 0 || t.us <= 0) return "";
  return fixed(t.flops / t.us / 1e3 / peak->second * 100, 0) + "%";
}

std::string ProfileReport::by_operator() const {
  Table table({"operator", "device", "steps", "ms", "share", "GFLOP/s", "of peak", "GB/s"});
  const double all = std::max(run_us(), 1e-9),
               runs = static_cast<double>(std::max(runs_, size_t{1}));
  for (const Total& t : totals([](const Event& e) { return e.op + "\n" + e.device; }))
    table.add({t.op, t.device, std::to_string(t.count / std::max(runs_, size_t{1})),
               fixed(t.us / runs / 1e3, 3), fixed(t.us / runs / all * 100, 1) + "%",
               rate(t.flops, t.us), of_peak(t), rate(t.bytes, t.us)});
  table.add({"all steps", "", std::to_string(events_.size() / std::max(runs_, size_t{1})),
             fixed(all / 1e3, 3), "100.0%", "", "", ""});
  std::string text = table.text();
  for (const auto& [device, peak] : peaks_)
    text += concat("peak of ", device, ": ", fixed(peak, 1),
                   " GFLOP/s, its rate for large matrix products\n");
  return text;
}

std::string ProfileReport::by_node(size_t shown) const {
  Table table(
      {"node", "operator", "kernel", "device", "ms", "share", "GFLOP/s", "of peak", "GB/s"});
  const double all = std::max(run_us(), 1e-9),
               runs = static_cast<double>(std::max(runs_, size_t{1}));
  const std::vector<Total> list = totals([](const Event& e) { return e.name + "\n" + e.kernel; });
  for (size_t i = 0; i < std::min(shown, list.size()); ++i) {
    const Total& t = list[i];
    table.add({t.title, t.op, t.kernel, t.device, fixed(t.us / runs / 1e3, 3),
               fixed(t.us / runs / all * 100, 1) + "%", rate(t.flops, t.us), of_peak(t),
               rate(t.bytes, t.us)});
  }
  std::string text = table.text();
  if (list.size() > shown) text += concat("and ", list.size() - shown, " more\n");
  return text;
}

std::string ProfileReport::chrome_trace() const {
  using nlohmann::json;
  json events = json::array();
  std::map<std::string, int> tracks;
  const auto track_of = [&](const std::string& name) {
    const auto [it, added] = tracks.emplace(name, static_cast<int>(tracks.size()) + 1);
    if (added)
      events.push_back({{"ph", "M"},
                        {"name", "thread_name"},
                        {"pid", 1},
                        {"tid", it->second},
                        {"args", {{"name", name}}}});
    return it->second;
  };
  for (const Track& t : tracks_) {
    const int track = track_of(t.track);
    events.push_back({{"ph", "X"},
                      {"name", t.name},
                      {"pid", 1},
                      {"tid", track},
                      {"ts", t.start_us},
                      {"dur", t.end_us - t.start_us},
                      {"args", t.numbers}});
  }
  for (const Event& e : events_) {
    const int track = track_of(e.device);
    events.push_back(
        {{"ph", "X"},
         {"name", e.name},
         {"cat", e.op},
         {"pid", 1},
         {"tid", track},
         {"ts", e.start_us},
         {"dur", e.duration()},
         {"args",
          {{"operator", e.op}, {"kernel", e.kernel}, {"bytes", e.bytes}, {"flops", e.flops}}}});
  }
  const json trace = {{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
  return trace.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace oarlock::cli
