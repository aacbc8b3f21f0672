// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//! The swarm with what the commands have told it: carries out commands, tells events.
use crate::requests::{self, Answers, Chunk, LeanCodec};
use crate::{MAX_PAYLOAD, Result, emit, gossip};
use futures::StreamExt;
use libp2p::core::ConnectedPoint;
use libp2p::gossipsub::{IdentTopic, MessageAcceptance};
use libp2p::identity::Keypair;
use libp2p::multiaddr::Protocol;
use libp2p::request_response::{self, OutboundRequestId};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{ConnectionId, DialError, NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, SwarmBuilder, gossipsub, identify, ping};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// Largest payload of gossip that is told in full.
const MAX_TOLD_DATA: usize = 1 << 16;
const AGENT: &str = "lepton-interop/rust";
/// The library pings by itself; a ping that was asked for is the next one.
const PING_INTERVAL: Duration = Duration::from_secs(1);
/// Connections without streams are kept: only commands end them.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3600);
/// Time to tell the peers of the end.
const QUIT_PATIENCE: Duration = Duration::from_millis(500);

#[derive(NetworkBehaviour)]
struct Behaviour {
    gossipsub: gossipsub::Behaviour,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    status: request_response::Behaviour<LeanCodec>,
    blocks_by_root: request_response::Behaviour<LeanCodec>,
    blocks_by_range: request_response::Behaviour<LeanCodec>,
}

pub struct Peer {
    swarm: Swarm<Behaviour>,
    answers: Answers,
    /// Ids of the commands whose requests are under way.
    requests: HashMap<OutboundRequestId2, Value>,
    dials: HashMap<ConnectionId, String>,
    pings: HashSet<PeerId>,
}

/// Request ids are counted for each protocol.
type OutboundRequestId2 = (&'static str, OutboundRequestId);

fn text<'a>(command: &'a Value, field: &str) -> Result<&'a str> {
    command[field]
        .as_str()
        .ok_or_else(|| format!("no {field}").into())
}

fn bytes(command: &Value, field: &str) -> Result<Vec<u8>> {
    Ok(hex::decode(text(command, field)?)?)
}

fn topic(command: &Value) -> Result<IdentTopic> {
    Ok(IdentTopic::new(text(command, "topic")?))
}

impl Peer {
    pub fn new(key: Keypair, listen: &str) -> Result<Peer> {
        let mut swarm = build_swarm(key)?;
        swarm.listen_on(listen.parse()?)?;
        Ok(Peer {
            swarm,
            answers: Answers::default(),
            requests: HashMap::new(),
            dials: HashMap::new(),
            pings: HashSet::new(),
        })
    }

    /// Lets the swarm work until something happens, and tells it. May be cancelled.
    pub async fn step(&mut self) {
        let event = self.swarm.select_next_some().await;
        self.on_event(event);
    }

    /// Carries out a command.
    pub fn run(&mut self, command: &Value) -> Result<()> {
        let swarm = &mut self.swarm;
        match text(command, "cmd")? {
            "dial" => self.dial(text(command, "addr")?),
            "disconnect" => {
                let peer = text(command, "peer")?.parse()?;
                swarm
                    .disconnect_peer_id(peer)
                    .map_err(|()| "not connected")?;
            }
            "subscribe" => {
                swarm
                    .behaviour_mut()
                    .gossipsub
                    .subscribe(&topic(command)?)?;
            }
            "unsubscribe" => {
                swarm
                    .behaviour_mut()
                    .gossipsub
                    .unsubscribe(&topic(command)?);
            }
            "publish" => self.publish(command)?,
            "request" => {
                let peer = text(command, "peer")?.parse()?;
                let payload = bytes(command, "payload")?;
                self.request(
                    peer,
                    text(command, "protocol")?,
                    payload,
                    command["id"].clone(),
                );
            }
            "set_status" => self.answers.status = Some(bytes(command, "payload")?),
            "serve_block" => {
                let root = bytes(command, "root")?
                    .try_into()
                    .map_err(|_| "root of another size")?;
                self.answers.blocks.insert(root, bytes(command, "block")?);
            }
            "ping" => self.ping(text(command, "peer")?.parse()?)?,
            _ => return Err("unknown command".into()),
        }
        Ok(())
    }

    fn dial(&mut self, addr: &str) {
        if let Err(error) = self.start_dial(addr) {
            emit(json!({"event": "dial_failed", "addr": addr, "what": error.to_string()}));
        }
    }

    fn start_dial(&mut self, addr: &str) -> Result<()> {
        let address: Multiaddr = addr.parse()?;
        let Some(Protocol::P2p(peer)) = address.iter().last() else {
            return Err("no /p2p in the address".into());
        };
        let options = DialOpts::peer_id(peer).addresses(vec![address]).build();
        let connection = options.connection_id();
        match self.swarm.dial(options) {
            Ok(()) => self.dials.insert(connection, addr.into()),
            Err(DialError::DialPeerConditionFalse(_)) => None, // there already, or on the way
            Err(error) => return Err(error.into()),
        };
        Ok(())
    }

