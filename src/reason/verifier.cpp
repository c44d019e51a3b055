#include "reason/verifier.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/error.h"

namespace pith {
namespace {

using Clock = std::chrono::steady_clock;

// Both ends are closed in programs that are started; what a program is given is duplicated first.
struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
      fail("cannot start the checking program: {}", std::strerror(errno));
  }
  ~Pipe() { close(0), close(1); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close(std::size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
};

// Writing to a program that has ended raises SIGPIPE in this thread: held back, and forgotten.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    const timespec none{};
    while (sigtimedwait(&pipe_, nullptr, &none) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_, before_;
};

// A program and all it starts, in a process group of its own. Not waited for: killed.
class Child {
 public:
  Child(const std::vector<std::string>& words, const std::vector<std::string>& environment, int in, int out) {
    const auto pointers = [](const std::vector<std::string>& strings) {
      std::vector<char*> list;
      for (const std::string& s : strings) list.push_back(const_cast<char*>(s.c_str()));
      list.push_back(nullptr);
      return list;
    };
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&usual, signal);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    const int error = posix_spawnp(&pid_, words.front().c_str(), &files, &attributes, pointers(words).data(),
                                   pointers(environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (error) fail("--verify: cannot start {}: {}", printable(words.front()), std::strerror(error));
  }
  ~Child() {
    if (ended_) return;
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Whether it has ended by then; `passed` is set if so.
  bool wait_until(Clock::time_point deadline, bool& passed) {
    int status = 0;
    for (auto nap = std::chrono::microseconds(50);;
         nap = std::min(nap * 2, std::chrono::microseconds(5000))) {
      const pid_t got = waitpid(pid_, &status, WNOHANG);
      if (got == pid_) break;
      if (Clock::now() >= deadline) return false;
      std::this_thread::sleep_for(nap);
    }
    ended_ = true;
    kill(-pid_, SIGKILL);  // what it left behind in its group
    passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return true;
  }

 private:
  pid_t pid_ = -1;
  bool ended_ = false;
};

bool is_program(const std::string& word) {
  const auto runnable = [](const std::filesystem::path& path) {
    std::error_code error;
    return access(path.c_str(), X_OK) == 0 && !std::filesystem::is_directory(path, error);
  };
  if (word.find('/') != std::string::npos) return runnable(word);
  const char* path = std::getenv("PATH");
  std::string_view folders = path ? path : "/usr/bin:/bin";
  while (true) {
    const std::size_t colon = folders.find(':');
    if (runnable(std::filesystem::path(folders.substr(0, colon)) / word)) return true;
    if (colon == std::string_view::npos) return false;
    folders.remove_prefix(colon + 1);
  }
}

}  // namespace

std::vector<std::string> split_command(std::string_view command) {
  std::vector<std::string> words;
  bool inside = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    char c = command[i];
    if (!quote && (c == ' ' || c == '\t' || c == '\n')) {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back(), inside = true;
    if (quote ? c == quote : c == '"' || c == '\'') {
      quote = quote ? 0 : c;
      continue;
    }
    if (c == '\\' && quote != '\'') {
      if (++i == command.size()) fail_usage("--verify: a backslash ends '{}'", printable(command));
      c = command[i];
    }
    words.back() += c;
  }
  if (quote) fail_usage("--verify: a {} is not closed in '{}'", quote, printable(command));
  return words;
}

Verifier::Verifier(std::string_view command, VerifierLimits limits)
    : words_(split_command(command)), limits_(limits) {
  if (words_.empty()) fail_usage("--verify: expected a command, found nothing");
  if (!is_program(words_.front()))
    fail_usage("--verify: there is no program '{}'", printable(words_.front()));
}

Verifier::Verdict Verifier::check(std::string_view question, std::string_view candidate, bool final) const {
  std::vector<std::string> environment;
  for (char** v = environ; *v; ++v) environment.emplace_back(*v);
  environment.emplace_back(final ? "PITH_STATE=final" : "PITH_STATE=partial");
  std::string asked(question);
  std::erase(asked, '\0');
  environment.push_back("PITH_QUESTION=" + asked);

  const NoSigpipe quiet;
  Pipe in, out;
  Child child(words_, environment, in.ends[0], out.ends[1]);
  in.close(0);
  out.close(1);
  fcntl(in.ends[1], F_SETFL, O_NONBLOCK);
  const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                           std::chrono::duration<double>(limits_.seconds));
  std::size_t written = 0, read_so_far = 0;
  std::array<char, 65536> buffer;
  while (out.ends[0] >= 0) {
    if (written == candidate.size()) in.close(1);
    std::array<pollfd, 2> waiting{{{out.ends[0], POLLIN, 0}, {in.ends[1], POLLOUT, 0}}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Verdict::TimedOut;
    if (poll(waiting.data(), waiting.size(), static_cast<int>(left)) < 0 && errno != EINTR)
      fail("--verify: waiting for {}: {}", printable(words_.front()), std::strerror(errno));
    if (waiting[1].revents) {
      const ssize_t n = write(in.ends[1], candidate.data() + written, candidate.size() - written);
      if (n >= 0) written += static_cast<std::size_t>(n);
      if (n < 0 && errno != EAGAIN && errno != EINTR) written = candidate.size();  // it reads no more
    }
    if (waiting[0].revents) {
      const ssize_t n = read(out.ends[0], buffer.data(), buffer.size());
      if (n == 0 || (n < 0 && errno != EINTR)) out.close(0);
      if (n > 0 && (read_so_far += static_cast<std::size_t>(n)) > limits_.output)
        return Verdict::WroteTooMuch;
    }
  }
  bool passed = false;
  if (!child.wait_until(deadline, passed)) return Verdict::TimedOut;
  return passed ? Verdict::Passed : Verdict::Failed;
}

}  // namespace pith
