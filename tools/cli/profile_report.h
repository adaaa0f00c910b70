#pragma once

#include <map>
#include <string>
#include <vector>

#include "oarlock/session.h"

namespace oarlock::cli {

// Collects the steps of several runs and reports them.
class ProfileReport {
 public:
  void add(const StepRecord& record);
  // Something that a device did meanwhile, on a track of its own in the timeline alone.
  struct Track {
    std::string track, name;
    double start_us, end_us;  // since the run began
    std::map<std::string, double> numbers;
  };
  void add_track(Track track);
  void end_run();

  // The devices that steps ran on.
  std::vector<std::string> devices() const;
  // GFLOP/s by device, to which the rates of steps are compared; unknown where not given.
  void set_peaks(std::map<std::string, double> peaks) { peaks_ = std::move(peaks); }

  // Times are means over the runs.
  std::string by_operator() const;
  std::string by_node(size_t shown) const;
  // Chrome's Trace Event Format: complete events in microseconds, a track for each device.
  std::string chrome_trace() const;

 private:
  struct Event {
    std::string name, op, device, kernel;
    double start_us, end_us, bytes, flops;
    double duration() const { return end_us - start_us; }
  };
  struct Total {
    std::string title, op, device, kernel;
    size_t count = 0;
    double us = 0, bytes = 0, flops = 0;
  };
  template <class Key>
  std::vector<Total> totals(Key key) const;
  double run_us() const;
  std::string of_peak(const Total& total) const;

  std::vector<Event> events_;
  std::vector<Track> tracks_;
  std::map<std::string, double> peaks_;
  double run_start_us_ = 0;
  double last_us_ = 0;
  size_t runs_ = 0;
};

}  // namespace oarlock::cli
