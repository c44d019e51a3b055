// The options of one command: declared once, they are parsed, checked and listed by --help.
// This wraps CLI11, whose headers take seconds to compile, so that only options.cpp includes them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pith::cli {

/// Conversions of an argument; `option` is named in the message. Throw UsageError.
void read_argument(std::string_view option, const std::string& text, int& value);
void read_argument(std::string_view option, const std::string& text, std::int64_t& value);
void read_argument(std::string_view option, const std::string& text, std::uint64_t& value);
void read_argument(std::string_view option, const std::string& text, float& value);
void read_argument(std::string_view option, const std::string& text, double& value);
inline void read_argument(std::string_view, const std::string& text, std::string& value) { value = text; }
inline void read_argument(std::string_view, const std::string& text, std::vector<std::string>& value) {
  value.push_back(text);
}
template <class T>
void read_argument(std::string_view option, const std::string& text, std::optional<T>& value) {
  read_argument(option, text, value.emplace());
}

class Options {
 public:
  /// `summary` is what follows "pith COMMAND - " in the help's first line.
  Options(std::string command, std::string summary);
  ~Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  /// Names as "-t,--threads". What is stored stays untouched where the option is not given.
  void flag(const std::string& names, bool& value, const std::string& help);
  template <class T>
  void option(const std::string& names, T& value, const std::string& placeholder, const std::string& help) {
    add(names, placeholder, help, [&value, names](const std::string& text) {
      read_argument(names.substr(names.rfind(',') + 1), text, value);
    });
  }
  /// One of several words; the placeholder lists them.
  void choice(const std::string& names, std::string& value, std::vector<std::string> words,
              const std::string& help);
  /// Positional arguments come in the order of their declaration.
  void positional(const std::string& name, std::optional<std::string>& value, const std::string& help);
  /// As many as the user gives.
  void positionals(const std::string& name, std::vector<std::string>& values, const std::string& help);
  void required(const std::string& name, std::string& value, const std::string& help);

  /// The heading in the help for the options that follow. Where `needs` names one of them, the others are
  /// refused without it.
  void group(const std::string& name, const std::string& needs = {});
  /// A paragraph of the help: what is computed, and by which source.
  void note(const std::string& text) { notes_.push_back(text); }
  /// A line for the help: what one would type.
  void example(const std::string& text);

  /// False where --help was given, which then has been printed. Throws UsageError.
  bool parse(std::vector<std::string> arguments);
  std::string help() const;

 private:
  struct Parser;
  struct Entry {
    std::string group, needs, names, placeholder, help;
  };
  void check_needs() const;
  void add(const std::string& names, const std::string& placeholder, const std::string& help,
           std::function<void(const std::string&)> store);

  std::string command_, summary_, group_, needs_;
  std::vector<std::string> notes_, examples_;
  std::vector<Entry> entries_, positionals_;
  std::unique_ptr<Parser> parser_;
};

/// The candidate that differs from `word` by few letters; empty if none does, or if `word` has no three.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace pith::cli