    fn publish(&mut self, command: &Value) -> Result<()> {
        let data = match command["size"].as_u64() {
            None => bytes(command, "data")?,
            Some(size) if size > MAX_PAYLOAD as u64 => return Err("size above any payload".into()),
            Some(size) => gossip::generate(size as usize, command["seed"].as_u64().unwrap_or(0)),
        };
        let topic = topic(command)?;
        let raw = gossip::compress(&data);
        let published = self
            .swarm
            .behaviour_mut()
            .gossipsub
            .publish(topic.hash(), raw);
        let what = published
            .err()
            .map_or(String::new(), |error| error.to_string());
        let ok = what.is_empty();
        emit(json!({"event": "published", "topic": topic.to_string(), "ok": ok, "what": what}));
        Ok(())
    }

    fn request(&mut self, peer: PeerId, protocol: &str, payload: Vec<u8>, id: Value) {
        let behaviour = self.swarm.behaviour_mut();
        let (name, requests) = match protocol {
            requests::STATUS => (requests::STATUS, &mut behaviour.status),
            requests::BLOCKS_BY_ROOT => (requests::BLOCKS_BY_ROOT, &mut behaviour.blocks_by_root),
            requests::BLOCKS_BY_RANGE => {
                (requests::BLOCKS_BY_RANGE, &mut behaviour.blocks_by_range)
            }
            _ => return tell_response(&id, Err("unknown protocol".into())),
        };
        let request = requests.send_request(&peer, payload);
        self.requests.insert((name, request), id);
    }

    fn ping(&mut self, peer: PeerId) -> Result<()> {
        if !self.swarm.is_connected(&peer) {
            return Err("not connected".into());
        }
        self.pings.insert(peer);
        Ok(())
    }

