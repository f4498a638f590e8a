package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"banter/runner/capture"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

// talkFlags are what "banter talk" is told.
type talkFlags struct {
	keepFlags
	eol      string
	tls      bool
	ca       string
	insecure bool
	timeout  time.Duration
}

func (a *app) talkCommand() *cobra.Command {
	f := talkFlags{timeout: 10 * time.Second}
	cmd := &cobra.Command{
		Use:   "talk [FLAGS] [ADDRESS]",
		Short: "Be the client, at the keyboard",
		Long: `Talk connects to an ADDRESS (host:port, udp:host:port or unix:PATH; asked for when
left out) and sends each line that is typed, with the end of line. What comes is
shown as it comes: a line as it is, and what is no line, or not printable, in
quotes or as hex.

A line that begins with / is a command:

` + talkCommands + `
Ctrl-D half-closes, as /shutdown does; Ctrl-C closes. From a pipe it works the
same way, for scripts; a missing address and port are its first lines.

With -o FILE the talk is kept as a scenario, which passes against the same server:
banter run --connect server=ADDRESS FILE. The exit status is 0, or 1 if there was
no connection, or 2 if the call is wrong or there is no file.`,
		Example: `  banter talk 127.0.0.1:7890
  banter talk -o smtp.yaml mx.example:25
  printf 'PING\n' | banter talk 127.0.0.1:6379
  banter talk --tls example.org:443`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.ca != "" && f.insecure {
				return errors.New("--ca and --insecure exclude each other")
			}
			address := ""
			if len(args) > 0 {
				address = args[0]
			}
			return a.talk(cmd.Context(), address, &f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	eolFlag(cmd, &f.eol, "crlf", "what is sent at the end of a line")
	f.keepFlags.flags(cmd)
	flags.BoolVar(&f.tls, "tls", false, "begin with TLS")
	flags.StringVar(&f.ca, "ca", "", "trust the authorities in this PEM `FILE`, and not the system's")
	flags.BoolVar(&f.insecure, "insecure", false, "take any certificate")
	flags.Var(length(&f.timeout, "D"), "timeout", "how long connecting may take (10s)")
	return cmd
}

// eolFlag is what ends a line.
func eolFlag(cmd *cobra.Command, to *string, usual, usage string) {
	ends := map[string]string{"crlf": "\r\n", "lf": "\n", "none": ""}
	*to = ends[usual]
	cmd.Flags().Var(&value[string]{to: to, kind: "crlf|lf|none", text: usual, parse: func(s string) (string, error) {
		end, ok := ends[s]
		if !ok {
			return *to, errors.New("must be one of crlf, lf, none")
		}
		return end, nil
	}}, "eol", usage)
	complete(cmd, "eol", cobra.FixedCompletions([]string{"crlf", "lf", "none"}, cobra.ShellCompDirectiveNoFileComp))
}

// talk connects, and lets somebody talk.
func (a *app) talk(ctx context.Context, address string, f *talkFlags) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	in, err := a.input(stop)
	if err != nil {
		return err
	}
	defer in.end()
	if address, err = ask(in, address); err != nil {
		return err
	}
	to, err := scenario.ParseAddress(address)
	if err != nil {
		return fmt.Errorf("%q is no address: %w", address, err)
	}
	t := &talker{in: in, eol: []byte(f.eol), timeout: f.timeout}
	if t.tls, err = clientTLS(to, f.ca, f.insecure); err != nil {
		return err
	}
	k, err := a.keep(&f.keepFlags, capture.Client)
	if err != nil {
		return err
	}
	defer k.discard()
	err = t.meet(ctx, to, k.tape, f.tls)
	in.end()
	if err != nil {
		a.errorf("banter talk", "%v", err)
		err = status(statusFailed)
	}
	if f.output != "" && len(k.tape.News()) > 0 {
		err = errors.Join(k.write("banter talk", nil), err)
	}
	return err
}

// ask asks for what of an address is missing. A script has the answers in its
// first lines; where it names an address itself, it is all there.
func ask(in *input, address string) (string, error) {
	if !in.terminal && address != "" {
		return address, nil
	}
	answer := func(question string) (string, error) {
		line, err := in.ask(question)
		switch {
		case err == io.EOF && in.terminal:
			return "", status(statusInterrupted)
		case err == io.EOF:
			return "", fmt.Errorf("no %s; give an address, as in \"banter talk 127.0.0.1:7890\"", strings.TrimSuffix(question, ": "))
		}
		return strings.TrimSpace(line), err
	}
	var err error
	for address == "" && err == nil {
		address, err = answer("address: ")
	}
	if err != nil || strings.HasPrefix(address, "unix:") {
		return address, err
	}
	bare := strings.TrimPrefix(address, "udp:")
	if _, _, split := net.SplitHostPort(bare); split == nil {
		return address, nil
	}
	for {
		port, err := answer("port: ")
		if err != nil {
			return "", err
		}
		if n, err := strconv.Atoi(port); err == nil && n > 0 && n < 1<<16 {
			return strings.TrimSuffix(address, bare) + net.JoinHostPort(strings.Trim(bare, "[]"), port), nil
		}
		if !in.terminal {
			return "", fmt.Errorf("port %q: a port is a number from 1 to 65535", port)
		}
		fmt.Fprintln(in, "a port is a number from 1 to 65535")
	}
}
