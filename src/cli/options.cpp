#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "cli/terminal.h"

namespace pith::cli {
namespace {

template <class T>
void read_number(std::string_view option, const std::string& text, T& value, const char* expected) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  bool good = error == std::errc() && stop == end;
  if constexpr (std::is_floating_point_v<T>) good = good && std::isfinite(value);
  if (good) return;
  fail_usage("{}: expected {}, found '{}'{}", option, expected, printable(text, 40),
             error == std::errc::result_out_of_range ? ", which is out of range" : "");
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

constexpr std::size_t kHelpColumn = 30, kHelpWidth = 100;

// The text's words in lines that begin at `indent`, the first one at `column`.
std::string wrapped(const std::string& text, std::size_t column, std::size_t indent) {
  std::string out;
  bool first = true;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (!first && column + 1 + (end - begin) > kHelpWidth) {
      out += '\n' + std::string(indent, ' ');
      column = indent;
      first = true;
    }
    if (!first) out += ' ', ++column;
    out += text.substr(begin, end - begin);
    column += end - begin;
    begin = end + 1;
    first = false;
  }
  return out + '\n';
}

// "-t,--threads"
std::vector<std::string> split(const std::string& names) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < names.size();) {
    const std::size_t end = std::min(names.find(',', begin), names.size());
    out.push_back(names.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

// Whether an argument could be "--name", "--name=value", "-n", "-nVALUE", or one of several letters "-abn".
bool may_mean(std::string_view argument, std::string_view name) {
  if (name.starts_with("--")) return argument.starts_with(name);
  return argument.starts_with('-') && !argument.starts_with("--") && argument.find(name[1]) != argument.npos;
}

// A positional argument that takes any text, also an empty one.
bool is_text(std::string_view name) { return name == "TEXT" || name == "PROMPT"; }

// "  names PLACEHOLDER   help", the help wrapped in its column.
std::string help_line(const std::string& left, const std::string& help) {
  std::string out = "  " + left;
  std::size_t column = out.size();
  if (column + 2 > kHelpColumn) out += '\n', column = 0;
  out.append(kHelpColumn - column, ' ');
  return out + wrapped(help, kHelpColumn, kHelpColumn);
}

}  // namespace

void read_argument(std::string_view option, const std::string& text, int& value) {
  read_number(option, text, value, "an integer");
}
void read_argument(std::string_view option, const std::string& text, std::int64_t& value) {
  read_number(option, text, value, "an integer");
}
void read_argument(std::string_view option, const std::string& text, std::uint64_t& value) {
  read_number(option, text, value, "an integer from 0");
}
void read_argument(std::string_view option, const std::string& text, float& value) {
  read_number(option, text, value, "a number");
}
void read_argument(std::string_view option, const std::string& text, double& value) {
  read_number(option, text, value, "a number");
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  if (word.size() < 3) return best;  // "-x" is as near to any other letter
  std::size_t limit = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& c : candidates) {
    const std::size_t distance = edit_distance(word, c);
    if (distance < limit) limit = distance, best = c;
  }
  return best;
}

// CLI11 compares an option that is added with all that are there, by copies of their names: a quarter of the
// time in which a small model answers. So it hears only of those that the arguments can mean.
struct Options::Parser {
  struct Declared {
    std::string names;
    bool flag;
    std::function<void()> add;
  };

  CLI::App app;
  std::vector<Declared> declared;
  std::vector<std::string> long_after_one_dash;  // "-ub", which CLI11 cannot have

