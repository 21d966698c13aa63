#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall {

// One message over the control socket, in bytes: a push of an import, with room.
inline constexpr std::size_t control_message_bytes_max = 16u << 20;
// Commands that may be talking to `serve` at a time.
inline constexpr std::size_t control_connections_max = 32;
// A command is given up that does not finish a message which it began, does not read its reply, or
// says nothing at all, in ms. An import may read a large file before it goes on.
inline constexpr std::int64_t control_receive_ms_max = 5'000;
inline constexpr std::int64_t control_send_ms_max = 5'000;
inline constexpr std::int64_t control_idle_ms_max = 600'000;
// A command waits so long for a lock that another command holds, in ms, looking so often.
inline constexpr std::int64_t lock_wait_ms_max = 10'000;
inline constexpr std::int64_t lock_look_ms = 20;
// A file of a server's folder other than a space, in bytes.
inline constexpr std::size_t folder_file_bytes_max = 2u << 20;

// A file to import, in bytes: it is read as a whole. Ten million people fit.
inline constexpr std::size_t import_file_bytes_max = std::size_t{2} << 30;
// Refused lines of an import that are shown; the file named with --errors gets all that are kept.
inline constexpr std::size_t shown_errors_max = 10;
// Light modules around a QR code: what the standard asks for (ISO/IEC 18004, 5.3.8).
inline constexpr std::size_t qr_quiet_modules = 4;
// Pixels of a module in a PNG: the largest code is 1,480 pixels wide, an invitation's about 500.
inline constexpr std::size_t qr_module_pixels = 8;
// A progress bar is drawn anew so often at the most, in ms.
inline constexpr std::int64_t progress_ms = 100;

// What was deleted or left is kept for so many days after it came to the server, unless told
// otherwise, and never for fewer: a device that syncs within them reads on from where it was.
inline constexpr std::int64_t retention_days = 180;
inline constexpr std::int64_t retention_days_min = 1;
inline constexpr std::int64_t retention_days_max = 36'500;

// Transactions that one commit of an erasure rewrites.
inline constexpr std::size_t redacted_at_once = 500;

// Parked transactions that are listed at a time, each with what it writes.
inline constexpr std::size_t parked_page = 100;

}  // namespace rollcall
