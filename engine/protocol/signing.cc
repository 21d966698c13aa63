#include "engine/protocol/signing.h"

#include <charconv>

namespace rollcall {
namespace {

constexpr std::string_view scheme = "Rollcall ";
constexpr std::size_t header_bytes_max = 512;

Error bad_header(std::string_view what) {
  return failure(
      ErrorCode::malformed,
      "the Authorization header " + std::string(what) +
          "; expected: Rollcall p=<space>,d=<device>,t=<ms>,n=<nonce>,h=<head>,s=<signature>");
}

// Takes "<name>=<value>" up to the next comma off the front.
std::optional<std::string_view> take_part(std::string_view& rest, char name) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return std::nullopt;
  rest.remove_prefix(2);
  const std::size_t end = rest.find(',');
  const std::string_view value = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return value;
}

template <class Integer>
bool read_integer(std::string_view text, int base, Integer& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return code == std::errc{} && end == text.data() + text.size();
}

std::string device_text(DeviceNumber device) {
  Bytes bytes;
  put_u32(bytes, device.value);
  return to_hex(bytes);
}

bool read_block(std::optional<std::string_view> text, std::size_t size, Bytes& out) {
  if (!text) return false;
  auto bytes = from_base64(*text);
  if (!bytes || bytes->size() != size) return false;
  out = std::move(*bytes);
  return true;
}

}  // namespace

std::string Authorization::header() const {
  std::string text(scheme);
  text += "p=" + space + ",d=" + device_text(device) + ",t=" + std::to_string(time_ms);
  text += ",n=" + to_base64(nonce) + ",h=" + to_base64(head.view());
  text += ",s=" + to_base64(signature.view());
  return text;
}

Result<Authorization> Authorization::parse(std::string_view header) {
  if (header.size() > header_bytes_max) return bad_header("is longer than 512 bytes");
  if (header.substr(0, scheme.size()) != scheme)
    return bad_header("is missing or of another scheme");
  std::string_view rest = header.substr(scheme.size());

  Authorization who;
  const auto space_name = take_part(rest, 'p');
  if (!space_name || space_name->empty()) return bad_header("names no space (p=)");
  who.space = *space_name;
  const auto device_part = take_part(rest, 'd');
  if (!device_part || device_part->size() != 8 ||
      !read_integer(*device_part, 16, who.device.value)) {
    return bad_header("names no device (d=)");
  }
  const auto time_part = take_part(rest, 't');
  // Negative ones are none, and differences from them need not fit.
  if (!time_part || !read_integer(*time_part, 10, who.time_ms) || who.time_ms < 0) {
    return bad_header("has no time (t=)");
  }
  if (!read_block(take_part(rest, 'n'), nonce_bytes, who.nonce)) {
    return bad_header("has no nonce of 12 bytes (n=)");
  }
  Bytes block;
  if (!read_block(take_part(rest, 'h'), Hash::size_bytes, block)) {
    return bad_header("has no chain head of 32 bytes (h=)");
  }
  who.head = Hash::from_bytes(block);
  if (!read_block(take_part(rest, 's'), Signature::size_bytes, block)) {
    return bad_header("has no signature of 64 bytes (s=)");
  }
  who.signature = Signature::from_bytes(block);
  if (!rest.empty()) return bad_header("goes on after the signature");
  return who;
}

std::string signed_text(std::string_view method, std::string_view target, const Hash& body,
                        const Authorization& who) {
  std::string text = "rollcall-1\n";
  text.append(method).append("\n").append(target).append("\n");
  text += to_hex(body.view()) + "\n";
  text += who.space + "\n" + device_text(who.device) + "\n";
  text += to_hex(who.head.view()) + "\n";
  text += std::to_string(who.time_ms) + "\n" + to_base64(who.nonce) + "\n";
  return text;
}

std::string enroll_signed_text(const Hash& request, const Hash& reply) {
  return "rollcall-enroll-1\n" + to_hex(request.view()) + "\n" + to_hex(reply.view()) + "\n";
}

}  // namespace rollcall
