#!/usr/bin/python3
"""check_schema.py PROTOC FOLDER - the rules that every .proto of faasconf.v1 must keep.

proto3 in package faasconf.v1; no recursive message (protobuf-c has no depth limit), no optional, no oneof, no map;
repeated numbers packed; enumerations start at 0; at most 63 fields a message. Exits 1 with one line per broken rule.
"""
import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2

Field = descriptor_pb2.FieldDescriptorProto
NOT_PACKABLE = {Field.TYPE_STRING, Field.TYPE_BYTES, Field.TYPE_MESSAGE, Field.TYPE_GROUP}


def load(protoc, folder):
    files = sorted(pathlib.Path(folder).glob("faasconf/v1/*.proto"))
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run([protoc, "-I" + folder, "--descriptor_set_out=" + out.name, *map(str, files)], check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())


def check_message(message, parts, complaints):
    name = message.name
    if message.oneof_decl:
        complaints.append(f"{name}: oneof and optional are not understood by protoc-c 1.4.1")
    if message.nested_type:
        complaints.append(f"{name}: nested messages and maps")
    if len(message.field) > 63:
        complaints.append(f"{name}: more than 63 fields")
    for field in message.field:
        if field.label == Field.LABEL_REPEATED and field.type not in NOT_PACKABLE and not field.options.packed:
            complaints.append(f"{name}.{field.name}: repeated numbers must be packed")
        if field.type == Field.TYPE_MESSAGE:
            parts.setdefault(name, set()).add(field.type_name.rsplit(".", 1)[1])


def reaches(parts, start, goal, seen):
    for part in parts.get(start, ()):
        if part == goal:
            return True
        if part not in seen:
            seen.add(part)
            if reaches(parts, part, goal, seen):
                return True
    return False


def main():
    protoc, folder = sys.argv[1:]
    complaints, parts, n_messages = [], {}, 0
    for file in load(protoc, folder).file:
        if file.syntax != "proto3" or file.package != "faasconf.v1":
            complaints.append(f"{file.name}: not proto3 of package faasconf.v1")
        for message in file.message_type:
            n_messages += 1
            check_message(message, parts, complaints)
        for enum in file.enum_type:
            if enum.value[0].number != 0:
                complaints.append(f"{enum.name}: does not start at 0")
    complaints += [f"{name}: recursive" for name in parts if reaches(parts, name, name, set())]
    if n_messages < 30:
        complaints.append(f"only {n_messages} messages found: is the folder right?")
    print("\n".join(complaints) or f"{n_messages} messages keep the rules")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
