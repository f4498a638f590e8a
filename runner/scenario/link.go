package scenario

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Link is a way from clients to their servers on which things go wrong.
type Link struct {
	Pos  Pos // of its name
	Name string
	Note string // for people who read a report
	Seed uint64 // from which the delays follow where there is jitter; 1 if left out
	Out  Faults // on the way to the server
	Back Faults // on the way back
}

// Faults are what goes wrong in one direction. Those of the first group are done
// to the stream, those of the second by the kernel to the segments of TCP.
type Faults struct {
	Latency    time.Duration // of all bytes
	Jitter     time.Duration // by which the latency varies, up and down; never more than that
	Rate       int64         // bytes a second; 0: as fast as it goes
	Slice      int64         // bytes that come together at most: the cuts are at its multiples; 0: as they come
	ResetAfter int64         // bytes, after which the connection is reset; Unlimited: never
	StallAfter int64         // bytes, after which nothing more comes; Unlimited: never

	Loss    float64 // the share of segments that are lost, from 0 to 1
	Reorder float64 // the share of segments that others overtake, from 0 to 1
}

// OfStream says which of the faults are done to the stream, by the key of the
// first; "": none.
func (f *Faults) OfStream() string {
	switch {
	case f.Latency > 0:
		return "latency"
	case f.Rate > 0:
		return "rate"
	case f.Slice > 0:
		return "slice"
	case f.ResetAfter != Unlimited:
		return "reset_after"
	case f.StallAfter != Unlimited:
		return "stall_after"
	}
	return ""
}

// OfSegments says which of the faults the kernel does to segments, by the key of
// the first; "": none.
func (f *Faults) OfSegments() string {
	switch {
	case f.Loss > 0:
		return "loss"
	case f.Reorder > 0:
		return "reorder"
	}
	return ""
}

