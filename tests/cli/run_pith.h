// Runs the built pith as a user would, and tells what came out of it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace pith::test {

struct Outcome {
  int code = -1;  ///< exit status; 128 + signal where one ended the process
  std::string out, err;
};

struct How {
  std::string stdin_text;        ///< what it reads
  const char* stdin_file = "";   ///< instead of the text
  const char* stdout_file = "";  ///< then Outcome::out stays empty
  bool close_stdout = false;     ///< runs without a stdout
  bool new_session = false;      ///< runs without a terminal, as from cron
  std::size_t stop_reading = 0;  ///< > 0: closes the pipe after so many bytes
  std::size_t interrupt_at = 0;  ///< > 0: sends SIGINT after so many bytes of stdout
  bool interrupt_input = false;  ///< sends SIGINT when the text was read, before the end of stdin
};

// For at most ten seconds.
inline void wait_until_read(int pipe) {
  for (int turn = 0, unread = 0; turn < 10'000; ++turn) {
    if (ioctl(pipe, FIONREAD, &unread) != 0 || unread == 0) return;
    usleep(1000);
  }
}

inline Outcome run_program(std::vector<std::string> arguments, const How& how = {}) {
  int in[2], out[2], err[2];
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
    throw std::runtime_error("no pipes");
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no process");
  if (child == 0) {
    if (how.new_session) setsid();
    signal(SIGPIPE, SIG_DFL);
    dup2(*how.stdin_file ? open(how.stdin_file, O_RDONLY) : in[0], 0);
    dup2(*how.stdout_file ? open(how.stdout_file, O_WRONLY) : out[1], 1);
    dup2(err[1], 2);
    if (how.close_stdout) close(1);
    std::vector<char*> argv;
    for (std::string& a : arguments) argv.push_back(a.data());
    argv.push_back(nullptr);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(in[0]), close(out[1]), close(err[1]);
  signal(SIGPIPE, SIG_IGN);
  std::string_view rest = how.stdin_text;
  Outcome outcome;
  bool interrupted = false;
  while (out[0] >= 0 || err[0] >= 0) {
    pollfd polls[3] = {{out[0], POLLIN, 0}, {err[0], POLLIN, 0}, {in[1], POLLOUT, 0}};
    if (poll(polls, 3, 60'000) <= 0) {
      kill(child, SIGKILL);
      break;
    }
    if (polls[2].revents) {
      const ssize_t n = rest.empty() ? -1 : write(in[1], rest.data(), rest.size());
      if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
      if (n <= 0 || rest.empty()) {
        if (how.interrupt_input) wait_until_read(in[1]), kill(child, SIGINT);
        close(in[1]), in[1] = -1;
      }
    }
    const auto take = [&](int& descriptor, const pollfd& p, std::string& text) {
      if (!p.revents) return;
      char buffer[4096];
      const ssize_t n = read(descriptor, buffer, sizeof buffer);
      if (n > 0) text.append(buffer, static_cast<std::size_t>(n));
      if (n <= 0) close(descriptor), descriptor = -1;
    };
    take(out[0], polls[0], outcome.out);
    take(err[0], polls[1], outcome.err);
    if (how.stop_reading > 0 && out[0] >= 0 && outcome.out.size() >= how.stop_reading)
      close(out[0]), out[0] = -1;
    if (how.interrupt_at > 0 && !interrupted && outcome.out.size() >= how.interrupt_at) {
      kill(child, SIGINT);
      interrupted = true;
    }
  }
  if (in[1] >= 0) close(in[1]);
  int status = 0;
  waitpid(child, &status, 0);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

inline Outcome run_pith(std::vector<std::string> arguments, const How& how = {}) {
  arguments.insert(arguments.begin(), std::string(PITH_BINARY_DIR) + "/pith");
  return run_program(std::move(arguments), how);
}

}  // namespace pith::test
