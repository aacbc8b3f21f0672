// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors

package main

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/crypto"
	libp2pevent "github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	quic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	ma "github.com/multiformats/go-multiaddr"
)

const agent = "lepton-interop/go"

// Bound of a dial, a request or a ping.
const patience = 10 * time.Second

// peerProgram is the libp2p host with what the commands have told it.
type peerProgram struct {
	host   host.Host
	pubsub *pubsub.PubSub
	sent   *sentMessages

	// Only the command loop uses these.
	topics        map[string]*pubsub.Topic
	subscriptions map[string]*pubsub.Subscription

	mutex       sync.Mutex // guards what follows
	connections map[peer.ID]int
	status      []byte
	blocks      map[[rootSize]byte][]byte
}

func parseKey(identity, text string) (crypto.PrivKey, error) {
	key, err := hex.DecodeString(text)
	if err != nil {
		return nil, err
	}
	if len(key) != 32 {
		return nil, fmt.Errorf("a key has 32 bytes, not %d", len(key))
	}
	switch identity {
	case "secp256k1":
		return crypto.UnmarshalSecp256k1PrivateKey(key)
	case "ed25519":
		return crypto.UnmarshalEd25519PrivateKey(ed25519.NewKeyFromSeed(key))
	}
	return nil, fmt.Errorf("unknown identity %q", identity)
}

func newPeerProgram(identity, keyText, listen string) (*peerProgram, error) {
	key, err := parseKey(identity, keyText)
	if err != nil {
		return nil, err
	}
	h, err := libp2p.New(
		libp2p.Identity(key),
		libp2p.NoTransports,
		libp2p.Transport(quic.NewTransport),
		libp2p.NoListenAddrs,
		libp2p.UserAgent(agent),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.ResourceManager(&network.NullResourceManager{}),
	)
	if err != nil {
		return nil, err
	}
	p := &peerProgram{
		host:          h,
		topics:        map[string]*pubsub.Topic{},
		subscriptions: map[string]*pubsub.Subscription{},
		connections:   map[peer.ID]int{},
		blocks:        map[[rootSize]byte][]byte{},
		sent:          &sentMessages{waiting: map[string]chan struct{}{}},
	}
	if p.pubsub, err = newPubSub(h, p.sent); err != nil {
		return nil, err
	}
	p.offerRequests()
	identified, err := h.EventBus().Subscribe(new(libp2pevent.EvtPeerIdentificationCompleted))
	if err != nil {
		return nil, err
	}
	go tellIdentified(identified)
	h.Network().Notify(&network.NotifyBundle{
		ConnectedF:    func(_ network.Network, c network.Conn) { p.onConnected(c) },
		DisconnectedF: func(_ network.Network, c network.Conn) { p.onDisconnected(c) },
	})
	// Everything is offered before the first connection can come.
	address, err := ma.NewMultiaddr(listen)
	if err != nil {
		return nil, err
	}
	if err := h.Network().Listen(address); err != nil {
		return nil, err
	}
	addr := fmt.Sprintf("%s/p2p/%s", h.Network().ListenAddresses()[0], h.ID())
	emit("ready", event{"peer": h.ID().String(), "addr": addr})
	return p, nil
}

func tellIdentified(events libp2pevent.Subscription) {
	for e := range events.Out() {
		done := e.(libp2pevent.EvtPeerIdentificationCompleted)
		emit("identified", event{
			"peer": done.Peer.String(), "agent": done.AgentVersion, "protocols": done.Protocols,
		})
	}
}

// The first connection to a peer and the end of the last one are told; Status goes out on each.
func (p *peerProgram) onConnected(c network.Conn) {
	outbound := c.Stat().Direction == network.DirOutbound
	p.mutex.Lock()
	p.connections[c.RemotePeer()]++
	if p.connections[c.RemotePeer()] == 1 {
		direction := "inbound"
		if outbound {
			direction = "outbound"
		}
		emit("connected", event{"peer": c.RemotePeer().String(), "direction": direction})
	}
	p.mutex.Unlock()
	if outbound {
		go p.sendStatus(c.RemotePeer())
	}
}

func (p *peerProgram) onDisconnected(c network.Conn) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.connections[c.RemotePeer()]--
	if p.connections[c.RemotePeer()] == 0 {
		delete(p.connections, c.RemotePeer())
		emit("disconnected", event{"peer": c.RemotePeer().String()})
	}
}

func (p *peerProgram) dial(addr string) {
	err := p.connect(addr)
	if err != nil {
		emit("dial_failed", event{"addr": addr, "what": err.Error()})
	}
}

func (p *peerProgram) connect(addr string) error {
	info, err := peer.AddrInfoFromString(addr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	// A dial is a command: what failed a moment ago is tried again at once, and only there.
	if s, ok := p.host.Network().(*swarm.Swarm); ok {
		s.Backoff().Clear(info.ID)
	}
	p.host.Peerstore().ClearAddrs(info.ID)
	return p.host.Connect(ctx, *info)
}

func (p *peerProgram) disconnect(text string) error {
	id, err := peer.Decode(text)
	if err != nil {
		return err
	}
	return p.host.Network().ClosePeer(id)
}

func (p *peerProgram) ping(text string) {
	if err := p.pingOnce(text); err != nil {
		emit("error", event{"what": fmt.Sprintf("ping %s: %v", text, err)})
	}
}

func (p *peerProgram) pingOnce(text string) error {
	id, err := peer.Decode(text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	result := <-ping.Ping(ctx, p.host, id)
	if result.Error != nil {
		return result.Error
	}
	emit("pong", event{"peer": text, "rtt_us": result.RTT.Microseconds()})
	return nil
}
