#include "base/utf8.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace pith {
namespace {

TEST(Utf8, DecodesEveryLength) {
  EXPECT_EQ(decode_utf8("A").code, U'A');
  EXPECT_EQ(decode_utf8("é").code, U'é');
  EXPECT_EQ(decode_utf8("€").code, U'€');
  EXPECT_EQ(decode_utf8("😀").code, U'😀');
  EXPECT_EQ(decode_utf8("😀").length, 4u);
}

TEST(Utf8, RejectsWhatTheStandardRejects) {
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xe2\x82", "\xf0\x9f\x98"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << printable(bad);
  }
}

TEST(Utf8, ReplacesOnePerMaximalSubpart) {
  EXPECT_EQ(replace_invalid_utf8("a\xf0\x9f\x98z"), "a\xef\xbf\xbdz");
  EXPECT_EQ(replace_invalid_utf8("\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(Utf8, AppendIsTheInverseOfDecode) {
  for (char32_t code : {0x0u, 0x7fu, 0x80u, 0x7ffu, 0x800u, 0xfffdu, 0x10000u, 0x10ffffu}) {
    std::string text;
    append_utf8(text, code);
    const Utf8Char c = decode_utf8(text);
    EXPECT_TRUE(c.valid);
    EXPECT_EQ(c.code, code);
    EXPECT_EQ(c.length, text.size());
  }
}

TEST(Utf8, HoldsBackOnlyWhatCanStillBecomeACharacter) {
  const std::string smile = "😀";
  EXPECT_EQ(incomplete_utf8_suffix(""), 0u);
  EXPECT_EQ(incomplete_utf8_suffix(smile), 0u);
  for (std::size_t n = 1; n <= 3; ++n) EXPECT_EQ(incomplete_utf8_suffix("x" + smile.substr(0, n)), n);
  EXPECT_EQ(incomplete_utf8_suffix("\x80\x80"), 0u);  // stray continuation bytes never complete
  EXPECT_EQ(incomplete_utf8_suffix("\xed\xa0"), 0u);  // a surrogate's beginning never completes
}

TEST(Printable, LeavesNothingThatATerminalObeys) {
  EXPECT_EQ(printable("a\x1b[31m\nb"), "a\\x1b[31m\\x0ab");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");
  EXPECT_EQ(printable("caf\xc3\xa9"), "caf\xc3\xa9");
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("0123456789", 4), "0123...");
}

}  // namespace
}  // namespace pith
