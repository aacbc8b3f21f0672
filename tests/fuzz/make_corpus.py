#!/usr/bin/env python3
"""Makes inputs for the fuzz targets of the conformance vectors.

Usage: make_corpus.py VECTORS OUTPUT
VECTORS holds leanSpec's vectors and real XMSS material; OUTPUT/<target>/<vector> are the inputs. Without VECTORS it
says so and makes nothing, which counts as skipped.
"""

import hashlib
import json
import pathlib
import shutil
import sys

SSZ_TARGETS = {
    "SignedBlock": ["ssz_signed_block"], "Block": ["ssz_signed_block"],
    "SignedAttestation": ["ssz_signed_attestation"], "AttestationData": ["ssz_signed_attestation"],
    "SignedAggregatedAttestation": ["ssz_signed_aggregate"], "SingleMessageAggregate": ["ssz_signed_aggregate"],
    "State": ["ssz_state", "state_delta"], "Status": ["ssz_status"], "BlocksByRootRequest": ["ssz_blocks_by_root"],
    "BlocksByRangeRequest": ["ssz_blocks_by_range"], "PublicKey": ["xmss_public_key"],
    "Signature": ["xmss_signature"], "Checkpoint": ["storage_record"],
}
# What the vector of a codec holds that some target reads: part of the output, target.
CODEC_TARGETS = {
    "varint": [("encoded", "varint"), ("encoded", "frame_reader")],
    "enr": [("rlp", "enr"), ("rlp", "rlp")],
    "peer_id": [("protobufEncoded", "public_key"), ("protobufEncoded", "protobuf")],
    "gossipsub_rpc": [("encoded", "gossip_rpc"), ("encoded", "protobuf")],
    "reqresp_request": [("encoded", "request_codec")],
    "reqresp_response": [("encoded", "response_codec")],
    "reqresp_response_stream": [("encoded", "response_codec")],
    "snappy_block": [("compressed", "snappy_block")],
}
GOSSIP_TYPES = ["SignedBlock", "SignedAggregatedAttestation", "SignedAttestation"]
FAILURE_TARGETS = {"varint": ["varint"], "enr": ["enr", "rlp"], "gossipsub_rpc": ["gossip_rpc", "protobuf"],
                   "reqresp_request": ["request_codec"]}


def from_hex(text):
    return bytes.fromhex(text.removeprefix("0x"))


def literal_snappy_block(data):
    """Returns a snappy block of one literal, which every decoder reads."""
    size = len(data)
    varint = bytearray()
    while size >= 0x80:
        varint.append(size & 0x7F | 0x80)
        size >>= 7
    varint.append(size)
    return bytes(varint) + (b"\xf4" + (len(data) - 1).to_bytes(2, "little") + data if data else b"")


def frame_input(size, stream):
    return size.to_bytes(3, "big") + stream


def driver_input(requests):
    """Returns the requests of the test driver, or nothing when they are too much for a fuzz target."""
    data = b"\0".join((route + json.dumps(body, separators=(",", ":"))).encode() for route, body in requests)
    return data if len(data) <= 8192 else None


def of_codec(vector):
    """Yields (target, input) for one vector of a codec of the network."""
    codec, output = vector["codec"], vector.get("output") or {}
    kind = codec["kind"]
    for field, target in CODEC_TARGETS.get(kind, []):
        if field in output:
            yield target, from_hex(output[field])
    if kind == "enr":
        yield "enr", codec["enrString"].encode()
        yield "bootnodes", codec["enrString"].encode()
        yield "base64url", codec["enrString"].removeprefix("enr:").encode()
    elif kind == "peer_id":
        yield "peer_id", output["peerId"].encode()
        yield "base58", output["peerId"].encode()
    elif kind == "gossip_topic":
        name = output.get("topicString") or codec.get("topicString")
        if name:
            yield "gossip_topic", name.encode()
    elif kind == "snappy_frame" and "framed" in output:
        yield "snappy_frame", frame_input(len(from_hex(codec["data"])), from_hex(output["framed"]))
    elif kind == "decode_failure":
        raw = from_hex(codec["rawBytes"])
        for target in FAILURE_TARGETS.get(codec["decoder"], []):
            yield target, raw
        if codec["decoder"] == "snappy_frame":
            yield "snappy_frame", frame_input(64, raw)


def of_vector(path, vector):
    """Yields (target, input) for one vector."""
    if "codec" in vector:
        yield from of_codec(vector)
    elif "typeName" in vector:
        data = from_hex(vector.get("rawBytes") or vector["serialized"])
        for target in SSZ_TARGETS.get(vector["typeName"], []):
            yield target, data
        if vector["typeName"] in GOSSIP_TYPES:
            yield "gossip_payload", bytes([GOSSIP_TYPES.index(vector["typeName"])]) + literal_snappy_block(data)
    elif "anchorState" in vector:
        requests = [("0", {key: vector[key] for key in ("anchorState", "anchorBlock")}),
                    *(("1", step) for step in vector["steps"])]
        yield "test_driver", driver_input(requests)
    elif "pre" in vector and "blocks" in vector:
        yield "test_driver", driver_input([("2", {"pre": vector["pre"], "blocks": vector["blocks"]})])
    elif "api_endpoint" in path.parts:
        body = json.dumps(vector.get("requestBody") or {})
        yield "http_api", f"{vector['method']}\n{vector['endpoint']}\n{body}".encode()


def of_xmss(directory):
    """Yields (name, target, input) for the real keys and signatures."""
    for number, line in enumerate((directory / "test_scheme_keys.txt").read_text().splitlines()):
        if not line.startswith("#"):
            public_key, secret_key = line.split()
            yield f"key_{number}", "xmss_public_key", from_hex(public_key)
            yield f"key_{number}", "xmss_secret_key", from_hex(secret_key)
    for number, line in enumerate((directory / "prod_signatures.txt").read_text().splitlines()):
        if not line.startswith("#"):
            yield f"prod_{number}", "xmss_signature", from_hex(line.split()[4])


def main():
    vectors, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    shutil.rmtree(output, ignore_errors=True)
    if not vectors.is_dir():
        print(f"skipped corpus: no vectors at {vectors}")
        print("0 passed, 0 failed, 1 skipped")
        return
    inputs = []
    for path in sorted(vectors.rglob("*.json")):
        for vector in json.loads(path.read_text()).values():
            inputs += [(path.stem, target, data) for target, data in of_vector(path, vector)]
    if (vectors / "xmss").is_dir():
        inputs += of_xmss(vectors / "xmss")
    written = set()
    for name, target, data in inputs:
        if data is None or (target, data) in written:
            continue
        written.add((target, data))
        directory = output / target
        directory.mkdir(parents=True, exist_ok=True)
        (directory / f"{name}_{hashlib.sha256(data).hexdigest()[:8]}").write_bytes(data)
    print(f"corpus: {len(written)} inputs for {len({target for target, _ in written})} targets in {output}")
    print("ok corpus")
    print("1 passed, 0 failed, 0 skipped")


if __name__ == "__main__":
    main()
