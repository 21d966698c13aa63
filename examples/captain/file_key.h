#pragma once

#include <string>

#include "rollcall/rollcall.hpp"

namespace rollcall::captain {

// The 32 bytes that a file holds as 64 hex digits; empty where no file is named. On a phone the app
// takes them from the system's key store instead.
client::Outcome<std::string> file_key(const std::string& path);

}  // namespace rollcall::captain
