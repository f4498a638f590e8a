// Package capture is conversations as they went over a network: what each side
// sent and when. Package pcap reads and writes them as files. Neither knows of
// scenarios.
package capture

import (
	"net/netip"
	"time"
)

// Side is one end of a conversation.
type Side uint8

// The sides. The client is the one that connected.
const (
	Client Side = iota
	Server
)

// Other is the other side.
func (s Side) Other() Side { return 1 - s }

// Kind says what happened.
type Kind uint8

// The kinds of events.
const (
	Data    Kind = iota + 1 // From sent bytes; of UDP, one datagram
	EOF                     // From sent no more: a FIN
	Reset                   // From reset the connection
	Refused                 // the connect was refused; it is the only event
	TLS                     // both have agreed on TLS: what follows is what it carried
	Gap                     // Missing bytes of From are not in the capture
)

// Event is one thing that went over the network. Neighbouring Data events of one
// side are how the bytes were cut.
type Event struct {
	Kind    Kind
	From    Side
	At      time.Duration // since the conversation's Began
	Data    []byte
	Missing int64 // bytes that a Gap stands for; -1: not known
}

// Conversation is one connection, or one UDP client and server.
type Conversation struct {
	Number         int            // in the capture, from 0, as tshark's streams count
	Client, Server netip.AddrPort // zero where they are not known
	Names          [2]string      // of the sides, for people: "ann", "greeter"; may be ""
	Datagrams      bool           // it is UDP
	Began          time.Time
	Guessed        bool // who connected was guessed, as the handshake is not there
	Open           bool // nobody had ended it when the capture ended
	Events         []Event
}
