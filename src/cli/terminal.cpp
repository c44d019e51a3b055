#include "cli/terminal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "cli/exit_code.h"

namespace pith::cli {
namespace {

volatile sig_atomic_t interrupts = 0;

extern "C" void on_interrupt(int) {
  if (interrupts > 0) _exit(kInterrupted);
  interrupts = 1;
}

void count_interrupts(int signal) {
  struct sigaction action {};
  action.sa_handler = on_interrupt;  // without SA_RESTART: a waiting read() returns
  sigaction(signal, &action, nullptr);
}

// True when all is written; false with errno set.
bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(descriptor, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {  // a pipe that somebody made non-blocking
      pollfd p{descriptor, POLLOUT, 0};
      if (poll(&p, 1, -1) < 0 && errno != EINTR) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// What read_stdin_line() has read beyond the line.
std::string pending;
bool at_end = false;

// Appends what comes next on stdin; false at its end or on an interrupt.
bool read_more(std::string& text) {
  char buffer[1 << 16];
  while (!at_end) {
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n > 0) {
      text.append(buffer, static_cast<std::size_t>(n));
      return true;
    }
    if (n == 0) {
      at_end = true;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd p{STDIN_FILENO, POLLIN, 0};
      poll(&p, 1, -1);
    } else if (errno != EINTR) {
      fail("standard input cannot be read: {}", std::strerror(errno));
    }
    if (interrupted()) return false;
  }
  return false;
}

}  // namespace

void prepare_process() {
  for (int descriptor = 0; descriptor < 3; ++descriptor) {
    if (fcntl(descriptor, F_GETFD) >= 0) continue;
    // The wrong way round, so that using it is an error as it was before.
    if (open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY) != descriptor) _exit(1);
  }
  signal(SIGPIPE, SIG_IGN);
  count_interrupts(SIGINT);
}

void write_out(std::string_view text) {
  if (write_all(STDOUT_FILENO, text)) return;
  if (errno == EPIPE) throw OutputClosed{};
  fail("standard output cannot be written: {}", std::strerror(errno));
}

void write_error_stream(std::string_view text) { write_all(STDERR_FILENO, text); }

void write_note(std::string_view text) { write_error_stream(fmt::format("pith: {}\n", text)); }

bool stdin_is_terminal() { return isatty(STDIN_FILENO) == 1; }
bool stdout_is_terminal() { return isatty(STDOUT_FILENO) == 1; }
bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

std::size_t stderr_columns() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string read_stdin() {
  std::string text = std::move(pending);
  pending.clear();
  while (read_more(text)) {
  }
  return text;
}

bool read_stdin_line(std::string& line) {
  std::size_t end, from = 0;
  while ((end = pending.find('\n', from)) == std::string::npos) {
    from = pending.size();
    if (read_more(pending)) continue;
    line = std::move(pending);
    pending.clear();
    return !line.empty() && !interrupted();
  }
  line = pending.substr(0, end);
  pending.erase(0, end + 1);
  return true;
}

bool interrupted() { return interrupts != 0; }
void catch_termination() { count_interrupts(SIGTERM); }
void clear_interrupt() { interrupts = 0; }

}  // namespace pith::cli
