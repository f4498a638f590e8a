package scenario

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"banter/runner/pattern"
)

// Stdin is the path that stands for standard input, and StdinName what a file
// read from there is called.
const (
	Stdin     = "-"
	StdinName = "<stdin>"
)

// Config is what scenarios are read with: values from outside, and what they
// may touch. The zero Config has no values and allows what is always allowed.
type Config struct {
	Vars    map[string]string // of variables, in place of the file's own
	Secrets map[string]string // the same, shown as *** wherever they would be seen
	Allow   Allow
	Real    bool // processes that serve are started in place of the declared servers
	Update  bool // transcripts may be blank: they are going to be written
}

// Read reads and parses a scenario file; the path "-" is standard input. What
// is wrong inside of the file, a payload file that can't be read included, is
// in the File's Problems. The error is that the file itself can't be read.
func Read(path string, stdin io.Reader) (*File, error) { return Config{}.Read(path, stdin) }

// Parse reads a scenario file's source. It never fails: what is wrong is in
// the File's Problems, in the order of their places. It opens no payload file:
// Read also looks for those.
func Parse(path string, src []byte) *File { return Config{}.Parse(path, src) }

// Read is the function Read, with values from outside.
func (c Config) Read(path string, stdin io.Reader) (*File, error) {
	src, err := Source(path, stdin)
	if err != nil {
		return nil, err
	}
	if path == Stdin {
		path = StdinName
	}
	p := c.parse(path, src, true)
	for _, f := range p.namedFiles {
		p.file.Reads = append(p.file.Reads, f.path)
		if err := readable(f.path); err != nil {
			p.errorf(f.pos, "the %s %s %s", f.what, quote(f.path), err)
		}
	}
	return p.result(), nil
}

// Reread is Read for the source of a file that is at hand: it opens those that it
// includes, and no others.
func (c Config) Reread(path string, src []byte) *File { return c.parse(path, src, true).result() }

// Source is a scenario file's source, or enough of it to see that it is too large;
// of the path "-" standard input.
func Source(path string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if path != Stdin {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	src, err := io.ReadAll(io.LimitReader(in, MaxFileSize+1))
	if err != nil && path == Stdin {
		return nil, fmt.Errorf("%s: %w", StdinName, err)
	}
	return src, err
}

// readable says why a payload file can't be read, nil if it can. It opens
// nothing that could block, such as a named pipe.
func readable(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("does not exist")
	case err != nil:
		return fmt.Errorf("can't be read: %w", reason(err))
	case info.IsDir():
		return errors.New("is a folder")
	case !info.Mode().IsRegular():
		return errors.New("is not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("can't be read: %w", reason(err))
	}
	return f.Close()
}

// reason is the error below a *fs.PathError, whose path is already said.
func reason(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// Parse is the function Parse, with values from outside.
func (c Config) Parse(path string, src []byte) *File { return c.parse(path, src, false).result() }

// parser is what is known while a file is read.
type parser struct {
	config Config
	file   *File
	src    *source
	path   string // of the source
	dir    string // payload files are relative to it
	opens  bool   // files may be opened

	namedFiles  []namedFile
	doc         *document // the one being read
	suggestions int       // how many more did-you-means to look for
	inclusions  map[string]*inclusion
	including   []string // the files that are being included, the outermost first
	caseNodes   int      // that were read for cases
	orders      int      // frames that are counted, in any order
	regexSize   int      // of what was compiled
	patterns    map[string]*pattern.Pattern
	local       *localAddresses
	mending
}

// namedFile is a file that the run reads.
type namedFile struct {
	what string // "payload file"
	pos  Pos
	path string
}

// maxSuggestions bounds the search for near names: after a hundred of them
// the rest is better read again from the start.
const maxSuggestions = 100

func (c Config) parse(path string, src []byte, opens bool) *parser {
	p := c.newParser(path, src, opens)
	if p.isText(src) {
		p.scenarios(p.documents())
	}
	return p
}

func (c Config) newParser(path string, src []byte, opens bool) *parser {
	return &parser{
		config:      c,
		file:        &File{Path: path, Source: src, Allow: c.Allow},
		src:         newSource(path, src),
		path:        path,
		dir:         filepath.Dir(path),
		opens:       opens,
		suggestions: maxSuggestions,
	}
}

// isText complains about a source that can't be read as a scenario file.
func (p *parser) isText(src []byte) bool {
	if len(src) > MaxFileSize {
		p.errorf(p.pos(1, 1), "the file is larger than %s; long payloads belong into files of their own (file: NAME)", sizeString(MaxFileSize))
		return false
	}
	if bytes.HasPrefix(src, []byte("\xff\xfe")) || bytes.HasPrefix(src, []byte("\xfe\xff")) {
		p.errorf(p.pos(1, 1), "the file is UTF-16; save it as UTF-8")
		return false
	}
	return p.characters()
}

// result sorts the problems and drops those that an alias made twice.
func (p *parser) result() *File {
	ps := p.file.Problems
	rankOf := func(x Problem) int { // the file itself comes first
		if x.Pos.File == p.file.Path {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(rankOf(a), rankOf(b)),
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col),
			cmp.Compare(a.Message, b.Message),
		)
	})
	ps = slices.DeleteFunc(ps, func(one Problem) bool {
		only, doubted := p.doubted[one.Pos]
		return doubted && one.Message != only
	})
	p.file.Problems = slices.Compact(ps)
	return p.file
}

func (p *parser) pos(line, col int) Pos {
	return Pos{File: p.path, Line: line, Col: col}
}

func (p *parser) errorf(pos Pos, format string, args ...any) {
	p.file.Problems = append(p.file.Problems, Problem{Pos: pos, Message: p.hide(fmt.Sprintf(format, args...))})
}

func (p *parser) warnf(pos Pos, format string, args ...any) {
	p.file.Problems = append(p.file.Problems, Problem{Pos: pos, Warning: true, Message: p.hide(fmt.Sprintf(format, args...))})
}

// hide is a text for people, with what is secret in it as ***.
func (p *parser) hide(text string) string {
	if p.doc == nil {
		return text
	}
	for _, s := range p.doc.Secrets {
		text = strings.ReplaceAll(text, string(s), "***")
	}
	return text
}
