// The process's streams and signals: stdout carries the product alone, stderr everything else.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace pith::cli {

/// Thrown when nobody reads stdout any more (a closed pipe): the work ends quietly.
struct OutputClosed {};

/// Standard streams that are closed get a stand-in, so that no file that is opened later takes their place;
/// SIGPIPE becomes an error of write(); SIGINT is counted (see interrupted()).
void prepare_process();

/// Writes to stdout at once. Throws OutputClosed, or Error where writing fails (a full disk).
void write_out(std::string_view text);

/// One line on stderr, beginning with "pith: ".
void write_note(std::string_view text);
template <class... Args>
void note(fmt::format_string<Args...> format, Args&&... args) {
  write_note(fmt::format(format, std::forward<Args>(args)...));
}
/// Text on stderr as it is.
void write_error_stream(std::string_view text);

bool stdin_is_terminal();
bool stdout_is_terminal();
bool stderr_is_terminal();
/// Of that terminal.
std::size_t stderr_columns();

/// The whole of stdin. Throws Error. Stops early where the user interrupts.
std::string read_stdin();
/// One line of stdin without its newline; false at the end, or where the user interrupts.
bool read_stdin_line(std::string& line);

/// Whether SIGINT came since the last clear_interrupt(). A second one ends the process at once.
bool interrupted();
/// From now on SIGTERM counts as SIGINT.
void catch_termination();
void clear_interrupt();

}  // namespace pith::cli
