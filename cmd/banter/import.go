package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"banter/runner/capture"
	"banter/runner/capture/pcap"
	"banter/runner/record"
	"banter/runner/report"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

// importFlags are what "banter import" is told.
type importFlags struct {
	opts   pcap.ReadOptions
	redact []*regexp.Regexp
	output string
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import [FLAGS] FILE...",
		Short: "Make a scenario of a capture",
		Long: `Import makes a scenario of the conversations in a capture: a file of pcap or
pcapng, as tcpdump and Wireshark write it, or what "tshark -q -z
follow,tcp,yaml,0" prints. Both sides are in it, so it can be run alone, with
--connect against the real server, and served for the real client.

Given more than one capture, of the same conversations on other runs, it compares
them: what differs becomes something that may be anything, and a variable where it
is said again.

Bytes that a capture does not have are an error that names the packet, unless
--lossy marks them. The exit status is 0 if there is a scenario, and 2 if not.`,
		Example: `  banter import mail.pcap                            show what would be written
  banter import --port 25 -o mail.yaml mail.pcap     the server is the one at port 25
  banter import --stream 3 -o mail.yaml mail.pcapng  Wireshark's tcp.stream 3
  banter import -o mail.yaml monday.pcap friday.pcap what differs varies
  tshark -r mail.pcap -q -z follow,tcp,yaml,3 | banter import -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("give a capture, as in %q", cmd.CommandPath()+" mail.pcap")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.importCaptures(args, &f) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.output, "output", "o", "", "write the scenario into this `FILE`, and long payloads into files beside it")
	flags.Var(&value[*pcap.Stream]{to: &f.opts.Stream, kind: "N", parse: func(s string) (*pcap.Stream, error) {
		stream, err := pcap.ParseStream(s)
		return &stream, err
	}}, "stream", "only this conversation: Wireshark's tcp.stream N, or udp:N")
	flags.Var(port(&f.opts.Port), "port", "only conversations with a server at this port")
	flags.BoolVar(&f.opts.Lossy, "lossy", false, "mark bytes that the capture does not have, and go on")
	flags.Var(regexes(&f.redact, "REGEX"), "redact", "keep what matches out of the file, or its first group, if there is one; can be given again")
	return cmd
}

// port is the number of a port.
func port(to *uint16) *value[uint16] {
	return &value[uint16]{to: to, kind: "PORT", parse: func(s string) (uint16, error) {
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil || n == 0 {
			return 0, errors.New("must be a port: 1 to 65535")
		}
		return uint16(n), nil
	}}
}

// importCaptures makes a scenario of a capture, and of others of the same.
func (a *app) importCaptures(paths []string, f *importFlags) error {
	var scripts []*record.Script
	for i, path := range paths {
		if slices.Contains(paths[:i], path) {
			return fmt.Errorf("%s is given twice", path)
		}
		name, convs, err := a.readCapture(path, f)
		if err != nil {
			return err
		}
		from := filepath.Base(name)
		if f.opts.Stream != nil {
			from += ", stream " + f.opts.Stream.String()
		}
		scripts = append(scripts, record.NewScript(record.Redact(convs, f.redact), record.Options{Description: "Imported from " + report.Clean(from) + "."}))
	}
	script := scripts[0]
	for _, differ := range script.Vary(scripts[1:]...) {
		a.errorf("banter import", "the captures differ: %s", differ)
	}
	if f.output != "" {
		return a.saveScript(script, f.output)
	}
	source, err := script.YAML()
	if err == nil {
		_, err = a.stdout.Write(source)
	}
	return err
}

// readCapture reads a capture's conversations, and says what is not sure about
// them.
func (a *app) readCapture(path string, f *importFlags) (name string, convs []capture.Conversation, err error) {
	in, name := a.stdin, scenario.StdinName
	if path != scenario.Stdin {
		file, err := os.Open(path)
		if err != nil {
			return "", nil, fmt.Errorf("%s: %w", path, reason(err))
		}
		defer file.Close()
		if f.output != "" && sameFile(path, f.output) {
			return "", nil, fmt.Errorf("%s would take the place of the capture", f.output)
		}
		in, name = file, path
	}
	if convs, err = pcap.Read(in, f.opts); err != nil {
		return "", nil, fmt.Errorf("%s: %w", name, reason(err))
	}
	a.doubts(name, convs)
	return name, convs, nil
}

// doubts says what is not sure about conversations.
func (a *app) doubts(name string, convs []capture.Conversation) {
	guessed, encrypted, open, gaps, missing := 0, 0, 0, 0, int64(0)
	for _, c := range convs {
		if c.Guessed {
			guessed++
		}
		if isTLS(c) {
			encrypted++
		}
		if c.Open {
			open++
		}
		for _, e := range c.Events {
			if e.Kind == capture.Gap {
				gaps++
				missing += max(e.Missing, 0)
			}
		}
	}
	if guessed > 0 {
		a.errorf("banter import", "%s: who connected is a guess in %s without a handshake; --port says which port is the server's", name, counted(guessed, "conversation"))
	}
	if encrypted > 0 {
		a.errorf("banter import", "%s: what %s with TLS said can't be read, and is another each time; tshark's follow,tls,yaml has it where the keys are known",
			name, counted(encrypted, "conversation"))
	}
	if open > 0 {
		a.errorf("banter import", "%s: %s had not ended when the capture did; in the scenario the client closes", name, counted(open, "conversation"))
	}
	if gaps > 0 {
		a.errorf("banter import", "%s: %s missing at %s, which the scenario marks", name, counted(int(missing), "byte"), counted(gaps, "place"))
	}
}

// isTLS reports whether a conversation begins with TLS: a handshake record of
// version 3, which holds a ClientHello (RFC 8446, 5.1 and 4).
func isTLS(c capture.Conversation) bool {
	if c.Datagrams || len(c.Events) == 0 || c.Events[0].Kind != capture.Data {
		return false
	}
	first := c.Events[0].Data
	return len(first) > 5 && first[0] == 22 && first[1] == 3 && first[5] == 1
}

// saveScript writes a script to a file, and its long payloads to files beside it,
// whose names begin as the file's does.
func (a *app) saveScript(script *record.Script, path string) error {
	base := filepath.Base(path)
	base = base[:len(base)-len(filepath.Ext(base))]
	if info, err := os.Stat(path); err != nil || info.Mode().IsRegular() { // beside a pipe there is no place
		script.Save(func(name string, data []byte) (string, error) {
			name = base + "-" + name
			return name, writeWhole(filepath.Join(filepath.Dir(path), name), data)
		})
	}
	source, err := script.YAML()
	if err != nil {
		return err
	}
	if err := writeWhole(path, source); err != nil {
		return fmt.Errorf("%s: %w", path, reason(err))
	}
	return nil
}

// writeWhole writes a file, all of it or none.
func writeWhole(path string, data []byte) error {
	out, err := createReport(path)
	if err != nil {
		return err
	}
	if _, err := out.Write(data); err != nil {
		out.discard()
		return err
	}
	return out.commit()
}
