package program

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// listening looks for the program's sockets in the system's tables, without
// touching the program. See proc_net(5).
func (p *Program) listening(port int) (there bool, elsewhere []string, err error) {
	members := p.members()
	if len(members) == 0 {
		return false, nil, nil
	}
	theirs := map[string]bool{}
	for _, m := range members {
		for _, name := range openFiles(m.pid) {
			theirs[name] = true
		}
	}
	for _, s := range socketTables(members[0].pid) {
		switch {
		case !theirs["socket:["+s.inode+"]"]:
		case s.path == "" && (port == 0 && !s.udp || int(s.at.Port()) == port), s.path != "" && port == 0:
			return true, nil, nil
		case !s.udp:
			elsewhere = append(elsewhere, s.String())
		}
	}
	slices.Sort(elsewhere)
	return false, slices.Compact(elsewhere), nil
}

// socket is one that listens, or takes datagrams.
type socket struct {
	inode string
	udp   bool
	at    netip.AddrPort
	path  string // of a Unix socket
}

func (s socket) String() string {
	if s.path != "" {
		return "unix:" + s.path
	}
	return s.at.String()
}

// The states of sockets in the tables.
const (
	stateListen    = "0A"
	stateDatagrams = "07" // of UDP: from anybody
	flagAccepts    = "00010000"
)

// socketTables are the sockets that a process's network has.
func socketTables(pid int) (all []socket) {
	rows := func(name string) [][]string {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, name))
		if err != nil {
			return nil
		}
		var rows [][]string
		for line := range strings.Lines(string(text)) {
			rows = append(rows, strings.Fields(line))
		}
		return rows[min(1, len(rows)):]
	}
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		udp := strings.HasPrefix(table, "udp")
		want := stateListen
		if udp {
			want = stateDatagrams
		}
		for _, f := range rows(table) {
			if len(f) < 10 || f[3] != want {
				continue
			}
			if at, ok := tableAddress(f[1]); ok {
				all = append(all, socket{inode: f[9], udp: udp, at: at})
			}
		}
	}
	for _, f := range rows("unix") {
		if len(f) >= 7 && f[3] == flagAccepts {
			path := "?"
			if len(f) > 7 {
				path = f[7]
			}
			all = append(all, socket{inode: f[6], path: path})
		}
	}
	return all
}

// tableAddress reads an address as the tables have it, in words in the
// machine's own order.
func tableAddress(s string) (netip.AddrPort, bool) {
	host, digits, ok := strings.Cut(s, ":")
	port, err := strconv.ParseUint(digits, 16, 16)
	raw, hexErr := hex.DecodeString(host)
	if !ok || err != nil || hexErr != nil || len(raw)%4 != 0 {
		return netip.AddrPort{}, false
	}
	for i := 0; i < len(raw); i += 4 {
		binary.NativeEndian.PutUint32(raw[i:], binary.BigEndian.Uint32(raw[i:]))
	}
	ip, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(ip.Unmap(), uint16(port)), ok
}
