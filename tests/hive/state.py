# SPDX-License-Identifier: MIT OR Apache-2.0
# SPDX-FileCopyrightText: The lepton authors
"""A State as its serialized bytes tell it, and its root, without any code of lepton's."""

import collections

from witness import bits, header_root, merkleize, mix_in, sha, u32, u64, uint_root

HISTORY_LIMIT = 2 ** 18
REGISTRY_LIMIT = 2 ** 12
PUBLIC_KEY_SIZE = 52
VALIDATOR_SIZE = 2 * PUBLIC_KEY_SIZE + 8
FIXED_SIZE = 228

Checkpoint = collections.namedtuple("Checkpoint", "root slot")
Header = collections.namedtuple("Header", "slot proposer_index parent_root state_root body_root")
Validator = collections.namedtuple("Validator", "attestation_public_key proposal_public_key index")


def pieces(data, size):
    assert len(data) % size == 0, (len(data), size)
    return [data[at:at + size] for at in range(0, len(data), size)]


def chunks(data):
    return pieces(data + bytes(-len(data) % 32), 32)


def checkpoint(data):
    return Checkpoint(data[:32], u64(data, 32))


def checkpoint_root(value):
    return sha(value.root + uint_root(value.slot))


def validator_root(value):
    keys = [merkleize(chunks(key), 2) for key in (value.attestation_public_key, value.proposal_public_key)]
    return merkleize([*keys, uint_root(value.index)], 4)


def roots_root(roots, limit):
    return mix_in(merkleize(roots, limit), len(roots))


def bitlist_root(data, limit):
    indices, length = bits(data)
    packed = sum(1 << i for i in indices).to_bytes((length + 7) // 8, "little")
    return mix_in(merkleize(chunks(packed), limit // 256), length)


class State:
    def __init__(self, data):
        self.genesis_time, self.slot = u64(data, 0), u64(data, 8)
        header = data[16:128]
        self.header = Header(u64(header, 0), u64(header, 8), *pieces(header[16:], 32))
        self.latest_justified, self.latest_finalized = checkpoint(data[128:168]), checkpoint(data[168:208])
        offsets = [u32(data, at) for at in range(208, FIXED_SIZE, 4)] + [len(data)]
        assert offsets[0] == FIXED_SIZE and offsets == sorted(offsets), offsets
        history, self.justified_slots, registry, roots, self.justifications_validators = (
            data[begin:end] for begin, end in zip(offsets, offsets[1:]))
        self.historical_block_hashes = pieces(history, 32)
        self.justifications_roots = pieces(roots, 32)
        self.validators = [Validator(each[:PUBLIC_KEY_SIZE], each[PUBLIC_KEY_SIZE:2 * PUBLIC_KEY_SIZE],
                                     u64(each, 2 * PUBLIC_KEY_SIZE)) for each in pieces(registry, VALIDATOR_SIZE)]

    def root(self):
        return merkleize(
            [uint_root(self.genesis_time), uint_root(self.slot), header_root(*self.header),
             checkpoint_root(self.latest_justified), checkpoint_root(self.latest_finalized),
             roots_root(self.historical_block_hashes, HISTORY_LIMIT), bitlist_root(self.justified_slots, HISTORY_LIMIT),
             mix_in(merkleize([validator_root(each) for each in self.validators], REGISTRY_LIMIT), len(self.validators)),
             roots_root(self.justifications_roots, HISTORY_LIMIT),
             bitlist_root(self.justifications_validators, HISTORY_LIMIT * REGISTRY_LIMIT)], 16)
