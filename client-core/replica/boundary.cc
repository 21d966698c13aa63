#include "client-core/replica/boundary.h"

namespace rollcall {

Bytes encode_boundary(const std::optional<Boundary>& boundary) {
  Bytes bytes;
  if (!boundary) return bytes;
  put_u16(bytes, boundary->collection.value);
  bytes.append(boundary->row.view());
  bytes.append(boundary->path);
  return bytes;
}

Result<std::optional<Boundary>> decode_boundary(BytesView bytes) {
  if (bytes.empty()) return std::optional<Boundary>();
  if (bytes.size() < 2 + RowId::size_bytes) {
    return failure(ErrorCode::corrupt, "a boundary is cut short; somebody changed the file");
  }
  Boundary boundary;
  boundary.collection = CollectionId(get_u16(bytes));
  boundary.row = RowId::from_bytes(bytes.substr(2, RowId::size_bytes));
  boundary.path = std::string(bytes.substr(2 + RowId::size_bytes));
  return std::optional<Boundary>(std::move(boundary));
}

bool lies_within(const Boundary& entry, const std::optional<Boundary>& after,
                 const std::optional<Boundary>& through) {
  return (!after || entry > *after) && (!through || entry <= *through);
}

}  // namespace rollcall
