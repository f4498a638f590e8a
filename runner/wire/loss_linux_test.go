package wire

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"
	"time"
)

// ends are the two ends of a connection in a namespace, whose segments are those
// of Ethernet.
func ends(t *testing.T, n *Namespace) (client, server *Conn) {
	t.Helper()
	ln, err := Open(t.Context(), Local{Net: n, Host: "127.0.0.1", Backlog: -1}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if client, err = Dial(t.Context(), ln.Addr(), DialOptions{Net: n}); err != nil {
		t.Fatal(err)
	}
	if server, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

// carry sends bytes from one end to the other, and checks that they come.
func carry(t *testing.T, from, to *Conn) {
	t.Helper()
	data := make([]byte, 4<<20)
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	go from.Write(data)
	got := make([]byte, len(data))
	if _, err := io.ReadFull(to, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, data) {
		t.Error("other bytes came than were sent")
	}
}

func counter(t *testing.T, c *Conn, name string) int64 {
	t.Helper()
	info, err := c.TCPInfo()
	if err != nil {
		t.Fatal(err)
	}
	n, known := info.Counter(name)
	if !known {
		t.Fatalf("no counter %s", name)
	}
	return n
}

// Segments of one direction are lost, and sent again.
func TestLose(t *testing.T) {
	client, server := ends(t, namespace(t, NamespaceOptions{Ethernet: true}))
	if err := server.Lose(0.05); err != nil {
		t.Fatal(err)
	}
	carry(t, client, server)
	segments, again := counter(t, client, "data_segs_out"), counter(t, client, "retransmits")
	if segments < 2000 || again < 20 || again > segments/4 {
		t.Errorf("of %d segments %d were sent again", segments, again)
	}
}

// Where all are lost, nothing comes.
func TestLoseAll(t *testing.T) {
	client, server := ends(t, namespace(t, NamespaceOptions{Ethernet: true}))
	if err := server.Lose(1); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	for counter(t, client, "retransmits") == 0 {
		time.Sleep(time.Millisecond)
	}
	if n, err := server.Late(make([]byte, 10), false); n != 0 {
		t.Errorf("%d bytes came: %v", n, err)
	}
}

// Segments overtake each other, of the connections alone that are to.
func TestOvertake(t *testing.T) {
	n := namespace(t, NamespaceOptions{Ethernet: true})
	if err := CanReorder(); err != nil {
		t.Skip(err)
	}
	if err := n.Shuffle([]float64{0.1, 1}); err != nil {
		t.Fatal(err)
	}
	client, server := ends(t, n)
	if err := client.Overtake(0.1); err != nil {
		t.Fatal(err)
	}
	carry(t, client, server)
	if counter(t, server, "rcv_ooopack") == 0 {
		t.Error("all came in order")
	}
	client, server = ends(t, n)
	carry(t, client, server)
	if out := counter(t, server, "rcv_ooopack"); out > 0 && counter(t, client, "retransmits") == 0 {
		t.Errorf("%d came out of order", out)
	}
}
