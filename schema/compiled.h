#pragma once

#include "engine/base/cryptography.h"
#include "engine/base/result.h"
#include "engine/model/schema.h"

namespace rollcall {

// The compiled schema as bytes: how servers keep it, /v1/schema answers it and clients hold it.
// Deterministic CBOR, one form for each schema (schema/SCHEMA.md draws it); its hash is
// BLAKE2b-256 of these bytes.
Bytes encode_schema(const Schema& schema);

// Reads what encode_schema made, and nothing else: `malformed` and its kin for bytes that are not
// it, `newer_format` for parts that this program does not know, `schema` for a schema that the
// compiler would not have made. Sets the hash.
Result<Schema> decode_schema(BytesView bytes, const Cryptography& cryptography);

}  // namespace rollcall
