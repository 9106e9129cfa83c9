#!/usr/bin/python3
"""Ask a faasconf server what a workflow should run with, using nothing of faasconf but docs/protocol.md.

    faasconf_query.py --server tcp://127.0.0.1:7603 --workflow parallel --json

Needs Debian's python3-zmq and python3-protobuf, and the message classes protoc makes of proto/faasconf/v1/*.proto:

    protoc --python_out=DIR -I proto proto/faasconf/v1/*.proto      then  --classes DIR

A build of faasconf makes them in BUILD/client/python; a build folder of this checkout is found by itself.
Exits 0 with the decision on stdout, 1 with "CODE: message" on stderr, 2 when called wrongly.
"""
import argparse
import importlib
import json
import pathlib
import struct
import sys
import time

try:
    import zmq
except ImportError:
    sys.exit("faasconf_query.py: needs Debian's python3-zmq and python3-protobuf, and the python3 they belong to "
             "(/usr/bin/python3)")

# The frame: magic, version, type, payload length, crc32c, flags (docs/protocol.md, "Frames").
HEADER = struct.Struct("<4sHHIII")
MAGIC, VERSION = b"FCW1", 1
RPC_REQUEST, RPC_RESPONSE, REFUSAL = 14, 15, 16
MAX_REPLY_BYTES = 1 << 20


class QueryError(Exception):
    """An answer that is not a decision: a gRPC code and the server's sentence."""


def crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


CRC_TABLE = crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def frame_crc(header, payload):
    """Over the header without its crc field (bytes 12 to 15), then the payload."""
    return crc32c(header[:12] + header[16:] + payload)


def frame_encode(message_type, payload):
    header = HEADER.pack(MAGIC, VERSION, message_type, len(payload), 0, 0)
    return HEADER.pack(MAGIC, VERSION, message_type, len(payload), frame_crc(header, payload), 0) + payload


def frame_decode(frame):
    if len(frame) < HEADER.size:
        raise QueryError("INTERNAL: the answer is shorter than a frame's header")
    header, payload = frame[: HEADER.size], frame[HEADER.size :]
    magic, version, message_type, length, crc, _flags = HEADER.unpack(header)
    if magic != MAGIC or version != VERSION or length != len(payload) or crc != frame_crc(header, payload):
        raise QueryError("INTERNAL: the answer is not an intact frame of protocol version 1")
    return message_type, payload


def load_classes(folder):
    """The modules protoc made: from --classes, PYTHONPATH, or a build folder of this checkout."""
    builds = pathlib.Path(__file__).resolve().parents[2].glob("build/*/client/python")
    for place in [folder] if folder else ["", *map(str, sorted(builds))]:
        if place:
            sys.path.insert(0, place)
        try:
            return importlib.import_module("faasconf.v1.rpc_pb2"), importlib.import_module("faasconf.v1.session_pb2")
        except ModuleNotFoundError:
            if place:
                sys.path.remove(place)
    sys.exit("faasconf_query.py: no message classes found; make them with\n"
             "  protoc --python_out=DIR -I proto proto/faasconf/v1/*.proto\nand pass --classes DIR")


def call(server, method, payload, timeout_ms, rpc, session):
    """One request, one answer; frames of other requests are skipped."""
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_REPLY_BYTES)
    try:
        socket.connect(server)
        request = rpc.RpcRequest(request_id=1, method=method, deadline_ms=timeout_ms, payload=payload)
        socket.send(frame_encode(RPC_REQUEST, request.SerializeToString()))
        deadline = time.monotonic() + timeout_ms / 1000
        while socket.poll(max(0, round((deadline - time.monotonic()) * 1000))):
            message_type, body = frame_decode(socket.recv_multipart()[-1])
            if message_type == REFUSAL:
                refusal = session.Refusal.FromString(body)
                raise QueryError(f"{code_name(session, refusal.code)}: {refusal.message}")
            if message_type != RPC_RESPONSE:
                continue
            response = rpc.RpcResponse.FromString(body)
            unread = response.request_id == 0 and response.code != session.RPC_CODE_OK
            if response.request_id != request.request_id and not unread:
                continue
            if response.code != session.RPC_CODE_OK:
                raise QueryError(f"{code_name(session, response.code)}: {response.message}")
            return response.payload
        raise QueryError(f"DEADLINE_EXCEEDED: no answer from {server} within {timeout_ms} ms")
    finally:
        context.destroy(linger=0)


def code_name(session, code):
    return session.RpcCode.Name(code)[len("RPC_CODE_") :]


def decision_as_json(workflow, decision):
    """The keys of `faasconf query --json`."""
    knobs = ("cpu_millicores", "mem_mib", "replicas", "concurrency")
    names = list(decision.functions)
    bounds = {"lb": decision.lb_usd_h, "ub": decision.ub_usd_h, "in_flight": decision.bounds_in_flight}
    return {
        "workflow": workflow,
        "configuration": {
            name: dict(zip(knobs, decision.configuration[4 * i : 4 * i + 4])) for i, name in enumerate(names)
        },
        "cost": decision.cost_usd_h,
        "bounds": bounds if decision.present & 1 else None,
        "policy_version": decision.policy_version,
        "observed_window_us": decision.observed_window_us,
        "attention": [
            {"from": names[row], "to": names[column], "weight": weight}
            for row, column, weight in zip(decision.edge_row, decision.edge_column, decision.attention)
        ],
    }


def print_table(result):
    print(f"{result['workflow']}: policy version {result['policy_version']}, {result['cost']:.6f} USD per hour")
    for name, knobs in result["configuration"].items():
        print(f"{name:28}" + "".join(f" {key}={value}" for key, value in knobs.items()))


def main():
    parser = argparse.ArgumentParser(description="Ask a faasconf server what a workflow should run with.")
    parser.add_argument("--server", default="tcp://127.0.0.1:7603", help="the server's rpc address (%(default)s)")
    parser.add_argument("--workflow", required=True, help="a workflow the server knows")
    parser.add_argument("--timeout", type=int, default=5000, metavar="MS", help="deadline (%(default)s)")
    parser.add_argument("--classes", metavar="DIR", help="folder with protoc's Python classes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    rpc, session = load_classes(arguments.classes)
    try:
        request = rpc.DecideRequest(workflow=arguments.workflow).SerializeToString()
        payload = call(arguments.server, "policy.decide", request, arguments.timeout, rpc, session)
        result = decision_as_json(arguments.workflow, rpc.DecideResponse.FromString(payload))
    except (QueryError, zmq.ZMQError) as error:
        print(f"faasconf_query.py: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print_table(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
