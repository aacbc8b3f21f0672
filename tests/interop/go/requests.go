// SPDX-License-Identifier: MIT OR Apache-2.0
// SPDX-FileCopyrightText: The lepton authors

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/golang/snappy"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
)

const (
	statusProtocol = "/leanconsensus/req/status/1/ssz_snappy"
	rootsProtocol  = "/leanconsensus/req/blocks_by_root/1/ssz_snappy"
	rangeProtocol  = "/leanconsensus/req/blocks_by_range/1/ssz_snappy"

	codeSuccess        = 0
	codeInvalidRequest = 1
	codeUnavailable    = 3

	statusSize       = 80
	rangeRequestSize = 16
	rootSize         = 32

	// Chunks of one answer, as many as blocks may be asked for.
	maxChunks = 1024
)

type chunk struct {
	code    byte
	payload []byte
}

// appendPayload appends the size and the snappy frames of a payload; an empty one has no frames.
func appendPayload(out []byte, payload []byte) []byte {
	buffer := bytes.NewBuffer(binary.AppendUvarint(out, uint64(len(payload))))
	frames := snappy.NewBufferedWriter(buffer)
	frames.Write(payload)
	frames.Close()
	return buffer.Bytes()
}

// readPayload reads exactly one payload: what follows its last frame stays in `in`.
func readPayload(in *bufio.Reader) ([]byte, error) {
	size, err := binary.ReadUvarint(in)
	if err != nil {
		return nil, noEOF(err)
	}
	if size > maxPayload {
		return nil, fmt.Errorf("payload of %d bytes", size)
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(snappy.NewReader(in), payload); err != nil {
		return nil, noEOF(err)
	}
	return payload, nil
}

// noEOF turns an end inside something into an error that is not taken for a clean end.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func readChunks(in *bufio.Reader) ([]chunk, error) {
	var chunks []chunk
	for len(chunks) <= maxChunks {
		code, err := in.ReadByte()
		if err == io.EOF {
			return chunks, nil
		}
		if err != nil {
			return chunks, err
		}
		payload, err := readPayload(in)
		if err != nil {
			return chunks, err
		}
		chunks = append(chunks, chunk{code, payload})
	}
	return chunks, fmt.Errorf("more than %d chunks", maxChunks)
}

// ask sends a request on a stream of its own and reads the whole answer.
func (p *peerProgram) ask(peerText, name string, payload []byte) ([]chunk, error) {
	id, err := peer.Decode(peerText)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(network.WithNoDial(context.Background(), "request"), patience)
	defer cancel()
	stream, err := p.host.NewStream(ctx, id, protocol.ID(name))
	if err != nil {
		return nil, err
	}
	stream.SetDeadline(time.Now().Add(patience))
	if _, err = stream.Write(appendPayload(nil, payload)); err == nil {
		err = stream.CloseWrite()
	}
	var chunks []chunk
	if err == nil {
		chunks, err = readChunks(bufio.NewReader(stream))
	}
	if err != nil {
		stream.Reset()
		return chunks, err
	}
	return chunks, stream.Close()
}

func (p *peerProgram) request(peerText, name string, payload []byte, id any) {
	chunks, err := p.ask(peerText, name, payload)
	told := []event{}
	for _, c := range chunks {
		told = append(told, event{"code": c.code, "payload": hex.EncodeToString(c.payload)})
	}
	fields := event{"id": id, "ok": err == nil, "what": "", "chunks": told}
	if err != nil {
		fields["what"] = err.Error()
	}
	emit("response", fields)
}

// sendStatus asks a peer that was dialled for its Status, if there is one to offer.
func (p *peerProgram) sendStatus(id peer.ID) {
	p.mutex.Lock()
	status := p.status
	p.mutex.Unlock()
	if status != nil {
		p.request(id.String(), statusProtocol, status, "status:"+id.String())
	}
}

func (p *peerProgram) setStatus(status []byte) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.status = status
}

func (p *peerProgram) serveBlock(root string, block []byte) error {
	bytes, err := hex.DecodeString(root)
	if err != nil {
		return err
	}
	if len(bytes) != rootSize {
		return fmt.Errorf("a root has %d bytes, not %d", rootSize, len(bytes))
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.blocks[[rootSize]byte(bytes)] = block
	return nil
}

func (p *peerProgram) offerRequests() {
	for name, answer := range map[string]func([]byte) []chunk{
		statusProtocol: p.answerStatus,
		rootsProtocol:  p.answerRoots,
		rangeProtocol:  answerRange,
	} {
		p.host.SetStreamHandler(protocol.ID(name), func(stream network.Stream) {
			if err := serve(stream, name, answer); err != nil {
				fmt.Fprintf(os.Stderr, "request %s of %s: %v\n", name, stream.Conn().RemotePeer(), err)
				stream.Reset()
			}
		})
	}
}

func serve(stream network.Stream, name string, answer func([]byte) []chunk) error {
	stream.SetDeadline(time.Now().Add(patience))
	payload, err := readPayload(bufio.NewReader(stream))
	if err != nil {
		return err
	}
	emit("request", event{
		"peer": stream.Conn().RemotePeer().String(), "protocol": name,
		"payload": hex.EncodeToString(payload),
	})
	for _, c := range answer(payload) {
		if _, err := stream.Write(appendPayload([]byte{c.code}, c.payload)); err != nil {
			return err
		}
	}
	return stream.Close()
}

var badRequest = []chunk{{codeInvalidRequest, []byte("bad request")}}

func (p *peerProgram) answerStatus(payload []byte) []chunk {
	if len(payload) != statusSize {
		return badRequest
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.status == nil {
		return []chunk{{codeUnavailable, []byte("no status")}}
	}
	return []chunk{{codeSuccess, p.status}}
}

// answerRoots answers with the blocks there are, in the order of the request.
func (p *peerProgram) answerRoots(payload []byte) []chunk {
	if len(payload) < 4 || binary.LittleEndian.Uint32(payload) != 4 || len(payload[4:])%rootSize != 0 {
		return badRequest
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var chunks []chunk
	for roots := payload[4:]; len(roots) > 0; roots = roots[rootSize:] {
		if block, ok := p.blocks[[rootSize]byte(roots[:rootSize])]; ok {
			chunks = append(chunks, chunk{codeSuccess, block})
		}
	}
	return chunks
}

// answerRange has no chain to answer with.
func answerRange(payload []byte) []chunk {
	if len(payload) != rangeRequestSize {
		return badRequest
	}
	return nil
}
