// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//! What the Lean networks agree on about gossip.
use crate::MAX_PAYLOAD;
use libp2p::gossipsub::{
    Behaviour, Config, ConfigBuilder, Message, MessageAuthenticity, MessageId, ValidationMode,
};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// Largest gossip RPC: the largest payload as snappy may grow it, and the protobuf around it.
const MAX_RPC: usize = 12_234_442;
/// Messages from this size on (compressed) are announced by IDONTWANT.
const IDONTWANT_THRESHOLD: usize = 1000;

/// Returns the payload of a gossip message; the size it declares is checked first.
pub fn decompress(raw: &[u8]) -> Option<Vec<u8>> {
    let size = snap::raw::decompress_len(raw).ok()?;
    if size > MAX_PAYLOAD {
        return None;
    }
    snap::raw::Decoder::new().decompress_vec(raw).ok()
}

pub fn compress(data: &[u8]) -> Vec<u8> {
    let compressed = snap::raw::Encoder::new().compress_vec(data);
    compressed.expect("payloads are far below the limit of snappy")
}

fn message_id(message: &Message) -> MessageId {
    let topic = message.topic.as_str();
    let mut hash = Sha256::new();
    let data = decompress(&message.data);
    hash.update([u8::from(data.is_some()), 0, 0, 0]);
    hash.update((topic.len() as u64).to_le_bytes());
    hash.update(topic);
    hash.update(data.as_ref().unwrap_or(&message.data));
    MessageId::new(&hash.finalize()[..20])
}

/// Flood publishing stays as the library has it: on.
fn config() -> Config {
    ConfigBuilder::default()
        .mesh_n(8)
        .mesh_n_low(6)
        .mesh_n_high(12)
        .gossip_lazy(6)
        .heartbeat_initial_delay(Duration::from_millis(100))
        .heartbeat_interval(Duration::from_millis(700))
        .history_length(6)
        .history_gossip(3)
        .duplicate_cache_time(Duration::from_secs(24))
        .max_transmit_size(MAX_RPC)
        .idontwant_message_size_threshold(IDONTWANT_THRESHOLD)
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(message_id)
        .build()
        .expect("the parameters fit together")
}

pub fn behaviour() -> Behaviour {
    Behaviour::new(MessageAuthenticity::Anonymous, config()).expect("anonymity fits its validation")
}

/// Returns the data that a size and a seed stand for: bytes that do not compress.
pub fn generate(size: usize, seed: u64) -> Vec<u8> {
    let byte = |i: usize| {
        let x = (seed as u32)
            .wrapping_add(i as u32)
            .wrapping_mul(2654435761);
        ((x ^ (x >> 15)).wrapping_mul(2246822519) >> 24) as u8
    };
    (0..size).map(byte).collect()
}
