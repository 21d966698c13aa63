#pragma once

#include <cstddef>
#include <cstdint>

namespace rollcall {

// What a schema may be at most. All of it is read into memory and sent to every device at
// enrolment, so these are generous for people and small for machines.

// One JSON file of a schema, in bytes; the organizing schema's longest has about 3,000.
inline constexpr std::size_t schema_file_bytes_max = 256u << 10;
// Files of one schema: one a collection, schema.json and roles.json.
inline constexpr std::size_t schema_files_max = 258;
// Arrays and objects inside each other; a collection needs 4.
inline constexpr std::size_t schema_depth_max = 8;
// Keys of one object; a field knows about 12, a role has one for each collection.
inline constexpr std::size_t schema_object_keys_max = 256;
// The compiled schema, in bytes.
inline constexpr std::size_t compiled_schema_bytes_max = 1u << 20;

inline constexpr std::size_t schema_collections_max = 256;
// Greatest collection id.
inline constexpr std::uint16_t collection_id_max = 1023;
inline constexpr std::size_t collection_fields_max = 256;
// Templates of one collection: each is evaluated for every written row.
inline constexpr std::size_t collection_paths_max = 16;
inline constexpr std::size_t field_choices_max = 256;
// Roles are bits of 64, one of which stands for "sees everything".
inline constexpr std::size_t schema_roles_max = 63;
// The longest lease of a role, in hours: ten years. Whoever wants a longer one wants none.
inline constexpr std::uint32_t role_lease_hours_max = 24 * 3653;
// Names of schemas, collections, fields and choices, in bytes: they become SQL names.
inline constexpr std::size_t schema_name_bytes_max = 63;
// A path field for which the schema names no limit, in bytes: leaves room for what templates add
// below `path_bytes_max`; Open Civic Data ids reach 145.
inline constexpr std::uint32_t path_field_bytes_default = 256;

}  // namespace rollcall
