"""What the collector heard, judged without any code of lepton's: reads the SSZ containers of gossip messages, computes
their roots, and keeps for each key and slot what the key has signed. Two different messages are a violation. What a
node's log tells of messages that it could send to nobody is taken as evidence too.
"""

import collections
import hashlib

REGISTRY_LIMIT = 4096
ATTESTATION_DATA_SIZE = 128
ZERO = bytes(32)


def sha(data):
    return hashlib.sha256(data).digest()


def u64(data, at):
    return int.from_bytes(data[at:at + 8], "little")


def u32(data, at):
    return int.from_bytes(data[at:at + 4], "little")


# ---- SSZ: https://github.com/ethereum/consensus-specs/blob/dev/ssz/simple-serialize.md

def merkleize(chunks, leaves):
    """Returns the root of `chunks` in a tree with room for `leaves` (a power of two)."""
    layer, zero = list(chunks), ZERO
    while leaves > 1:
        if len(layer) % 2:
            layer.append(zero)
        layer = [sha(layer[i] + layer[i + 1]) for i in range(0, len(layer), 2)]
        zero = sha(zero + zero)
        leaves //= 2
    return layer[0] if layer else zero


def mix_in(root, length):
    return sha(root + length.to_bytes(32, "little"))


def uint_root(value):
    return value.to_bytes(32, "little")


def list_items(data):
    """Returns the serialized items of a list of variable-size items."""
    if not data:
        return []
    first = u32(data, 0)
    assert first % 4 == 0 and 0 < first <= len(data), "first offset of a list"
    offsets = [u32(data, at) for at in range(0, first, 4)] + [len(data)]
    assert offsets == sorted(offsets), "offsets of a list"
    return [data[a:b] for a, b in zip(offsets, offsets[1:])]


def bits(data):
    """Returns the indices that a serialized bitlist has set, and its length."""
    assert data and data[-1], "a bitlist ends in a set bit"
    value = int.from_bytes(data, "little")
    length = value.bit_length() - 1
    return [i for i in range(length) if value >> i & 1], length


def bitlist_root(data):
    indices, length = bits(data)
    packed = sum(1 << i for i in indices).to_bytes((length + 255) // 256 * 32, "little")
    chunks = [packed[i:i + 32] for i in range(0, len(packed), 32)]
    return mix_in(merkleize(chunks, REGISTRY_LIMIT // 256), length)


# ---- the containers

def attestation_data_root(data):
    """AttestationData: slot, then head, target and source, each a root and a slot."""
    assert len(data) == ATTESTATION_DATA_SIZE
    checkpoints = [sha(data[at:at + 32] + uint_root(u64(data, at + 32))) for at in (8, 48, 88)]
    return merkleize([uint_root(u64(data, 0)), *checkpoints], 4)


def aggregated_attestation(data):
    """Returns (bits, AttestationData) as bytes of an AggregatedAttestation."""
    assert u32(data, 0) == 4 + ATTESTATION_DATA_SIZE
    return data[4 + ATTESTATION_DATA_SIZE:], data[4:4 + ATTESTATION_DATA_SIZE]


class Block:
    """A block with its root, from a serialized SignedBlock."""

    def __init__(self, signed):
        assert u32(signed, 0) == 8
        block = signed[8:u32(signed, 4)]
        self.slot, self.proposer_index = u64(block, 0), u64(block, 8)
        self.parent_root, self.state_root = block[16:48], block[48:80]
        assert u32(block, 80) == 84
        body = block[84:]
        assert u32(body, 0) == 4
        self.attestations = [aggregated_attestation(item) for item in list_items(body[4:])]
        roots = [sha(bitlist_root(voters) + attestation_data_root(data)) for voters, data in self.attestations]
        # A container of one field has the root of the field.
        self.body_root = mix_in(merkleize(roots, REGISTRY_LIMIT), len(roots))
        self.root = header_root(self.slot, self.proposer_index, self.parent_root, self.state_root, self.body_root)


def header_root(slot, proposer_index, parent_root, state_root, body_root):
    return merkleize([uint_root(slot), uint_root(proposer_index), parent_root, state_root, body_root], 8)


class State:
    """The fields of a serialized State that say which chain it belongs to."""

    def __init__(self, data):
        self.slot = u64(data, 8)
        header = data[16:128]
        self.header_slot, self.header_proposer_index = u64(header, 0), u64(header, 8)
        self.header_parent_root, self.header_body_root = header[16:48], header[80:112]
        # latest_justified and latest_finalized, then the offsets of five lists; historical_block_hashes is the first.
        begin, end = u32(data, 208), u32(data, 212)
        assert begin == 228 and begin <= end <= len(data) and (end - begin) % 32 == 0
        self.historical_block_hashes = [data[at:at + 32] for at in range(begin, end, 32)]


# ---- what keys signed

Use = collections.namedtuple("Use", "validator kind slot")


class KeyUses:
    """For each (validator, kind of key, slot) the roots of all messages that were heard signed by it."""

    def __init__(self):
        self.messages = collections.defaultdict(set)
        self.logged = collections.defaultdict(set)
        self.votes = collections.Counter()
        self.blocks = collections.Counter()
        self.violations = []    # a Use each, in the order of discovery

    def add(self, topic, data):
        """Takes one gossip message: its topic and its uncompressed bytes."""
        kind = topic.split("/")[3]
        if kind == "block":
            block = Block(data)
            self.blocks[block.proposer_index] += 1
            self.note(Use(block.proposer_index, "proposal", block.slot), block.root)
            # Votes in a block are signed too: its proof says so.
            for voters, vote in block.attestations:
                self.note_votes(bits(voters)[0], vote)
        elif kind == "aggregation":
            assert u32(data, 128) == 132 and u32(data, 132) == 8, "offsets of a SignedAggregatedAttestation"
            self.note_votes(bits(data[140:132 + u32(data, 136)])[0], data[:128])
        else:
            assert kind.startswith("attestation_"), topic
            self.votes[u64(data, 0)] += 1
            self.note_votes([u64(data, 0)], data[8:136])

    def note_votes(self, validators, data):
        root = attestation_data_root(data)
        for validator in validators:
            self.note(Use(validator, "attestation", u64(data, 0)), root)

    def note(self, use, root):
        known = self.messages[use]
        if root in known:
            return
        known.add(root)
        self.judge(use)

    def note_log(self, use, prefix):
        """Takes the first four bytes (in hexadecimal) of a root that the signer's own log tells of: it may have signed
        what it could send to nobody. Returns whether the collector heard the message too."""
        if prefix not in self.logged[use]:
            self.logged[use].add(prefix)
            self.judge(use)
        return any(root.hex().startswith(prefix) for root in self.messages.get(use, ()))

    def judge(self, use):
        if len(self.signed(use)) > 1 and use not in self.violations:
            self.violations.append(use)

    def signed(self, use):
        """Returns the beginnings of the roots of all that is known to be signed."""
        return sorted(self.logged.get(use, set()) | {root.hex()[:8] for root in self.messages.get(use, ())})

    def describe(self, use):
        roots = self.signed(use)
        return (f"validator {use.validator} signed {len(roots)} messages with its {use.kind} key for slot {use.slot}: "
                f"{' '.join(roots)}")
