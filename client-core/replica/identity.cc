#include "client-core/replica/identity.h"

#include "engine/storage/connection.h"

namespace rollcall {

std::vector<std::string> Identity::create_statements() {
  return {
      "CREATE TABLE _identity(one INTEGER PRIMARY KEY CHECK(one = 1), secret BLOB, url TEXT, "
      "space TEXT, title TEXT, label TEXT, device INTEGER, server_key BLOB, enrolment BLOB, "
      "tls_pin BLOB)"};
}

Result<void> Identity::upgrade(Connection& connection) {
  return connection.execute("ALTER TABLE _identity ADD COLUMN tls_pin BLOB");
}

Identity Identity::of(const EnrollReply& enrolled, const SecretSeed& secret, const std::string& url,
                      const Bytes& tls_pin) {
  return Identity{secret,
                  url,
                  enrolled.space,
                  enrolled.space_title,
                  enrolled.label,
                  enrolled.device,
                  enrolled.server_key,
                  enrolled.enrolment,
                  tls_pin};
}

Result<void> Identity::save(Connection& connection) const {
  ROLLCALL_TRY_ASSIGN(Statement save,
                      connection.cached("INSERT OR REPLACE INTO _identity VALUES(1, ?, ?, ?, ?, ?, "
                                        "?, ?, ?, ?)"));
  save.bind_bytes(1, secret.view());
  save.bind_text(2, url);
  save.bind_text(3, space);
  save.bind_text(4, space_title);
  save.bind_text(5, label);
  save.bind_integer(6, device.value);
  save.bind_bytes(7, server_key.view());
  save.bind_bytes(8, enrolment);
  save.bind_bytes(9, tls_pin);
  return save.run();
}

Result<Identity> Identity::load(Connection& connection) {
  ROLLCALL_TRY_ASSIGN(Statement load,
                      connection.cached("SELECT secret, url, space, title, label, device, "
                                        "server_key, enrolment, tls_pin FROM _identity"));
  ROLLCALL_TRY_ASSIGN(const bool found, load.step());
  if (!found || load.bytes(0).size() != SecretSeed::size_bytes ||
      load.bytes(6).size() != PublicKey::size_bytes) {
    return failure(ErrorCode::corrupt,
                   connection.path() + ": the replica does not say whose it is");
  }
  Identity identity;
  identity.secret = SecretSeed::from_bytes(load.bytes(0));
  identity.url = std::string(load.text(1));
  identity.space = std::string(load.text(2));
  identity.space_title = std::string(load.text(3));
  identity.label = std::string(load.text(4));
  identity.device = DeviceNumber(static_cast<std::uint32_t>(load.integer(5)));
  identity.server_key = PublicKey::from_bytes(load.bytes(6));
  identity.enrolment = Bytes(load.bytes(7));
  identity.tls_pin = Bytes(load.bytes(8));
  load.reset();
  return identity;
}

}  // namespace rollcall
