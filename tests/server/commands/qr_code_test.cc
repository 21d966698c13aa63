#include "server/commands/qr_code.h"

#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/engine/base/temp_folder.h"
#include "tests/server/commands/server_program.h"

namespace rollcall {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// What an independent reader sees in a picture; "" where it sees no code.
std::string read_by_zbar(const std::string& picture) {
  const std::string command = "zbarimg --nodbus --quiet --raw '" + picture + "' 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  EXPECT_NE(pipe, nullptr);
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe))
    text.push_back(static_cast<char>(c));
  ::pclose(pipe);
  if (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

// A terminal's screen as a picture: each half block 8 x 8 pixels, ink where it is drawn.
std::string pictured(const std::vector<std::string>& lines) {
  std::vector<std::string> rows;
  for (const std::string& line : lines) {
    std::string upper;
    std::string lower;
    for (std::size_t at = 0; at < line.size();) {
      const std::string_view rest = std::string_view(line).substr(at);
      const bool is_full = rest.substr(0, 3) == "█";
      const bool is_upper = rest.substr(0, 3) == "▀";
      const bool is_lower = rest.substr(0, 3) == "▄";
      upper.append(8, is_full || is_upper ? '\0' : '\xff');
      lower.append(8, is_full || is_lower ? '\0' : '\xff');
      at += is_full || is_upper || is_lower ? 3 : 1;
    }
    rows.insert(rows.end(), 8, upper);
    rows.insert(rows.end(), 8, lower);
  }
  std::string picture =
      "P5 " + std::to_string(rows[0].size()) + " " + std::to_string(rows.size()) + " 255\n";
  for (const std::string& row : rows) picture += row;
  return picture;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

TEST_F(CommandsTest, APictureOfAnInvitationIsReadAsItsVeryLinkAndIsItsOwnersAlone) {
  write("invitation.png", "an older picture that anyone may read");
  ASSERT_EQ(::chmod(file("invitation.png").c_str(), 0644), 0);
  const json invitation = json::parse(
      said("invite", {"nc", "--label", "Ann", "--json", "--qr-png", file("invitation.png")}));
  EXPECT_EQ(read_by_zbar(file("invitation.png")), invitation["link"].get<std::string>());
  struct stat status {};
  ASSERT_EQ(::stat(file("invitation.png").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(CommandsTest, ADrawnInvitationIsReadAsItsVeryLink) {
  const std::vector<std::string> lines =
      lines_of(said("invite", {"nc", "--label", "Ann", "--scope", "unit/nc/wake", "--qr"}));
  ASSERT_GT(lines.size(), 20u);
  write("screen.pgm", pictured({lines.begin() + 3, lines.end()}));
  EXPECT_EQ(read_by_zbar(file("screen.pgm")), lines[0].substr(std::string("link     ").size()));
}

TEST_F(CommandsTest, AnInvitationThatNoTerminalShowsIsDrawnOnlyWhenAsked) {
  EXPECT_EQ(lines_of(said("invite", {"nc", "--label", "Ann"})).size(), 3u);
  const Ran both = run("invite", {"nc", "--label", "Ann", "--qr", "--json"});
  EXPECT_EQ(both.exit, 2) << "a drawing is no JSON";
}

TEST_F(CommandsTest, APictureThatCannotBeWrittenIsToldWithItsName) {
  const Ran ran = run("invite", {"nc", "--label", "Ann", "--qr-png", file("none/x.png")});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, HasSubstr("none/x.png"));
  EXPECT_EQ(ran.out, "");
}

TEST(QrCode, OnATerminalIsBlackOnWhiteWhateverItsColours) {
  const QrCode code = QrCode::of("https://rollcall.example/enroll#x").value();
  for (const std::string& line : lines_of(code.drawn(true))) {
    EXPECT_THAT(line, ::testing::StartsWith("\x1b[30;107m"));
    EXPECT_THAT(line, ::testing::EndsWith("\x1b[0m"));
  }
}

TEST(QrCode, RefusesWhatNoCodeHolds) {
  EXPECT_TRUE(QrCode::of(std::string(2'331, 'x')));
  EXPECT_FALSE(QrCode::of(std::string(2'332, 'x')));
}

}  // namespace
}  // namespace rollcall