// Link returns the link of that name, or nil.
func (s *Scenario) Link(name string) *Link {
	for _, l := range s.Links {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// link is a Link while its mapping is read.
type link struct {
	*Link
	both, out, back Faults
	seed            *entry
	given           bool // some fault
	wrong           bool
}

// direction is the faults of one direction while they are read.
type direction struct {
	l  *link
	of *Faults
}

// unharmed are no faults.
var unharmed = Faults{ResetAfter: Unlimited, StallAfter: Unlimited}

var (
	faultKeys  table[direction]
	faultNames []string
	linkKeys   table[link]
)

func init() {
	fault := func(key string, read func(p *parser, f *Faults, e entry) bool) {
		faultKeys = append(faultKeys, field[direction]{key, func(p *parser, d *direction, e entry) {
			d.l.given = true
			if !read(p, d.of, e) {
				d.l.wrong = true
			}
		}})
	}
	fault("latency", func(p *parser, f *Faults, e entry) (ok bool) { f.Latency, ok = p.duration(e); return ok })
	fault("jitter", func(p *parser, f *Faults, e entry) (ok bool) { f.Jitter, ok = p.duration(e); return ok })
	fault("rate", func(p *parser, f *Faults, e entry) (ok bool) { f.Rate, ok = p.rate(e); return ok })
	fault("slice", func(p *parser, f *Faults, e entry) (ok bool) { f.Slice, ok = p.size(e, 1); return ok })
	fault("reset_after", func(p *parser, f *Faults, e entry) (ok bool) { f.ResetAfter, ok = p.size(e, 0); return ok })
	fault("stall_after", func(p *parser, f *Faults, e entry) (ok bool) { f.StallAfter, ok = p.size(e, 0); return ok })
	fault("loss", func(p *parser, f *Faults, e entry) (ok bool) { f.Loss, ok = p.share(e); return ok })
	fault("reorder", func(p *parser, f *Faults, e entry) (ok bool) { f.Reorder, ok = p.share(e); return ok })
	for _, k := range faultKeys {
		faultNames = append(faultNames, k.key)
		linkKeys = append(linkKeys, field[link]{k.key, func(p *parser, l *link, e entry) { k.set(p, &direction{l, &l.both}, e) }})
	}
	one := func(of func(*link) *Faults) func(*parser, *link, entry) {
		return func(p *parser, l *link, e entry) {
			if !p.mapping(e.value, quote(e.key)+" must be a mapping of what goes wrong in that direction") ||
				!decode(p, e.value, quote(e.key), faultKeys, &direction{l, of(l)}) {
				l.wrong = true
			}
		}
	}
	linkKeys = append(linkKeys, table[link]{
		{"out", one(func(l *link) *Faults { return &l.out })},
		{"back", one(func(l *link) *Faults { return &l.back })},
		{"seed", func(p *parser, l *link, e entry) {
			l.seed = &e
			var ok bool
			l.Seed, ok = p.natural(e, math.MaxUint64)
			l.wrong = l.wrong || !ok
		}},
		{"note", func(p *parser, l *link, e entry) { l.Note, _ = p.scalar(e, "a text") }},
	}...)
}

// documentLinks reads the links of a document.
func (p *parser) documentLinks(d *document, e entry) {
	if !p.section(e, "links are a mapping from names to what goes wrong on them") {
		return
	}
	if len(e.value.entries) == 0 {
		p.errorf(e.value.pos, `"links" has no links`)
	}
	for _, one := range e.value.entries {
		p.validName(one.pos, one.key, "a link's name")
		if slices.ContainsFunc(d.links, func(l *Link) bool { return l.Name == one.key }) {
			p.errorf(one.pos, "%s is a link already, in the first document", quote(one.key))
			continue
		}
		if l := p.link(one); l != nil {
			d.links = append(d.links, l)
		} else {
			d.linksUnknown = true
		}
	}
}

// link reads one entry of links. It returns nil if something is wrong.
func (p *parser) link(e entry) *Link {
	l := &link{Link: &Link{Pos: e.pos, Name: e.key, Seed: 1}, both: unharmed, out: unharmed, back: unharmed}
	switch {
	case e.value.isNull():
		p.errorf(e.pos, "link %s has nothing below it; it says what goes wrong, such as {loss: 5%%}", quote(e.key))
		return nil
	case !p.mapping(e.value, "a link must be a mapping, such as {loss: 5%}"):
		return nil
	case !decode(p, e.value, "link "+quote(e.key), linkKeys, l) || l.wrong:
		return nil
	case !l.given:
		// It is a link to compare with, or to have something go wrong on later.
		p.warnf(e.pos, "nothing goes wrong on link %s; what can is: %s", quote(e.key), listing(faultNames))
	}
	l.Out, l.Back = l.both.with(l.out), l.both.with(l.back)
	for _, f := range []*Faults{&l.Out, &l.Back} {
		if f.Jitter > f.Latency {
			p.errorf(e.pos, `link %s: "jitter" is how much the latency varies, and %s is more than that, which is %s`,
				quote(e.key), timeString(f.Jitter), timeString(f.Latency))
			return nil
		}
	}
	switch {
	case l.seed == nil || !l.given || l.Out.Jitter > 0 || l.Back.Jitter > 0:
	case l.Out.OfStream() == "" && l.Back.OfStream() == "":
		p.warnf(l.seed.pos, `"seed" has no say in which segments the kernel loses or reorders`)
	default:
		p.warnf(l.seed.pos, `"seed" says how the latency varies, and link %s has no "jitter"`, quote(e.key))
	}
	return l.Link
}

// with are faults of both directions, and those of one in their place.
func (f Faults) with(own Faults) Faults {
	replace := func(to *int64, n, none int64) {
		if n != none {
			*to = n
		}
	}
	if own.Latency > 0 {
		f.Latency = own.Latency
	}
	if own.Jitter > 0 {
		f.Jitter = own.Jitter
	}
	replace(&f.Rate, own.Rate, 0)
	replace(&f.Slice, own.Slice, 0)
	replace(&f.ResetAfter, own.ResetAfter, Unlimited)
	replace(&f.StallAfter, own.StallAfter, Unlimited)
	if own.Loss > 0 {
		f.Loss = own.Loss
	}
	if own.Reorder > 0 {
		f.Reorder = own.Reorder
	}
	return f
}

// rate is a number of bytes a second: 100KiB/s.
func (p *parser) rate(e entry) (int64, bool) {
	const want = "a number of bytes a second, such as 100KiB/s"
	s, ok := p.fixed(e, want)
	if !ok {
		return 0, false
	}
	size, perSecond := strings.CutSuffix(strings.ReplaceAll(s, " ", ""), "/s")
	n, ok := plainNumber(size, BytesOf)
	switch {
	case ok && n == 0:
		p.errorf(e.value.pos, `%s of 0 lets nothing through; that is "stall_after: 0"`, quote(e.key))
	case ok && !perSecond:
		p.errorf(e.value.pos, "%s is of a second; write %s/s", quote(e.key), shorten(s))
	case !ok:
		p.errorf(e.value.pos, "%s must be %s, not %s", quote(e.key), want, asWritten(s))
	case n > maxSize:
		p.errorf(e.value.pos, "%s must be at most %s/s, not %s", quote(e.key), sizeString(maxSize), shorten(s))
	default:
		return n, true
	}
	return 0, false
}

// share is a part of the whole: 5%.
func (p *parser) share(e entry) (float64, bool) {
	const want = "a share such as 5%"
	s, ok := p.fixed(e, want)
	if !ok {
		return 0, false
	}
	number, percent := strings.CutSuffix(s, "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	plain := len(s) <= 12 && strings.Trim(number, "0123456789. ") == ""
	switch {
	case err == nil && plain && !percent:
		p.errorf(e.value.pos, "%s is a share; write %s%%", quote(e.key), s)
	case err != nil || !plain:
		p.errorf(e.value.pos, "%s must be %s, not %s", quote(e.key), want, asWritten(s))
	case n > 100:
		p.errorf(e.value.pos, "%s must be at most 100%%, not %s", quote(e.key), s)
	case n == 0:
		p.errorf(e.value.pos, "%s of 0%% is none; leave it out", quote(e.key))
	default:
		return n / 100, true
	}
	return 0, false
}

// connectVia reads the link that a connection goes over.
func (p *parser) connectVia(c *connect, e entry) {
	name, ok := p.fixed(e, "a link's name")
	if ok && p.doc.Link(name) == nil {
		ok = false
		if !p.doc.linksUnknown {
			var known []string
			for _, l := range p.doc.Links {
				known = append(known, l.Name)
			}
			p.unknown(e.value.pos, "link", name, known)
		}
	}
	c.Via, c.via, c.wrong = name, &e, c.wrong || !ok
}

// viaFits complains about a link over which no such connection goes.
func (p *parser) viaFits(c *connect) bool {
	if c.via == nil || c.wrong {
		return true
	}
	l := p.doc.Link(c.Via)
	kernel := l.Out.OfSegments()
	if kernel == "" {
		kernel = l.Back.OfSegments()
	}
	switch {
	case c.Transport == UDP:
		p.errorf(c.via.pos, `"via" over UDP; links are ways of streams`)
	case c.Transport == Unix && kernel != "":
		p.errorf(c.via.pos, `link %s has %s, and a Unix socket no segments`, quote(c.Via), quote(kernel))
	case c.Transport == Unix && (l.Out.ResetAfter != Unlimited || l.Back.ResetAfter != Unlimited):
		p.errorf(c.via.pos, `link %s has "reset_after", and a Unix socket no reset`, quote(c.Via))
	default:
		return true
	}
	return false
}
