// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors

package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/golang/snappy"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
)

const (
	// Largest payload of gossip, requests and answers, uncompressed.
	maxPayload = 10 << 20
	// Largest gossip RPC: the largest payload as snappy may grow it, and the protobuf around it.
	maxRPC = 12_234_442
	// Messages from this size on (compressed) are announced by IDONTWANT.
	idontwantThreshold = 1000
	// Largest payload that is told in full.
	maxToldData = 1 << 16
	// Messages waiting to be validated, and to be told.
	queueSize = 1024
	// Time for a published message to be on its way to somebody.
	sendPatience = time.Second
)

// decompress returns the payload of a gossip message; the size it declares is checked first.
func decompress(raw []byte) ([]byte, error) {
	size, err := snappy.DecodedLen(raw)
	if err != nil {
		return nil, err
	}
	if size > maxPayload {
		return nil, errors.New("larger than any payload")
	}
	return snappy.Decode(nil, raw)
}

func messageID(m *pb.Message) string {
	domain := [4]byte{1, 0, 0, 0}
	data, err := decompress(m.Data)
	if err != nil {
		domain, data = [4]byte{}, m.Data
	}
	hash := sha256.New()
	hash.Write(domain[:])
	hash.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(m.GetTopic()))))
	hash.Write([]byte(m.GetTopic()))
	hash.Write(data)
	return string(hash.Sum(nil)[:20])
}

// newPubSub sets what the Lean networks agree on. Flood publishing stays as the library has it: off.
func newPubSub(h host.Host, sent *sentMessages) (*pubsub.PubSub, error) {
	params := pubsub.DefaultGossipSubParams()
	params.D, params.Dlo, params.Dhi, params.Dlazy = 8, 6, 12, 6
	params.HeartbeatInterval = 700 * time.Millisecond
	params.HistoryLength, params.HistoryGossip = 6, 3
	params.IDontWantMessageThreshold = idontwantThreshold
	return pubsub.NewGossipSub(context.Background(), h,
		pubsub.WithGossipSubParams(params),
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign),
		pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(messageID),
		pubsub.WithMaxMessageSize(maxRPC),
		pubsub.WithSeenMessagesTTL(24*time.Second),
		pubsub.WithValidateQueueSize(queueSize),
		pubsub.WithDefaultValidator(validate, pubsub.WithValidatorInline(true)),
		pubsub.WithAppSpecificRpcInspector(tellControl),
		pubsub.WithEventTracer(sent),
	)
}

// validate relays whatever decompresses.
func validate(_ context.Context, from peer.ID, m *pubsub.Message) pubsub.ValidationResult {
	data, err := decompress(m.Data)
	if err != nil {
		fmt.Fprintf(os.Stderr, "rejected a message of %s on %s: %v\n", from, m.GetTopic(), err)
		return pubsub.ValidationReject
	}
	m.ValidatorData = data
	return pubsub.ValidationAccept
}

func tellControl(from peer.ID, rpc *pubsub.RPC) error {
	tell := func(kind string, count int) {
		for range count {
			emit("control", event{"peer": from.String(), "kind": kind})
		}
	}
	tell("graft", len(rpc.GetControl().GetGraft()))
	tell("prune", len(rpc.GetControl().GetPrune()))
	tell("idontwant", len(rpc.GetControl().GetIdontwant()))
	return nil
}

func (p *peerProgram) topic(name string) (*pubsub.Topic, error) {
	if topic, ok := p.topics[name]; ok {
		return topic, nil
	}
	topic, err := p.pubsub.Join(name)
	if err == nil {
		p.topics[name] = topic
	}
	return topic, err
}

func (p *peerProgram) subscribe(name string) error {
	if p.subscriptions[name] != nil {
		return fmt.Errorf("already subscribed to %s", name)
	}
	topic, err := p.topic(name)
	if err != nil {
		return err
	}
	subscription, err := topic.Subscribe(pubsub.WithBufferSize(queueSize))
	if err != nil {
		return err
	}
	p.subscriptions[name] = subscription
	go p.tellMessages(subscription)
	return nil
}

func (p *peerProgram) unsubscribe(name string) error {
	subscription := p.subscriptions[name]
	if subscription == nil {
		return fmt.Errorf("not subscribed to %s", name)
	}
	delete(p.subscriptions, name)
	subscription.Cancel()
	return nil
}

// tellMessages tells what others sent, until the subscription is cancelled.
func (p *peerProgram) tellMessages(subscription *pubsub.Subscription) {
	for {
		m, err := subscription.Next(context.Background())
		if err != nil {
			return
		}
		if m.ReceivedFrom == p.host.ID() {
			continue
		}
		data := m.ValidatorData.([]byte)
		hash := sha256.Sum256(data)
		fields := event{
			"topic": m.GetTopic(), "from": m.ReceivedFrom.String(), "id": hex.EncodeToString([]byte(m.ID)),
			"size": len(data), "sha256": hex.EncodeToString(hash[:]),
		}
		if len(data) <= maxToldData {
			fields["data"] = hex.EncodeToString(data)
		}
		emit("message", fields)
	}
}

// sentMessages finds out whether a message went to anybody: the library publishes without a word.
type sentMessages struct {
	mutex   sync.Mutex
	waiting map[string]chan struct{} // by message id; closed when the message is on its way
}

func (s *sentMessages) expect(id string) <-chan struct{} {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	done := make(chan struct{})
	s.waiting[id] = done
	return done
}

func (s *sentMessages) forget(id string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.waiting, id)
}

// Trace is called by the library for all that happens to messages.
func (s *sentMessages) Trace(e *pb.TraceEvent) {
	if e.GetType() != pb.TraceEvent_SEND_RPC {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, m := range e.GetSendRPC().GetMeta().GetMessages() {
		id := string(m.GetMessageID())
		if done, ok := s.waiting[id]; ok {
			close(done)
			delete(s.waiting, id)
		}
	}
}

func (p *peerProgram) publish(name string, data []byte) {
	raw := snappy.Encode(nil, data)
	id := messageID(&pb.Message{Topic: &name, Data: raw})
	sent := p.sent.expect(id)
	topic, err := p.topic(name)
	if err == nil {
		err = topic.Publish(context.Background(), raw)
	}
	go func() {
		what := ""
		if err != nil {
			what = err.Error()
		} else {
			select {
			case <-sent:
			case <-time.After(sendPatience):
				what = "it went to no peer"
			}
		}
		p.sent.forget(id)
		emit("published", event{"topic": name, "ok": what == "", "what": what})
	}()
}