    fn on_event(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::NewListenAddr { address, .. } => {
                let peer = self.swarm.local_peer_id();
                let addr = format!("{address}/p2p/{peer}");
                emit(json!({"event": "ready", "peer": peer.to_string(), "addr": addr}));
            }
            SwarmEvent::ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                num_established,
                ..
            } => {
                self.dials.remove(&connection_id);
                self.on_connected(peer_id, &endpoint, num_established.get() == 1);
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established: 0,
                cause,
                ..
            } => {
                eprintln!("connection to {peer_id} closed: {cause:?}");
                emit(json!({"event": "disconnected", "peer": peer_id.to_string()}));
                if self.pings.remove(&peer_id) {
                    tell_ping_failed(peer_id, "disconnected");
                }
            }
            SwarmEvent::OutgoingConnectionError {
                connection_id,
                error,
                ..
            } => {
                if let Some(addr) = self.dials.remove(&connection_id) {
                    emit(json!({"event": "dial_failed", "addr": addr, "what": error.to_string()}));
                }
            }
            SwarmEvent::IncomingConnectionError { error, .. } => {
                eprintln!("incoming connection failed: {error}");
            }
            SwarmEvent::Behaviour(event) => self.on_behaviour(event),
            _ => {}
        }
    }

    /// The first connection to a peer is told; Status goes out on each that was dialled.
    fn on_connected(&mut self, peer: PeerId, endpoint: &ConnectedPoint, is_first: bool) {
        let direction = if endpoint.is_dialer() {
            "outbound"
        } else {
            "inbound"
        };
        if is_first {
            let peer = peer.to_string();
            emit(json!({"event": "connected", "peer": peer, "direction": direction}));
        }
        if let (true, Some(status)) = (endpoint.is_dialer(), &self.answers.status) {
            let id = format!("status:{peer}").into();
            self.request(peer, requests::STATUS, status.clone(), id);
        }
    }

    fn on_behaviour(&mut self, event: BehaviourEvent) {
        match event {
            BehaviourEvent::Gossipsub(event) => self.on_gossipsub(event),
            BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
                let protocols: Vec<&str> = info.protocols.iter().map(AsRef::as_ref).collect();
                emit(json!({
                    "event": "identified", "peer": peer_id.to_string(),
                    "agent": info.agent_version, "protocols": protocols,
                }));
            }
            BehaviourEvent::Identify(identify::Event::Error { peer_id, error, .. }) => {
                eprintln!("identify of {peer_id}: {error}");
            }
            BehaviourEvent::Identify(_) => {}
            BehaviourEvent::Ping(event) => self.on_ping(event),
            BehaviourEvent::Status(event) => self.on_request(requests::STATUS, event),
            BehaviourEvent::BlocksByRoot(event) => self.on_request(requests::BLOCKS_BY_ROOT, event),
            BehaviourEvent::BlocksByRange(event) => {
                self.on_request(requests::BLOCKS_BY_RANGE, event);
            }
        }
    }

    /// Relays whatever decompresses.
    fn on_gossipsub(&mut self, event: gossipsub::Event) {
        let gossipsub::Event::Message {
            propagation_source,
            message_id,
            message,
        } = event
        else {
            return;
        };
        let data = gossip::decompress(&message.data);
        let acceptance = match data {
            Some(_) => MessageAcceptance::Accept,
            None => MessageAcceptance::Reject,
        };
        let gossipsub = &mut self.swarm.behaviour_mut().gossipsub;
        gossipsub.report_message_validation_result(&message_id, &propagation_source, acceptance);
        let Some(data) = data else {
            eprintln!(
                "rejected a message of {propagation_source} on {}",
                message.topic
            );
            return;
        };
        let mut event = json!({
            "event": "message", "topic": message.topic.as_str(),
            "from": propagation_source.to_string(), "id": hex::encode(&message_id.0),
            "size": data.len(), "sha256": hex::encode(Sha256::digest(&data)),
        });
        if data.len() <= MAX_TOLD_DATA {
            event["data"] = hex::encode(&data).into();
        }
        emit(event);
    }

    fn on_ping(&mut self, event: ping::Event) {
        let was_asked = self.pings.remove(&event.peer);
        match event.result {
            Ok(rtt) if was_asked => {
                let (peer, rtt_us) = (event.peer.to_string(), rtt.as_micros() as u64);
                emit(json!({"event": "pong", "peer": peer, "rtt_us": rtt_us}));
            }
            Ok(_) => {}
            Err(error) if was_asked => tell_ping_failed(event.peer, &error.to_string()),
            Err(error) => eprintln!("ping of {}: {error}", event.peer),
        }
    }

    fn on_request(
        &mut self,
        protocol: &'static str,
        event: request_response::Event<Vec<u8>, Vec<Chunk>>,
    ) {
        use request_response::{Event, Message};
        match event {
            Event::Message {
                peer,
                message:
                    Message::Request {
                        request, channel, ..
                    },
                ..
            } => {
                emit(json!({
                    "event": "request", "peer": peer.to_string(), "protocol": protocol,
                    "payload": hex::encode(&request),
                }));
                let chunks = self.answers.to(protocol, &request);
                let behaviour = self.swarm.behaviour_mut();
                let requests = match protocol {
                    requests::STATUS => &mut behaviour.status,
                    requests::BLOCKS_BY_ROOT => &mut behaviour.blocks_by_root,
                    _ => &mut behaviour.blocks_by_range,
                };
                if requests.send_response(channel, chunks).is_err() {
                    eprintln!("request {protocol} of {peer} ended before its answer");
                }
            }
            Event::Message {
                message:
                    Message::Response {
                        request_id,
                        response,
                    },
                ..
            } => {
                self.tell_response(protocol, request_id, Ok(response));
            }
            Event::OutboundFailure {
                request_id, error, ..
            } => {
                self.tell_response(protocol, request_id, Err(error.to_string()));
            }
            Event::InboundFailure { peer, error, .. } => {
                eprintln!("request {protocol} of {peer}: {error}");
            }
            Event::ResponseSent { .. } => {}
        }
    }

    fn tell_response(
        &mut self,
        protocol: &'static str,
        request: OutboundRequestId,
        result: std::result::Result<Vec<Chunk>, String>,
    ) {
        if let Some(id) = self.requests.remove(&(protocol, request)) {
            tell_response(&id, result);
        }
    }

    /// Closes all connections and waits until the peers have been told, for a while.
    pub async fn quit(&mut self) {
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let closed = async {
            while self.swarm.connected_peers().next().is_some() {
                self.swarm.select_next_some().await;
            }
        };
        let _ = tokio::time::timeout(QUIT_PATIENCE, closed).await;
    }
}

fn tell_response(id: &Value, result: std::result::Result<Vec<Chunk>, String>) {
    let (ok, what, chunks) = match result {
        Ok(chunks) => (true, String::new(), chunks),
        Err(what) => (false, what, Vec::new()),
    };
    let tell = |chunk: &Chunk| json!({"code": chunk.code, "payload": hex::encode(&chunk.payload)});
    let chunks: Vec<Value> = chunks.iter().map(tell).collect();
    emit(json!({"event": "response", "id": id, "ok": ok, "what": what, "chunks": chunks}));
}

fn tell_ping_failed(peer: PeerId, what: &str) {
    emit(json!({"event": "error", "what": format!("ping {peer}: {what}")}));
}

fn build_swarm(key: Keypair) -> Result<Swarm<Behaviour>> {
    let swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_quic()
        .with_behaviour(|key| Behaviour {
            gossipsub: gossip::behaviour(),
            identify: identify::Behaviour::new(
                identify::Config::new("/ipfs/0.1.0".into(), key.public())
                    .with_agent_version(AGENT.into()),
            ),
            ping: ping::Behaviour::new(ping::Config::new().with_interval(PING_INTERVAL)),
            status: requests::behaviour(requests::STATUS),
            blocks_by_root: requests::behaviour(requests::BLOCKS_BY_ROOT),
            blocks_by_range: requests::behaviour(requests::BLOCKS_BY_RANGE),
        })?
        .with_swarm_config(|config| config.with_idle_connection_timeout(IDLE_TIMEOUT))
        .build();
    Ok(swarm)
}
