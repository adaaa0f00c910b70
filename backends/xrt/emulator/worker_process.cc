#include "backends/xrt/emulator/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

extern char** environ;

namespace oarlock::xrt_emulator {

namespace {

// Places descriptors where the process expects them. Copies above them first, so that none is
// overwritten before it has been placed.
void place_descriptors(posix_spawn_file_actions_t& actions, int socket, int memory, int kernels) {
  const std::pair<int, int> places[] = {{socket, kSocket}, {memory, kMemory}, {kernels, kKernels}};
  constexpr int kAside = 200;
  for (const auto& [from, to] : places)
    posix_spawn_file_actions_adddup2(&actions, from, to + kAside);
  for (const auto& [from, to] : places) {
    posix_spawn_file_actions_adddup2(&actions, to + kAside, to);
    posix_spawn_file_actions_addclose(&actions, to + kAside);
  }
}

}  // namespace

WorkerProcess::WorkerProcess(const std::string& program, int memory, int kernels,
                             std::function<void(const Finished&)> finished,
                             std::function<void()> lost) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("emulated device: no socket: " + std::string(std::strerror(errno)));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  place_descriptors(actions, ends[1], memory, kernels);
  std::string name = program;
  char* const arguments[] = {name.data(), nullptr};
  const int error = posix_spawn(&process_, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    throw std::runtime_error("emulated device: cannot start " + program + ": " +
                             std::strerror(error));
  }
  socket_ = ends[0];
  Finished ready;
  if (recv(socket_, &ready, sizeof ready, 0) != sizeof ready) {
    waitpid(process_, nullptr, 0);
    close(socket_);
    throw std::runtime_error(
        "emulated device: the kernels of the xclbin cannot be run; it was built for another "
        "version, or for a card");
  }
  listener_ =
      std::thread([socket = socket_, finished = std::move(finished), lost = std::move(lost)] {
        Finished message;
        while (recv(socket, &message, sizeof message, 0) == sizeof message) finished(message);
        lost();
      });
}

WorkerProcess::~WorkerProcess() {
  kill(process_, SIGKILL);
  shutdown(socket_, SHUT_RDWR);
  listener_.join();
  while (waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  close(socket_);
}

bool WorkerProcess::start(const Start& start) {
  return send(socket_, &start, sizeof start, MSG_NOSIGNAL) == sizeof start;
}

void WorkerProcess::crash() {
  kill(process_, SIGKILL);
  siginfo_t info;
  while (waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOWAIT) < 0 &&
         errno == EINTR) {
  }
}

}  // namespace oarlock::xrt_emulator
