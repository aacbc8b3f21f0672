"""Node records (EIP-778) made without lepton's code: RLP, Keccak-256 and secp256k1 in plain Python, for tests only."""

import base64
import hashlib
import hmac

PRIME = 2**256 - 2**32 - 977
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
GENERATOR = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
             0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def add(p, q):
    """Returns the sum of two points of the curve; None is the point at infinity."""
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % PRIME == 0:
            return None
        slope = 3 * p[0] * p[0] * pow(2 * p[1], -1, PRIME)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, PRIME)
    x = (slope * slope - p[0] - q[0]) % PRIME
    return x, (slope * (p[0] - x) - p[1]) % PRIME


def multiply(point, factor):
    result = None
    while factor:
        if factor & 1:
            result = add(result, point)
        point = add(point, point)
        factor >>= 1
    return result


def compressed(secret):
    x, y = multiply(GENERATOR, int.from_bytes(secret, "big"))
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")


def sign(secret, digest):
    """Returns the 64 bytes r ‖ s of the deterministic ECDSA signature (RFC 6979) with the lower s."""
    key, value = bytes(32), b"\x01" * 32
    message = (int.from_bytes(digest, "big") % ORDER).to_bytes(32, "big")
    for mark in (b"\x00", b"\x01"):
        key = hmac.digest(key, value + mark + secret + message, hashlib.sha256)
        value = hmac.digest(key, value, hashlib.sha256)
    while True:
        value = hmac.digest(key, value, hashlib.sha256)
        nonce = int.from_bytes(value, "big")
        if 0 < nonce < ORDER:
            r = multiply(GENERATOR, nonce)[0] % ORDER
            s = pow(nonce, -1, ORDER) * (int.from_bytes(digest, "big") + r * int.from_bytes(secret, "big")) % ORDER
            if r and s:
                return r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")
        key = hmac.digest(key, value + b"\x00", hashlib.sha256)
        value = hmac.digest(key, value, hashlib.sha256)


def keccak_f(lanes):
    def turn(lane, by):
        return (lane << by | lane >> (64 - by)) & (2**64 - 1) if by else lane

    register = 1
    for _ in range(24):
        columns = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
        for x in range(5):
            mix = columns[x - 1] ^ turn(columns[(x + 1) % 5], 1)
            for y in range(5):
                lanes[x][y] ^= mix
        x, y, held = 1, 0, lanes[1][0]
        for step in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            held, lanes[x][y] = lanes[x][y], turn(held, (step + 1) * (step + 2) // 2 % 64)
        for y in range(5):
            row = [lanes[x][y] for x in range(5)]
            for x in range(5):
                lanes[x][y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for j in range(7):
            register = register << 1 ^ (register >> 7) * 0x171
            if register & 2:
                lanes[0][0] ^= 1 << (1 << j) - 1


def keccak256(data):
    rate = 136
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % rate))
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for begin in range(0, len(padded), rate):
        for i in range(rate // 8):
            lanes[i % 5][i // 5] ^= int.from_bytes(padded[begin + 8 * i:begin + 8 * i + 8], "little")
        keccak_f(lanes)
    return b"".join(lanes[i][0].to_bytes(8, "little") for i in range(4))


def rlp(item):
    if isinstance(item, list):
        body, short = b"".join(map(rlp, item)), 0xC0
    else:
        body, short = item, 0x80
        if len(body) == 1 and body[0] < 0x80:
            return body
    if len(body) < 56:
        return bytes([short + len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([short + 55 + len(size)]) + size + body


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def record(secret, ip, quic, seq=1):
    """Returns "enr:…" with the fields that lean-quickstart's genesis tool writes."""
    content = [number(seq), b"id", b"v4", b"ip", bytes(map(int, ip.split("."))), b"quic", number(quic),
               b"secp256k1", compressed(secret)]
    signature = sign(secret, keccak256(rlp(content)))
    return "enr:" + base64.urlsafe_b64encode(rlp([signature, *content])).rstrip(b"=").decode()
