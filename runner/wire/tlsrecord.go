package wire

// The types of the records that TLS begins with, and what their header has in
// bytes: the type, the version and the length.
const (
	recordAlert     = 21
	recordHandshake = 22
	recordHeader    = 5
)

// records follows the records of a stream, to tell what crypto/tls does not: how
// something begins that is no TLS, and that an alert was sent in the clear.
// OpenSSL does so in TLS 1.3 when it does not take a server's certificate, where
// crypto/tls sees nothing but a record that it can't decrypt.
type records struct {
	header []byte // of the record that comes, or came last
	body   []byte // the first bytes of that one
	left   int    // how many of its bytes have not come
	more   bool   // it is not the first
}

// follow takes the next bytes of the stream.
func (r *records) follow(p []byte) {
	for len(p) > 0 {
		if r.left > 0 {
			n := min(r.left, len(p))
			r.body = append(r.body, p[:min(n, alertLength-len(r.body))]...)
			r.left -= n
			p = p[n:]
			continue
		}
		if len(r.header) == recordHeader {
			*r = records{more: true}
		}
		n := min(recordHeader-len(r.header), len(p))
		r.header = append(r.header, p[:n]...)
		p = p[n:]
		if len(r.header) == recordHeader {
			r.left = int(r.header[3])<<8 | int(r.header[4])
		}
	}
}

// alertLength is how long an alert is that is not encrypted: its level, and what
// it says.
const alertLength = 2

// clearAlert is what the last record says, if it is an alert in the clear.
func (r *records) clearAlert() (alert uint8, ok bool) {
	if len(r.body) < alertLength || r.header[0] != recordAlert || r.header[3] != 0 || r.header[4] != alertLength {
		return 0, false
	}
	return r.body[1], true
}

// foreign is how the stream begins, if it ended before crypto/tls could see that
// it is no TLS.
func (r *records) foreign() (first []byte, ok bool) {
	if r.more || len(r.header) == 0 || r.header[0] == recordAlert || r.header[0] == recordHandshake {
		return nil, false
	}
	return r.header, true
}
