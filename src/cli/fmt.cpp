// The part of fmt that its headers leave to its library, compiled here: Debian has that library only as a
// shared one, which brings the shared C++ library into every start of the program. CMake adds this file where
// fmt is of the version that it completes.
#include <fmt/format-inl.h>

FMT_BEGIN_NAMESPACE
namespace detail {
template auto thousands_sep_impl(locale_ref locale) -> thousands_sep_result<char>;
template auto decimal_point_impl(locale_ref locale) -> char;
}  // namespace detail
FMT_END_NAMESPACE
