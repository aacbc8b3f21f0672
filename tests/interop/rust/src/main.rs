// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//! A peer on rust-libp2p for the interop scenarios; ../README.md has its contract. One thread reads
//! stdin, another runs everything else: commands and events of the swarm, one after the other.
mod gossip;
mod peer;
mod requests;

use libp2p::identity::{self, Keypair};
use peer::Peer;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::error::Error;
use std::io::{BufRead, Write};
use tokio::sync::mpsc;

/// Largest payload of gossip, requests and answers, uncompressed.
pub const MAX_PAYLOAD: usize = 10 << 20;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Writes one event as a line.
pub fn emit(event: Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{event}")
        .and_then(|()| out.flush())
        .expect("stdout takes events");
}

fn parse_key(identity: &str, key: &str) -> Result<Keypair> {
    let mut key = hex::decode(key)?;
    Ok(match identity {
        "secp256k1" => {
            let secret = identity::secp256k1::SecretKey::try_from_bytes(&mut key)?;
            identity::secp256k1::Keypair::from(secret).into()
        }
        "ed25519" => {
            let secret = identity::ed25519::SecretKey::try_from_bytes(&mut key)?;
            identity::ed25519::Keypair::from(secret).into()
        }
        _ => return Err("unknown identity".into()),
    })
}

/// Reads `--name value` pairs.
fn parse_arguments() -> Result<HashMap<String, String>> {
    let mut arguments = std::env::args().skip(1);
    let mut options = HashMap::new();
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("no value for {name}"))?;
        options.insert(name, value);
    }
    Ok(options)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let options = parse_arguments()?;
    let option = |name: &str| options.get(name).ok_or_else(|| format!("no {name}"));
    let key = parse_key(option("--identity")?, option("--key")?)?;
    let mut peer = Peer::new(key, option("--listen")?)?;
    let (sender, mut lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin()
            .lock()
            .lines()
            .map_while(std::io::Result::ok)
        {
            if sender.blocking_send(line).is_err() {
                break;
            }
        }
    });
    loop {
        let line = tokio::select! {
            () = peer.step() => continue,
            line = lines.recv() => line,
        };
        let Some(line) = line else { break };
        match serde_json::from_str::<Value>(&line) {
            Ok(command) if command["cmd"] == "quit" => break,
            Ok(command) => {
                if let Err(error) = peer.run(&command) {
                    let name = command["cmd"].as_str().unwrap_or("?");
                    emit(json!({"event": "error", "what": format!("{name}: {error}")}));
                }
            }
            Err(error) => emit(json!({"event": "error", "what": error.to_string()})),
        }
    }
    peer.quit().await;
    // The thread at stdin may wait for a line that never comes.
    std::process::exit(0)
}
