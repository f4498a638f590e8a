package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"banter/runner/capture"
	"banter/runner/record"
	"banter/runner/report"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// keepFlags are about what is recorded and written as a scenario.
type keepFlags struct {
	output string
	redact []*regexp.Regexp
	max    int64
	quiet  bool
	color  string
}

func (f *keepFlags) flags(cmd *cobra.Command) {
	f.max = record.TapeSize
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "write the scenario into this `FILE`")
	flags.Var(regexes(&f.redact, "REGEX"), "redact", "keep what matches out of the file, or its first group, if there is one; can be given again")
	flags.Var(byteSize(&f.max, "SIZE"), "max", "keep so many bytes at most (16MiB); what is more still passes")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "do not show what passes")
	colorFlag(cmd, &f.color)
}

// regexes is a flag that can be given again, an expression each time.
func regexes(to *[]*regexp.Regexp, kind string) pflag.Value {
	return &value[[]*regexp.Regexp]{to: to, kind: kind, parse: func(s string) ([]*regexp.Regexp, error) {
		var re *regexp.Regexp
		if err := regex(&re, kind).Set(s); err != nil {
			return *to, err
		}
		return append(*to, re), nil
	}}
}

// byteSize is a number of bytes.
func byteSize(to *int64, kind string) pflag.Value {
	return &value[int64]{to: to, kind: kind, parse: func(s string) (int64, error) {
		n, err := humanize.ParseBytes(s)
		if err != nil || n == 0 || n > 1<<40 {
			return 0, errors.New(`must be a size, as in "64MiB"`)
		}
		return int64(n), nil
	}}
}

// keeper shows what goes over connections, and keeps it.
type keeper struct {
	a      *app
	flags  *keepFlags
	tape   *record.Tape
	file   *reportFile       // nil: it goes to standard output, or nowhere
	beside map[string][]byte // files that the scenario needs, by their names
	at     string            // where clients saw the servers; "": where those were
	out    io.Writer         // for what is shown
	live   *report.Live
}

// keep begins a recording, of which one side is shown as the own one.
func (a *app) keep(f *keepFlags, own capture.Side) (*keeper, error) {
	k := &keeper{a: a, flags: f, tape: record.NewTape(f.max)}
	if f.output != "" {
		file, err := createReport(f.output) // before anything is recorded in vain
		if err != nil {
			return nil, fmt.Errorf("%s: can't be written: %w", f.output, reason(err))
		}
		k.file = file
	}
	terminalOf := a.stderr
	if k.out = a.stderr; own == capture.Server {
		k.out, terminalOf = a.stdout, a.stdout.w
	}
	columns, terminal := terminalWidth(terminalOf)
	k.live = report.NewLive(k.out, own, report.TextOptions{Color: useColor(f.color, terminal, os.Getenv), Columns: columns})
	return k, nil
}

func (k *keeper) discard() {
	if k.file != nil {
		k.file.discard()
	}
}

// say says something to people.
func (k *keeper) say(text string) { fmt.Fprintln(k.a.stderr, report.Clean(text)) }

// listening says where somebody listens: the first line, for people and scripts.
func (k *keeper) listening(ln record.Acceptor, forWhom, reach, ca string, endless bool) {
	k.at = ln.Addr().String()
	text := "listening on " + ln.Addr().String() + forWhom + reach
	if ca != "" {
		text += "; TLS, trusted with " + ca
	}
	if endless {
		text += "; Ctrl-C ends it"
	}
	fmt.Fprintln(k.out, report.Clean(text))
}

// show shows what goes over the connections, until what it returns is called.
func (k *keeper) show() (end func()) {
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		defer k.showNews()
		for ended := false; !ended; {
			changed := k.tape.Changed() // before what is shown now
			k.showNews()
			select {
			case <-done:
				ended = true
			case <-changed:
				time.Sleep(showPause)
			}
		}
	}()
	return func() { close(done); <-over }
}

// showPause is how long what passes may wait for more to be shown at once.
const showPause = 5 * time.Millisecond

func (k *keeper) showNews() {
	for _, take := range k.tape.News() {
		if k.flags.quiet {
			continue
		}
		if take.Fresh {
			from := "a client"
			if take.Client.IsValid() {
				from = take.Client.String()
			}
			k.live.Begin(take.Number+1, from)
		}
		k.live.Events(take.Number+1, take.Events, take.Datagrams)
		if take.Over && take.Cut != "" {
			k.live.Cut(take.Number+1, take.Cut)
		}
	}
}

