"""What a device must hold, worked out from the server's SQLite file alone.

This reads the typed tables and the schema's JSON, evaluates the path templates itself, asks the
grants table who has which role where, and roles.json which fields a role reads. It shares no code
with Rollcall.
"""

import json
import pathlib
import re
import sqlite3
import uuid


def load_schema(folder):
    collections = {}
    for path in sorted(pathlib.Path(folder).glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if "collection" in document:
            collections[document["collection"]] = document
    return collections


def load_roles(folder):
    """What each role reads: {role: {collection: set of names, or "all"}}."""
    document = json.loads((pathlib.Path(folder) / "roles.json").read_text(encoding="utf-8"))
    return {
        role["name"]: {
            name: rights["read"] if rights["read"] == "all" else set(rights["read"])
            for name, rights in role["collections"].items()
            if "read" in rights
        }
        for role in document["roles"]
    }


def open_read_only(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)


def covers(prefix, path):
    return path == prefix or path.startswith(prefix + "/")


def field_texts(fields, row, name):
    """The texts that a template's {name} stands for in this row: one, several for a set, or none."""
    if name == "id":
        return [str(uuid.UUID(bytes=row["id"]))]
    value = row[name]
    if value is None:
        return []
    if fields[name].get("rule") == "set":
        return [str(element) for element in json.loads(value)]
    if fields[name]["type"] == "id":
        return [str(uuid.UUID(bytes=value))]
    return [str(value)]


def row_paths(collection, row):
    fields = {field["name"]: field for field in collection["fields"]}
    paths = []
    for template in collection["paths"]:
        text, _, condition = template.partition(" when ")
        if condition:
            name, _, wanted = condition.partition("=")
            if row[name] != wanted:
                continue
        found = [""]
        for literal, name in re.findall(r"([^{]*)(?:\{(\w+)\})?", text):
            if not literal and not name:
                continue
            texts = field_texts(fields, row, name) if name else [""]
            found = [before + literal + after for before in found for after in texts]
        paths.extend(found)
    return paths


def rows_of(database, collection):
    """All live rows by id: {name: value}, with set elements in one order."""
    names = ["id"] + [field["name"] for field in collection["fields"]]
    sets = {field["name"] for field in collection["fields"] if field.get("rule") == "set"}
    columns = ", ".join(f'"{name}"' for name in names)
    rows = {}
    for values in database.execute(f'SELECT {columns} FROM "{collection["collection"]}"'):
        row = dict(zip(names, values))
        for name in sets:
            row[name] = json.dumps(sorted(json.loads(row[name]), key=str) if row[name] else [])
        rows[row["id"]] = row
    return rows


def grants_of(server, device):
    query = "SELECT path, role FROM _grants WHERE device = ? AND ended = 0"
    return list(server.execute(query, (int(device, 16),)))


def view_of(collection, row, grants, roles):
    """The row as these grants show it: what they do not show is empty; None when all is hidden."""
    name = collection["collection"]
    paths = row_paths(collection, row)
    seen, shown = {"id"}, False
    for prefix, role in grants:
        read = roles.get(role, {}).get(name)
        if read is None or not any(covers(prefix, path) for path in paths):
            continue
        shown = True
        seen |= set(row) if read == "all" else read
    if not shown:
        return None
    sets = {field["name"] for field in collection["fields"] if field.get("rule") == "set"}
    return {field: value if field in seen else ("[]" if field in sets else None)
            for field, value in row.items()}


def differences(server_path, replica_path, device, schema, roles):
    """Rows of this device that are missing, surplus or different in its replica; and rows held."""
    wrong, held = [], 0
    server, replica = open_read_only(server_path), open_read_only(replica_path)
    grants = grants_of(server, device)
    for name, collection in schema.items():
        views = {key: view_of(collection, row, grants, roles)
                 for key, row in rows_of(server, collection).items()}
        visible = {key: view for key, view in views.items() if view is not None}
        present = rows_of(replica, collection)
        held += len(present)
        for key in visible.keys() | present.keys():
            if visible.get(key) != present.get(key):
                wrong.append((name, str(uuid.UUID(bytes=key)), visible.get(key), present.get(key)))
    server.close()
    replica.close()
    return wrong, held
