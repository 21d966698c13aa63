#include "engine/protocol/invitation_link.h"

namespace rollcall {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::string_view link_folder = "/enroll#";
// No base64 has this in it, so that a link that was cut short behind a TLS pin is not taken for one
// without.
constexpr char tls_mark = '~';

}  // namespace

std::string InvitationLink::text() const {
  const std::string tls = tls_pin.empty() ? "" : tls_mark + to_base64(tls_pin) + ".";
  return url + std::string(link_folder) + space + "." + to_base64(secret) + "." + tls +
         to_base64(pin.view());
}

Result<InvitationLink> InvitationLink::parse(std::string_view text) {
  const auto refuse = [](std::string_view what) {
    return failure(ErrorCode::malformed, "the invitation link " + std::string(what) +
                                             "; copy it whole, or ask for a new one");
  };
  const std::size_t folder = text.find(link_folder);
  if (folder == std::string_view::npos) return refuse("has no /enroll# in it");
  InvitationLink link;
  link.url = text.substr(0, folder);
  if (link.url.rfind("http://", 0) != 0 && link.url.rfind("https://", 0) != 0) {
    return refuse("does not begin with http:// or https://");
  }
  std::string_view rest = text.substr(folder + link_folder.size());
  const std::size_t first = rest.find('.');
  const std::size_t second = first == std::string_view::npos ? first : rest.find('.', first + 1);
  if (second == std::string_view::npos || first == 0) return refuse("is cut short");
  link.space = rest.substr(0, first);
  auto secret = from_base64(rest.substr(first + 1, second - first - 1));
  if (!secret || secret->size() != secret_bytes) return refuse("has a damaged secret");
  link.secret = std::move(*secret);
  rest.remove_prefix(second + 1);
  if (const std::size_t third = rest.find('.'); third != std::string_view::npos) {
    if (rest.front() != tls_mark) return refuse("has a damaged TLS pin");
    auto tls_pin = from_base64(rest.substr(1, third - 1));
    if (!tls_pin || tls_pin->size() != tls_pin_bytes) return refuse("has a damaged TLS pin");
    link.tls_pin = std::move(*tls_pin);
    rest.remove_prefix(third + 1);
  }
  auto pin = from_base64(rest);
  if (!pin || pin->size() != PublicKey::size_bytes) return refuse("has a damaged server key");
  link.pin = PublicKey::from_bytes(*pin);
  return link;
}

Result<std::string> normal_code(std::string_view typed) {
  std::string code;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
    if (alphabet.find(c) == std::string_view::npos) {
      return failure(ErrorCode::malformed, "the code has a character that codes do not have");
    }
    code.push_back(c);
  }
  if (code.size() != invitation_code_length) {
    return failure(ErrorCode::malformed, "a code has 8 characters, such as 7KQM-2XWD");
  }
  return code;
}

std::string make_code(Random& random) {
  std::string code;
  for (std::size_t i = 0; i < invitation_code_length; ++i) {
    code.push_back(alphabet[random.below(alphabet.size())]);
  }
  return code;
}

std::string shown_code(std::string_view code) {
  return std::string(code.substr(0, 4)) + "-" + std::string(code.substr(4));
}

}  // namespace rollcall
