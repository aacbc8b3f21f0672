// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// Payloads of requests and responses: a varint of the size, then snappy's framing format. Decoders
// take what has arrived so far and return null while something is missing.
import snappy from 'snappyjs'

const IDENTIFIER = Buffer.from('ff060000734e61507059', 'hex')
const CHUNK_SIZE_MAX = 65536
const PAYLOAD_SIZE_MAX = 10 * 1024 * 1024

const CRC32C = new Uint32Array(256).map((_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0x82f63b78 : byte >>> 1
  return byte
})

function checksum (data) {
  let crc = 0xffffffff
  for (const byte of data) crc = CRC32C[(crc ^ byte) & 0xff] ^ (crc >>> 8)
  crc = ~crc >>> 0
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

function varint (value) {
  const bytes = []
  for (; value >= 0x80; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  return Buffer.from([...bytes, value])
}

export function encodePayload (data) {
  const parts = [varint(data.length), IDENTIFIER]
  for (let start = 0; start < data.length; start += CHUNK_SIZE_MAX) {
    const plain = data.subarray(start, start + CHUNK_SIZE_MAX)
    const compressed = snappy.compress(plain)
    const header = Buffer.alloc(8)
    header.writeUInt32LE((compressed.length + 4) << 8, 0)
    header.writeUInt32LE(checksum(plain), 4)
    parts.push(header, compressed)
  }
  return Buffer.concat(parts)
}

// Returns {data, end} of the payload that starts at `at`.
export function decodePayload (bytes, at) {
  let size = 0
  for (let shift = 0; ; shift += 7) {
    if (at >= bytes.length) return null
    if (shift > 28) throw new Error('size does not fit')
    const byte = bytes[at++]
    size += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (size > PAYLOAD_SIZE_MAX) throw new Error('too large')
  const parts = []
  let got = 0
  for (let isFirst = true; got < size || isFirst; isFirst = false) {
    if (size === 0 && bytes.length === at) break // some send no frame for nothing
    if (bytes.length < at + 4) return null
    const type = bytes[at]
    const length = bytes.readUIntLE(at + 1, 3)
    const body = bytes.subarray(at + 4, at + 4 + length)
    if (body.length < length) return null
    at += 4 + length
    if (isFirst !== (type === 0xff)) throw new Error('stream identifier missing or repeated')
    if (type > 1) {
      if (type < 0x80) throw new Error('reserved chunk')
      continue
    }
    const data = type === 0 ? Buffer.from(snappy.uncompress(body.subarray(4))) : body.subarray(4)
    if (body.readUInt32LE(0) !== checksum(data)) throw new Error('wrong checksum')
    parts.push(data)
    got += data.length
  }
  if (got > size) throw new Error('more data than declared')
  return { data: Buffer.concat(parts), end: at }
}

export function encodeChunk (code, data) {
  return Buffer.concat([Buffer.from([code]), encodePayload(data)])
}

// Returns every chunk of a whole answer.
export function decodeChunks (bytes) {
  const chunks = []
  for (let at = 0; at < bytes.length;) {
    const payload = decodePayload(bytes, at + 1)
    if (payload === null) throw new Error('ended within a chunk')
    chunks.push({ code: bytes[at], payload: payload.data.toString('hex') })
    at = payload.end
  }
  return chunks
}
