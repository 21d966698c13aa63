#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/bytes.h"

namespace rollcall {

// How a body travels (HTTP's Content-Encoding). Hashes and signatures are over the plain bytes.
enum class Encoding : std::uint8_t { identity = 0, gzip = 1, zstd = 2 };

std::string_view encoding_name(Encoding encoding);  // as in HTTP
// The encoding of a Content-Encoding header; `unsupported_media` for one that is not spoken.
Result<Encoding> encoding_of_name(std::string_view name);
// The best of those that an Accept-Encoding header allows, zstd, then gzip, for a body of so many
// bytes; a body below `compress_bytes_min` travels as it is.
Encoding choose_encoding(std::string_view accept_encoding, std::size_t plain_bytes);

// The whole of `plain`, compressed, quickly rather than best.
Bytes compress(Encoding encoding, BytesView plain);

// The whole of `packed`, plain. Never makes more than `plain_bytes_max` bytes, whatever the input
// claims: `too_large` beyond. `malformed`, `truncated` or `trailing_bytes` when it is not exactly
// one stream of this encoding.
Result<Bytes> decompress(Encoding encoding, BytesView packed, std::size_t plain_bytes_max);

}  // namespace rollcall
