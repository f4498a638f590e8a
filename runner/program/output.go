package program

import (
	"bytes"
	"context"
	"errors"
	"sync"
)

// headMost is how much of the beginning is kept of what a program prints, in
// bytes.
const headMost = 8 << 10

// The bytes that an Output keeps of the end.
const (
	ForReport = 16 << 10 // enough for people
	ForAwait  = 16 << 20 // for those who wait for what is printed
)

// Output is what a program prints: the beginning and the end of it are kept,
// however much it is. It goes on when the program is started again.
type Output struct {
	keep     int
	restarts bool // its program may be started again after its end

	mu      sync.Mutex
	head    []byte
	tail    []byte // twice what is to be kept, at most
	size    int64
	over    bool
	changed chan struct{} // closed when there is more, or all
}

// NewOutput makes an output that keeps so many bytes of the end. With restarts,
// an Await does not end with the program, which may be started again.
func NewOutput(keep int, restarts bool) *Output {
	return &Output{keep: keep, restarts: restarts, changed: make(chan struct{})}
}

func (o *Output) begin() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = false
}

func (o *Output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
	o.tell()
}

// tell wakes those who wait.
func (o *Output) tell() {
	close(o.changed)
	o.changed = make(chan struct{})
}

func (o *Output) write(p []byte) {
	if len(p) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size += int64(len(p))
	if room := headMost - len(o.head); room > 0 {
		o.head = append(o.head, p[:min(room, len(p))]...)
	}
	p = p[max(0, len(p)-o.keep):]
	if len(o.tail)+len(p) > 2*o.keep {
		keep := o.keep - len(p)
		o.tail = o.tail[:copy(o.tail, o.tail[len(o.tail)-keep:])]
	}
	o.tail = append(o.tail, p...)
	o.tell()
}

// Kept is what is kept: the beginning, the end, and how many bytes were left
// out between them. If nothing was, the beginning is all there is.
func (o *Output) Kept() (head, tail []byte, cut int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	tail = o.tail[max(0, len(o.tail)-o.keep):]
	switch between := o.size - int64(len(o.head)) - int64(len(tail)); {
	case between > 0:
		return bytes.Clone(o.head), bytes.Clone(tail), between
	default: // they overlap, or touch
		return append(bytes.Clone(o.head), tail[-between:]...), nil, 0
	}
}

// Cut is what an Output for reports would keep of bytes.
func Cut(b []byte) (head, tail []byte, cut int64) {
	if len(b) <= headMost+ForReport {
		return b, nil, 0
	}
	return b[:headMost], b[len(b)-ForReport:], int64(len(b) - headMost - ForReport)
}

// Size is how many bytes were printed.
func (o *Output) Size() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.size
}

// The ends of a wait for what a program prints.
var (
	ErrOver = errors.New("the program has ended, and all that it printed was looked at")
	ErrLost = errors.New("so much was printed that some of it was forgotten before anybody looked at it")
)

// Await waits for a line that is printed, from an offset on, and for which is
// says yes. It returns the line and the offset behind it. A line counts when
// its end is there, or the program's: half a line is nobody's doing.
func (o *Output) Await(ctx context.Context, from int64, is func(line []byte) bool) (line []byte, next int64, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		start := o.size - int64(len(o.tail))
		if from < start {
			return nil, from, ErrLost
		}
		for {
			rest := o.tail[from-start:]
			end := bytes.IndexByte(rest, '\n') + 1
			if end == 0 && o.over {
				end = len(rest)
			}
			if end == 0 {
				break
			}
			from += int64(end)
			line := bytes.TrimSuffix(bytes.TrimSuffix(rest[:end], []byte("\n")), []byte("\r"))
			if is(line) {
				return bytes.Clone(line), from, nil
			}
		}
		if o.over && !o.restarts {
			return nil, from, ErrOver
		}
		changed := o.changed
		o.mu.Unlock()
		select {
		case <-changed:
			err = nil
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		o.mu.Lock()
		if err != nil {
			return nil, from, err
		}
	}
}
