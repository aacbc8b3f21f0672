// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors
//
// A js-libp2p peer behind the contract of ../README.md: JSON commands on stdin, events on stdout.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { quic } from '@chainsafe/libp2p-quic'
import { generateKeyPairFromSeed, privateKeyFromRaw } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import snappy from 'snappyjs'
import { decodeChunks, decodePayload, encodeChunk, encodePayload } from './codec.js'

const MESSAGE_SIZE_MAX = 12234442
const SHOWN_DATA_MAX = 65536
const REQUEST_TIMEOUT_MS = 10000
const STATUS = '/leanconsensus/req/status/1/ssz_snappy'
const BY_ROOT = '/leanconsensus/req/blocks_by_root/1/ssz_snappy'
const BY_RANGE = '/leanconsensus/req/blocks_by_range/1/ssz_snappy'

const { values: options } = parseArgs({
  options: { identity: { type: 'string' }, key: { type: 'string' }, listen: { type: 'string' } }
})

function emit (event, fields) {
  process.stdout.write(JSON.stringify({ event, ...fields }) + '\n')
}

function sha256 (...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

// `data` is decompressed already: what does not decompress never gets here.
function messageId ({ topic, data }) {
  const name = Buffer.from(topic)
  const size = Buffer.alloc(8)
  size.writeUInt32LE(name.length)
  return sha256(Buffer.from([1, 0, 0, 0]), size, name, data).subarray(0, 20)
}

function generated (size, seed) {
  const data = Buffer.alloc(size)
  for (let i = 0; i < size; i++) {
    let x = Math.imul(seed + i, 2654435761)
    x ^= x >>> 15
    data[i] = Math.imul(x, 2246822519) >>> 24
  }
  return data
}

async function readKey () {
  const bytes = Buffer.from(options.key, 'hex')
  switch (options.identity) {
    case 'ed25519': return await generateKeyPairFromSeed('Ed25519', bytes)
    case 'secp256k1': return privateKeyFromRaw(bytes)
    default: throw new Error(`unknown identity ${options.identity}`)
  }
}

const node = await createLibp2p({
  privateKey: await readKey(),
  addresses: { listen: [options.listen] },
  transports: [quic()],
  nodeInfo: { userAgent: 'lepton-interop/js' },
  services: {
    identify: identify(),
    ping: ping(),
    gossip: gossipsub({
      globalSignaturePolicy: 'StrictNoSign',
      msgIdFn: messageId,
      msgIdToStrFn: (id) => Buffer.from(id).toString('hex'),
      dataTransform: {
        inboundTransform: (_, data) => Buffer.from(snappy.uncompress(data, MESSAGE_SIZE_MAX)),
        outboundTransform: (_, data) => snappy.compress(data)
      },
      maxInboundDataLength: MESSAGE_SIZE_MAX,
      idontwantMinDataSize: 1000
    })
  }
})
const gossip = node.services.gossip
let status = null
const blocks = new Map()

// Peers are named by their text: the id of a connected peer, else the address that has it.
function connectionTo (peer) {
  const connection = node.getConnections().find((each) => each.remotePeer.toString() === peer)
  if (connection === undefined) throw new Error(`not connected to ${peer}`)
  return connection
}

// ---- requests

function answer (protocol, payload) {
  const badRequest = [encodeChunk(1, Buffer.from('bad request'))]
  switch (protocol) {
    case STATUS:
      if (payload.length !== 80) return badRequest
      return [status === null ? encodeChunk(3, Buffer.from('no status')) : encodeChunk(0, status)]
    case BY_ROOT: {
      if (payload.length % 32 !== 4 || payload.readUInt32LE(0) !== 4) return badRequest
      const chunks = []
      for (let at = 4; at < payload.length; at += 32) {
        const block = blocks.get(payload.toString('hex', at, at + 32))
        if (block !== undefined) chunks.push(encodeChunk(0, block))
      }
      return chunks
    }
    default:
      return payload.length === 16 ? [] : badRequest
  }
}

async function serve (protocol, stream, connection) {
  let bytes = Buffer.alloc(0)
  let request = null
  for await (const part of stream) {
    bytes = Buffer.concat([bytes, part.subarray()])
    request = decodePayload(bytes, 0)
    if (request !== null) break
  }
  if (request === null) throw new Error('no request')
  emit('request', {
    peer: connection.remotePeer.toString(), protocol, payload: request.data.toString('hex')
  })
  for (const chunk of answer(protocol, request.data)) {
    if (!stream.send(chunk)) await stream.onDrain()
  }
  await stream.close()
}

async function readAll (stream) {
  const parts = []
  for await (const part of stream) parts.push(part.subarray())
  return Buffer.concat(parts)
}

async function ask (peer, protocol, payload, id) {
  try {
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
    const stream = await connectionTo(peer).newStream(protocol, { signal })
    signal.addEventListener('abort', () => stream.abort(new Error('timeout')))
    // Who starts to read after a short answer has come whole may wait for ever.
    const answered = readAll(stream)
    stream.send(encodePayload(payload))
    const [bytes] = await Promise.all([answered, stream.close()])
    emit('response', { id, ok: true, chunks: decodeChunks(bytes) })
  } catch (error) {
    emit('response', { id, ok: false, what: String(error), chunks: [] })
  }
}

for (const protocol of [STATUS, BY_ROOT, BY_RANGE]) {
  await node.handle(protocol, async (stream, connection) => {
    try {
      await serve(protocol, stream, connection)
    } catch (error) {
      console.error(`request ${protocol}: ${error}`)
      stream.abort(error)
    }
  })
}

// ---- events

node.addEventListener('peer:connect', ({ detail: peer }) => {
  const { direction } = connectionTo(peer.toString())
  emit('connected', { peer: peer.toString(), direction })
})
node.addEventListener('connection:open', ({ detail: connection }) => {
  const peer = connection.remotePeer.toString()
  if (connection.direction === 'outbound' && status !== null) {
    ask(peer, STATUS, status, `status:${peer}`)
  }
})
node.addEventListener('peer:disconnect', ({ detail: peer }) => {
  emit('disconnected', { peer: peer.toString() })
})
node.addEventListener('peer:identify', ({ detail: { peerId, agentVersion, protocols } }) => {
  emit('identified', { peer: peerId.toString(), agent: agentVersion, protocols })
})
gossip.addEventListener('gossipsub:message', ({ detail: { propagationSource, msgId, msg } }) => {
  const data = Buffer.from(msg.data)
  const shown = data.length <= SHOWN_DATA_MAX ? { data: data.toString('hex') } : {}
  emit('message', {
    topic: msg.topic,
    from: propagationSource.toString(),
    id: msgId,
    size: data.length,
    sha256: sha256(data).toString('hex'),
    ...shown
  })
})
for (const kind of ['graft', 'prune']) {
  gossip.addEventListener(`gossipsub:${kind}`, ({ detail }) => {
    if (detail.direction === 'inbound') emit('control', { peer: detail.peerId, kind })
  })
}

// ---- commands

async function publish ({ topic, data, size, seed }) {
  const bytes = size === undefined ? Buffer.from(data, 'hex') : generated(size, seed)
  try {
    const { recipients } = await gossip.publish(topic, bytes)
    emit('published', { topic, ok: recipients.length > 0, what: '' })
  } catch (error) {
    emit('published', { topic, ok: false, what: String(error) })
  }
}

async function dial (addr) {
  try {
    await node.dial(multiaddr(addr))
  } catch (error) {
    emit('dial_failed', { addr, what: String(error) })
  }
}

const commands = {
  dial: ({ addr }) => dial(addr),
  disconnect: async ({ peer }) => await node.hangUp(connectionTo(peer).remotePeer),
  subscribe: ({ topic }) => gossip.subscribe(topic),
  unsubscribe: ({ topic }) => gossip.unsubscribe(topic),
  publish,
  request: ({ peer, protocol, payload, id }) => ask(peer, protocol, Buffer.from(payload, 'hex'), id),
  set_status: ({ payload }) => { status = Buffer.from(payload, 'hex') },
  serve_block: ({ root, block }) => { blocks.set(root, Buffer.from(block, 'hex')) },
  ping: async ({ peer }) => {
    const started = process.hrtime.bigint()
    await node.services.ping.ping(connectionTo(peer).remotePeer)
    emit('pong', { peer, rtt_us: Number((process.hrtime.bigint() - started) / 1000n) })
  },
  quit: async () => {
    await node.stop()
    process.exit(0)
  }
}

async function run (line) {
  try {
    const command = JSON.parse(line)
    if (!Object.hasOwn(commands, command.cmd)) throw new Error(`unknown command ${command.cmd}`)
    await commands[command.cmd](command)
  } catch (error) {
    emit('error', { what: String(error) })
  }
}

const input = createInterface({ input: process.stdin })
input.on('line', run)
input.on('close', commands.quit)
const address = node.getMultiaddrs()[0].toString()
emit('ready', {
  peer: node.peerId.toString(),
  addr: address.includes('/p2p/') ? address : `${address}/p2p/${node.peerId}`
})
