// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//! The wire form of the Lean requests: a varint of the size, then snappy frames.
use crate::MAX_PAYLOAD;
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response::{Behaviour, Codec, Config, ProtocolSupport};
use std::collections::HashMap;
use std::io::{self, Read, Write};

pub const STATUS: &str = "/leanconsensus/req/status/1/ssz_snappy";
pub const BLOCKS_BY_ROOT: &str = "/leanconsensus/req/blocks_by_root/1/ssz_snappy";
pub const BLOCKS_BY_RANGE: &str = "/leanconsensus/req/blocks_by_range/1/ssz_snappy";

const STATUS_SIZE: usize = 80;
const RANGE_REQUEST_SIZE: usize = 16;
const ROOT_SIZE: usize = 32;
/// Chunks of one answer, as many as blocks may be asked for.
const MAX_CHUNKS: usize = 1024;
/// Largest snappy frame: a checksum, and 64 KiB as snappy may grow them.
const MAX_FRAME: usize = 4 + 76_490;

#[derive(Debug)]
pub struct Chunk {
    pub code: u8,
    pub payload: Vec<u8>,
}

/// One behaviour for each protocol: a request names exactly one.
pub fn behaviour(protocol: &'static str) -> Behaviour<LeanCodec> {
    let protocols = [(StreamProtocol::new(protocol), ProtocolSupport::Full)];
    Behaviour::new(protocols, Config::default())
}

#[derive(Clone, Default)]
pub struct LeanCodec;

impl Codec for LeanCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<Chunk>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read_payload(io).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<Chunk>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut chunks = Vec::new();
        let mut code = [0];
        while io.read(&mut code).await? == 1 {
            if chunks.len() == MAX_CHUNKS {
                return Err(io::Error::other("too many chunks"));
            }
            chunks.push(Chunk {
                code: code[0],
                payload: read_payload(io).await?,
            });
        }
        Ok(chunks)
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        request: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&encode_payload(Vec::new(), &request)?).await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        chunks: Vec<Chunk>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        for chunk in chunks {
            io.write_all(&encode_payload(vec![chunk.code], &chunk.payload)?)
                .await?;
        }
        Ok(())
    }
}

/// Appends the size and the snappy frames of a payload; an empty one has no frames.
fn encode_payload(mut out: Vec<u8>, payload: &[u8]) -> io::Result<Vec<u8>> {
    let mut size = payload.len();
    while size >= 0x80 {
        out.push(size as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
    let mut frames = snap::write::FrameEncoder::new(out);
    frames.write_all(payload)?;
    frames
        .into_inner()
        .map_err(|e| io::Error::other(e.to_string()))
}

async fn read_size<T: AsyncRead + Unpin>(io: &mut T) -> io::Result<usize> {
    let mut size = 0;
    for shift in (0..35).step_by(7) {
        let mut byte = [0];
        io.read_exact(&mut byte).await?;
        size |= usize::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return if size <= MAX_PAYLOAD {
                Ok(size)
            } else {
                Err(invalid("payload too large"))
            };
        }
    }
    Err(invalid("size of more than 5 bytes"))
}

/// Reads exactly one payload. The frames are taken from the stream one by one, until what they
/// announce is the size; whether they hold it, and their checksums, is up to the decoder.
async fn read_payload<T: AsyncRead + Unpin>(io: &mut T) -> io::Result<Vec<u8>> {
    let size = read_size(io).await?;
    let mut frames = Vec::new();
    let mut announced = 0;
    while announced < size {
        let start = frames.len();
        let mut header = [0; 4];
        io.read_exact(&mut header).await?;
        let length = u32::from_le_bytes([header[1], header[2], header[3], 0]) as usize;
        if length > MAX_FRAME || frames.len() > 2 * MAX_PAYLOAD {
            return Err(invalid("frame too large"));
        }
        frames.extend_from_slice(&header);
        frames.resize(start + 4 + length, 0);
        io.read_exact(&mut frames[start + 4..]).await?;
        announced += match (header[0], frames.get(start + 8..)) {
            (0, Some(data)) => snap::raw::decompress_len(data)?,
            (1, Some(data)) => data.len(),
            _ => 0,
        };
    }
    let mut payload = Vec::new();
    snap::read::FrameDecoder::new(frames.as_slice()).read_to_end(&mut payload)?;
    if payload.len() != size {
        return Err(invalid(
            "the frames hold another size than the one declared",
        ));
    }
    Ok(payload)
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// What this peer answers with.
#[derive(Default)]
pub struct Answers {
    pub status: Option<Vec<u8>>,
    pub blocks: HashMap<[u8; ROOT_SIZE], Vec<u8>>,
}

impl Answers {
    pub fn to(&self, protocol: &str, payload: &[u8]) -> Vec<Chunk> {
        let answer = match protocol {
            STATUS => self.status(payload),
            BLOCKS_BY_ROOT => self.blocks_by_root(payload),
            _ => (payload.len() == RANGE_REQUEST_SIZE).then(Vec::new),
        };
        answer.unwrap_or_else(|| {
            vec![Chunk {
                code: 1,
                payload: b"bad request".into(),
            }]
        })
    }

    fn status(&self, payload: &[u8]) -> Option<Vec<Chunk>> {
        if payload.len() != STATUS_SIZE {
            return None;
        }
        Some(vec![match &self.status {
            Some(status) => Chunk {
                code: 0,
                payload: status.clone(),
            },
            None => Chunk {
                code: 3,
                payload: b"no status".into(),
            },
        }])
    }

    /// The blocks there are, in the order of the request.
    fn blocks_by_root(&self, payload: &[u8]) -> Option<Vec<Chunk>> {
        let (roots, rest) = payload
            .strip_prefix(&[4, 0, 0, 0])?
            .as_chunks::<ROOT_SIZE>();
        let blocks = roots.iter().filter_map(|root| self.blocks.get(root));
        let chunks = blocks
            .map(|block| Chunk {
                code: 0,
                payload: block.clone(),
            })
            .collect();
        rest.is_empty().then_some(chunks)
    }
}
