// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors

// A peer on go-libp2p for the interop scenarios; ../README.md has its contract. This file reads
// commands from stdin and hands them on, one after the other; what takes time goes on beside them.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
)

// Longest command line: a block of the largest payload, as hex.
const maxLine = 3 * maxPayload

type command struct {
	Cmd      string  `json:"cmd"`
	Addr     string  `json:"addr"`
	Peer     string  `json:"peer"`
	Topic    string  `json:"topic"`
	Data     string  `json:"data"`
	Size     *uint64 `json:"size"`
	Seed     uint64  `json:"seed"`
	Protocol string  `json:"protocol"`
	Payload  string  `json:"payload"`
	ID       any     `json:"id"`
	Root     string  `json:"root"`
	Block    string  `json:"block"`
}

type event map[string]any

var stdout sync.Mutex

// emit writes one event as a line. Any goroutine.
func emit(name string, fields event) {
	fields["event"] = name
	line, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	stdout.Lock()
	defer stdout.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

// generate returns the data that a size and a seed stand for: bytes that do not compress.
func generate(size, seed uint64) []byte {
	data := make([]byte, size)
	for i := range data {
		x := (uint32(seed) + uint32(i)) * 2654435761
		x ^= x >> 15
		data[i] = byte(x * 2246822519 >> 24)
	}
	return data
}

func (p *peerProgram) run(c command) error {
	switch c.Cmd {
	case "dial":
		go p.dial(c.Addr)
	case "disconnect":
		return p.disconnect(c.Peer)
	case "subscribe":
		return p.subscribe(c.Topic)
	case "unsubscribe":
		return p.unsubscribe(c.Topic)
	case "publish":
		if c.Size == nil {
			data, err := hex.DecodeString(c.Data)
			if err != nil {
				return err
			}
			p.publish(c.Topic, data)
			return nil
		}
		if *c.Size > maxPayload {
			return fmt.Errorf("size %d is above %d", *c.Size, maxPayload)
		}
		p.publish(c.Topic, generate(*c.Size, c.Seed))
	case "request":
		payload, err := hex.DecodeString(c.Payload)
		if err != nil {
			return err
		}
		go p.request(c.Peer, c.Protocol, payload, c.ID)
	case "set_status":
		status, err := hex.DecodeString(c.Payload)
		if err != nil {
			return err
		}
		p.setStatus(status)
	case "serve_block":
		block, err := hex.DecodeString(c.Block)
		if err != nil {
			return err
		}
		return p.serveBlock(c.Root, block)
	case "ping":
		go p.ping(c.Peer)
	default:
		return fmt.Errorf("unknown command %q", c.Cmd)
	}
	return nil
}

func main() {
	identity := flag.String("identity", "secp256k1", "secp256k1 or ed25519")
	key := flag.String("key", "", "private key, 32 bytes in hex")
	listen := flag.String("listen", "/ip4/127.0.0.1/udp/0/quic-v1", "address to listen on")
	flag.Parse()

	p, err := newPeerProgram(*identity, *key, *listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot start:", err)
		os.Exit(2)
	}
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, maxLine)
	for in.Scan() {
		var c command
		if err := json.Unmarshal(in.Bytes(), &c); err != nil {
			emit("error", event{"what": err.Error()})
			continue
		}
		if c.Cmd == "quit" {
			break
		}
		if err := p.run(c); err != nil {
			emit("error", event{"what": c.Cmd + ": " + err.Error()})
		}
	}
	if err := in.Err(); err != nil && err != io.EOF {
		fmt.Fprintln(os.Stderr, "stdin:", err)
		os.Exit(1)
	}
	p.host.Close()
}