  bool given(const std::string& name) const {
    const CLI::Option* option = app.get_option_no_throw(name);
    return option && option->count() > 0;
  }
  const Declared* find(std::string_view name) const {
    const auto at = std::ranges::find_if(
        declared, [&](const Declared& d) { return std::ranges::count(split(d.names), name) > 0; });
    return at == declared.end() ? nullptr : &*at;
  }
  // CLI11 takes "--json=no" for a flag's value.
  void refuse_arguments_of_flags(const std::string& command,
                                 const std::vector<std::string>& arguments) const {
    for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
      const std::string_view argument = arguments[i];
      const std::size_t equals = argument.find('=');
      const Declared* d = argument.starts_with('-') ? find(argument.substr(0, equals)) : nullptr;
      if (!d) continue;
      if (!d->flag) {
        i += equals == argument.npos;  // what follows is its argument, whatever it looks like
      } else if (equals != argument.npos) {
        fail_usage("{}: {} takes no argument, found '{}' (see: pith {} --help)", command,
                   argument.substr(0, equals), printable(argument.substr(equals), 40), command);
      }
    }
  }
};

Options::Options(std::string command, std::string summary)
    : command_(std::move(command)),
      summary_(std::move(summary)),
      group_("Options"),
      parser_(std::make_unique<Parser>()) {
  parser_->app.set_help_flag();
  parser_->app.allow_extras();
}

Options::~Options() = default;

void Options::flag(const std::string& names, bool& value, const std::string& help) {
  parser_->declared.push_back({names, true, [this, names, &value] {
                                 parser_->app.add_flag_callback(names, [&value] { value = true; });
                               }});
  entries_.push_back({group_, needs_, names, "", help});
}