// write writes the scenario of what was recorded. Runs are how many connections
// there were at the end of each; nil: all are one.
func (k *keeper) write(who string, runs []int) error {
	takes, full := k.tape.Takes()
	if len(takes) == 0 {
		return errors.New("nobody has connected, so there is nothing to write")
	}
	var cuts []string
	if full {
		cuts = append(cuts, fmt.Sprintf("more went through than the %s that are kept (--max)", humanize.IBytes(uint64(k.flags.max))))
	}
	var convs []capture.Conversation
	var ends []int // of the runs, in convs
	for n, take := range takes {
		for len(runs) > len(ends) && n >= runs[len(ends)] {
			ends = append(ends, len(convs))
		}
		if take.Cut != "" {
			cuts = append(cuts, fmt.Sprintf("connection %d: %s", take.Number+1, take.Cut))
		}
		if len(take.Events) > 0 || take.Cut == "" {
			convs = append(convs, take.Conversation)
		}
	}
	if slices.ContainsFunc(convs, speaksTLS) {
		k.a.errorf(who, "what is said in TLS can't be read, and is recorded as bytes; --tls records what is in it")
	}
	convs = record.Redact(convs, k.flags.redact)
	var groups [][]capture.Conversation
	from := 0
	for _, end := range append(ends, len(convs)) {
		if from < end {
			groups = append(groups, convs[from:end])
		}
		from = end
	}
	if len(groups) == 0 {
		return fmt.Errorf("nothing was said: %s", strings.Join(cuts, "; "))
	}
	content, notes, err := k.scenario(groups, cuts)
	switch {
	case err != nil:
		return err
	case k.flags.output == "":
		_, err = k.a.stdout.Write(content)
	default:
		content, notes, err = k.store(content, notes, groups, cuts)
		full = full || slices.ContainsFunc(notes, func(s string) bool { return strings.Contains(s, noRoom) })
	}
	for _, note := range notes {
		k.a.errorf(who, "%s", note)
	}
	if err != nil {
		return err
	}
	if k.flags.output != "" && !k.flags.quiet {
		k.say(fmt.Sprintf("wrote %s: %s, %s", k.flags.output, counted(len(groups[0]), "connection"), counted(strings.Count(string(content), "\n"), "line")))
	}
	if full {
		return status(statusFailed)
	}
	return nil
}

// speaksTLS reports whether a client begins TLS that passes unread: a record of a
// handshake, see RFC 8446, section 5.1.
func speaksTLS(c capture.Conversation) bool {
	return slices.ContainsFunc(c.Events, func(e capture.Event) bool {
		return e.From == capture.Client && len(e.Data) > 5 && e.Data[0] == 22 && e.Data[1] == 3 && e.Data[2] <= 4 && e.Data[5] == 1
	})
}

// scenario is the conversations of runs as a scenario, in which it is said where
// they are cut, and where runs are not alike.
func (k *keeper) scenario(runs [][]capture.Conversation, cuts []string) (content []byte, notes []string, err error) {
	k.beside = map[string][]byte{}
	options := record.Options{Name: k.name(), Seen: k.at}
	if k.file != nil && k.file.to != "" {
		options.Save = func(name string, data []byte) (string, error) {
			name = k.name() + "-" + name
			k.beside[name] = data
			return name, nil
		}
	}
	script := record.NewScript(runs[0], options)
	var others []*record.Script
	for _, convs := range runs[1:] {
		others = append(others, record.NewScript(convs, record.Options{}))
	}
	for _, cut := range cuts {
		notes = append(notes, "cut: "+cut)
	}
	for _, differ := range script.Vary(others...) {
		notes = append(notes, "the runs differ: "+differ)
	}
	if content, err = script.YAML(); err != nil {
		return nil, nil, err
	}
	head := ""
	for _, note := range notes {
		head += "# " + report.Clean(note) + "\n"
	}
	return append([]byte(head), content...), notes, nil
}

// name is the scenario's: that of its file.
func (k *keeper) name() string {
	if k.flags.output == "" {
		return "recorded"
	}
	name := filepath.Base(k.flags.output)
	return cmp.Or(strings.TrimSuffix(name, filepath.Ext(name)), name)
}

// noRoom begins why a file is shorter than what was recorded.
const noRoom = "there was no room for more"

// store puts the scenario into its file. Where the disk has no room for all of
// it, it is as much as there is room for.
func (k *keeper) store(content []byte, notes []string, runs [][]capture.Conversation, cuts []string) ([]byte, []string, error) {
	err := k.put(content)
	if err != nil {
		cuts = append(cuts, noRoom+": "+reason(err).Error())
	}
	for err != nil && halve(runs) {
		if k.file, err = createReport(k.flags.output); err != nil {
			break
		}
		if content, notes, err = k.scenario(runs, cuts); err == nil {
			err = k.put(content)
		}
	}
	if err != nil {
		return nil, notes, fmt.Errorf("%s: not written: %w", k.flags.output, reason(err))
	}
	return content, notes, nil
}

// put writes the scenario, and the files that it needs beside it; where there is no
// room, none of them.
func (k *keeper) put(content []byte) (err error) {
	file := k.file
	k.file = nil
	for name, data := range k.beside {
		path := filepath.Join(filepath.Dir(k.flags.output), name)
		if err := writeWhole(path, data); err != nil {
			file.discard()
			return err
		}
		defer func() {
			if err != nil {
				os.Remove(path) // it takes room from what may have less
			}
		}()
	}
	if _, err := file.Write(content); err != nil {
		file.discard()
		return err
	}
	return file.commit()
}

// halve leaves out the later half of what was said on each connection. It
// reports whether there was something to leave out.
func halve(runs [][]capture.Conversation) bool {
	some := false
	for _, convs := range runs {
		for i := range convs {
			events := convs[i].Events
			switch n := len(events); {
			case n > 1:
				convs[i].Events = events[:n/2]
			case n == 1 && len(events[0].Data) > 1:
				half := events[0]
				half.Data = half.Data[:len(half.Data)/2]
				convs[i].Events = []capture.Event{half}
			case n == 1:
				convs[i].Events = nil
			default:
				continue
			}
			some = true
		}
	}
	return some
}