void Options::add(const std::string& names, const std::string& placeholder, const std::string& help,
                  std::function<void(const std::string&)> store) {
  const std::string first = names.substr(0, names.find(',')), last = names.substr(names.rfind(',') + 1);
  const bool one_dash = first.size() > 2 && first[0] == '-' && first[1] != '-';
  if (one_dash) parser_->long_after_one_dash.push_back(first);
  // A text may be empty; a name or a word that is comes from a variable that the shell does not know.
  const bool text = placeholder == "TEXT" || is_text(names);
  const auto take = [this, last, text, store = std::move(store)](const CLI::results_t& results) {
    for (const std::string& argument : results) {
      if (argument.empty() && !text)
        fail_usage("{}: {}: the argument is empty (see: pith {} --help)", command_, last, command_);
      store(argument);
    }
    return true;
  };
  const std::string known = one_dash ? "-" + names : names;
  const auto add = [this, known, take] {
    parser_->app.add_option(known, take)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  if (names.starts_with('-')) {
    parser_->declared.push_back({known, false, add});
    entries_.push_back({group_, needs_, names, placeholder, help});
  } else {
    add();
    positionals_.push_back({group_, needs_, names, placeholder, help});
  }
}

void Options::choice(const std::string& names, std::string& value, std::vector<std::string> words,
                     const std::string& help) {
  std::string placeholder;
  for (const std::string& w : words) placeholder += (placeholder.empty() ? "" : "|") + w;
  add(names, placeholder, help, [&value, names, placeholder, words = std::move(words)](const std::string& t) {
    if (std::ranges::find(words, t) == words.end()) {
      fail_usage("{}: expected {}, found '{}'", names.substr(names.rfind(',') + 1), placeholder,
                 printable(t, 40));
    }
    value = t;
  });
}

void Options::positional(const std::string& name, std::optional<std::string>& value,
                         const std::string& help) {
  add(name, "", help, [&value](const std::string& text) { value = text; });
}

void Options::positionals(const std::string& name, std::vector<std::string>& values,
                          const std::string& help) {
  add(name, "", help, [&values](const std::string& text) { values.push_back(text); });
  parser_->app.get_option(name)->expected(1, -1)->allow_extra_args();
}

void Options::required(const std::string& name, std::string& value, const std::string& help) {
  add(name, "", help, [&value](const std::string& text) { value = text; });
  parser_->app.get_option(name)->required();
}

void Options::group(const std::string& name, const std::string& needs) {
  group_ = name;
  needs_ = needs;
}
void Options::example(const std::string& text) { examples_.push_back(text); }

void Options::check_needs() const {
  for (const Entry& e : entries_) {
    const std::string name = e.names.substr(e.names.rfind(',') + 1);
    if (!e.needs.empty() && parser_->given(name) && !parser_->given(e.needs))
      fail_usage("{}: {} needs {} (see: pith {} --help)", command_, name, e.needs, command_);
  }
}

bool Options::parse(std::vector<std::string> arguments) {
  parser_->declared.push_back(
      {"-h,--help", true, [this] { parser_->app.add_flag_callback("-h,--help", [] {}); }});
  const std::string& first_group = entries_.front().group;
  entries_.insert(std::ranges::find_if(entries_, [&](const Entry& e) { return e.group != first_group; }),
                  {first_group, "", "-h,--help", "", "show this"});
  for (std::string& a : arguments) {
    if (a == "--") break;
    if (std::ranges::count(parser_->long_after_one_dash, a.substr(0, a.find('=')))) a.insert(0, "-");
  }
  const bool wants_help =
      std::ranges::any_of(arguments.begin(), std::ranges::find(arguments, "--"),
                          [](const std::string& a) { return a == "-h" || a == "--help"; });
  if (wants_help) {
    write_out(help());
    return false;
  }
  parser_->refuse_arguments_of_flags(command_, arguments);
  for (const Parser::Declared& d : parser_->declared) {
    const std::vector<std::string> names = split(d.names);
    const auto means = [&](const std::string& argument) {
      return std::ranges::any_of(names, [&](const std::string& name) { return may_mean(argument, name); });
    };
    if (std::ranges::any_of(arguments, means)) d.add();
  }
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    parser_->app.parse(arguments);
  } catch (const CLI::ArgumentMismatch& e) {  // "--ub: 1 required  missing"
    const std::string message = e.what();
    std::string name = message.substr(0, message.find(':'));
    if (std::ranges::count(parser_->long_after_one_dash, name.substr(1))) name.erase(0, 1);
    fail_usage("{}: {}: the argument is missing (see: pith {} --help)", command_, printable(name, 40),
               command_);
  } catch (const CLI::ParseError& e) {
    fail_usage("{}: {} (see: pith {} --help)", command_, printable(e.what(), 200), command_);
  }
  std::vector<std::string> extra = parser_->app.remaining();
  std::erase(extra, "--");  // it only says that no option follows
  if (extra.empty()) {
    check_needs();
    return true;
  }
  const std::string& first = extra.front();
  if (!first.starts_with('-') || first == "-") {
    const bool takes_text = std::ranges::any_of(positionals_, is_text, &Entry::names);
    fail_usage("{}: unexpected argument '{}'{} (see: pith {} --help)", command_, printable(first, 60),
               takes_text ? "; a text of several words needs quotes" : "", command_);
  }
  std::vector<std::string> names;
  for (const Entry& e : entries_) std::ranges::copy(split(e.names), std::back_inserter(names));
  const std::string name = first.substr(0, first.find('='));
  const std::string guess = nearest(name, names);
  fail_usage("{}: unknown option {}{} (see: pith {} --help)", command_, printable(name, 40),
             guess.empty() ? "" : "; did you mean " + guess + "?", command_);
}

std::string Options::help() const {
  std::string out = "pith " + command_ + " - " + summary_ + "\n\nUsage: pith " + command_ + " [options]";
  for (const Entry& p : positionals_) {
    const bool required = parser_->app.get_option(p.names)->get_required();
    out += required ? " " + p.names : " [" + p.names + "]";
  }
  out += "\n\n";
  for (const Entry& p : positionals_) out += help_line(p.names, p.help);
  std::string group;
  for (const Entry& e : entries_) {
    if (e.group != group) out += "\n" + e.group + ":\n";
    group = e.group;
    std::string left = e.names;
    if (const std::size_t at = left.find(','); at != std::string::npos) left.insert(at + 1, " ");
    out += help_line(left + (e.placeholder.empty() ? "" : " " + e.placeholder), e.help);
  }
  for (const std::string& note : notes_) out += "\n" + wrapped(note, 0, 0);
  if (!examples_.empty()) out += examples_.size() > 1 ? "\nExamples:\n" : "\nExample:\n";
  for (const std::string& e : examples_) out += "  " + e + "\n";
  return out;
}

}  // namespace pith::cli
