package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"banter/runner/capture"
	"banter/runner/record"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
)

// recordFlags are what "banter record" is told.
type recordFlags struct {
	keepFlags
	to, listen  scenario.Address
	tls         bool
	ca          string
	insecure    bool
	others      bool
	connections int
	runs        int
}

func (a *app) recordCommand() *cobra.Command {
	f := recordFlags{listen: scenario.Address{Host: "127.0.0.1"}, runs: 1}
	cmd := &cobra.Command{
		Use:   "record [FLAGS] --to ADDRESS [COMMAND]",
		Short: "Record what goes through a proxy as a scenario",
		Long: `Record is a proxy that passes everything on unchanged, and writes a scenario of
what went through: one client for each connection, and the servers that they
spoke to. It says where it listens, and what passes, on standard error.

It ends with Ctrl-C, with --connections when so many have ended, or with the
COMMAND that is given, best behind a --: the client, in whose arguments {} is the
address to connect to, {host} and {port} are its halves, and {ca} is the file of the
authority to trust with --tls.

With --runs 2 the client is run twice, and what was not the same both times (a
date, an id, a port) is free in the scenario, or a variable where it is said
again.

An ADDRESS is host:port, udp:host:port or unix:PATH. The exit status is 0 if the
file has all that went through, 1 if it was cut or the COMMAND failed, and 2 if
there is no file.`,
		Example: `  banter record --to 127.0.0.1:6379 -o redis.yaml -- redis-cli -p {port} ping
  banter record --to 127.0.0.1:80 --runs 2 -o web.yaml -- curl http://{}/
  banter record --to mx.example:25 --listen 127.0.0.1:2525 -o smtp.yaml
  banter record --to example.org:443 --tls -o web.yaml -- curl --cacert {ca} https://{}/`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case f.to == scenario.Address{}:
				return errors.New("--to is missing: the address of the real server")
			case !cmd.Flags().Changed("listen") && f.to.Transport == scenario.UDP:
				f.listen.Transport = scenario.UDP
			case (f.to.Transport == scenario.UDP) != (f.listen.Transport == scenario.UDP):
				return fmt.Errorf("--to %s and --listen %s: one is UDP and the other is not", &f.to, &f.listen)
			}
			switch {
			case f.to.Transport == scenario.UDP && (f.tls || f.connections > 0):
				return errors.New("--tls and --connections are for connections, which UDP has none of")
			case !f.tls && (f.ca != "" || f.insecure):
				return errors.New("--ca and --insecure are about --tls")
			case f.ca != "" && f.insecure:
				return errors.New("--ca and --insecure exclude each other")
			case len(args) > 0 && f.connections > 0:
				return errors.New("--connections and a command: the command says when it is over")
			case f.runs > 1 && len(args) == 0 && f.connections == 0:
				return errors.New("--runs needs to know when a run is over: give the client as a command, or --connections, how many one run has")
			}
			return a.record(cmd.Context(), args, &f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.SetInterspersed(false) // what follows the command is its own
	flags.Var(addressTo(&f.to, "ADDRESS"), "to", "the real server")
	flags.Var(addressAt(&f.listen, "ADDRESS"), "listen", "where to wait for clients (a free port on 127.0.0.1)")
	f.keepFlags.flags(cmd)
	flags.Var(positive(&f.connections, "N"), "connections", "end when so many have been made and have ended, in each run")
	flags.Var(positive(&f.runs, "N"), "runs", "run the client so often, and let vary what was not the same")
	flags.BoolVar(&f.tls, "tls", false, "speak TLS on both sides, and record what is in it")
	flags.StringVar(&f.ca, "ca", "", "trust the authorities in this PEM `FILE`, and not the system's")
	flags.BoolVar(&f.insecure, "insecure", false, "take any certificate of the real server")
	flags.BoolVar(&f.others, "allow-net", false, "let other machines connect, where --listen is every address")
	return cmd
}

// settleTime is how long connections may take to end when their client has.
const settleTime = 2 * time.Second

// apart is how much later a further run begins: clocks that show seconds differ
// then.
const apart = 1100 * time.Millisecond

// pause lets time pass.
func (a *app) pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// record passes on and writes what has passed.
func (a *app) record(ctx context.Context, command []string, f *recordFlags) error {
	a.shareErrors()
	k, err := a.keep(&f.keepFlags, capture.Client)
	if err != nil {
		return err
	}
	defer k.discard()
	to, err := resolve(ctx, f.to)
	if err != nil {
		return err
	}
	p := &record.Proxy{To: to, Tape: k.tape, Most: f.connections * f.runs}
	ca := ""
	if f.tls {
		p.TLS = &record.ProxyTLS{}
		if p.TLS.Target, err = clientTLS(f.to, f.ca, f.insecure); err != nil {
			return err
		}
		dir := ""
		if p.TLS.Client, dir, ca, err = ownTLS(p.TLS.Target.Name, f.listen.Host); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	ln, err := open(ctx, f.listen, -1, f.others)
	if err != nil {
		return err
	}
	k.listening(ln, " for "+f.to.String(), reach(f.listen, f.others), ca, len(command) == 0 && f.connections == 0)

	showing := k.show()
	serving, end := context.WithCancel(ctx)
	defer end()
	served := make(chan error, 1)
	go func() { served <- p.Serve(serving, ln) }()
	var failed error
	var runs []int // how many connections there were at the end of each
	if len(command) > 0 {
		for n := range f.runs {
			if n > 0 {
				a.pause(ctx, apart)
			}
			if err := a.client(ctx, command, ln, ca, f); err != nil {
				failed = err
				if _, ran := errors.AsType[*exec.ExitError](err); !ran {
					end()
					<-served
					showing()
					return err
				}
				a.errorf("banter record", "%v", err)
				failed = status(statusFailed)
			}
			p.Settle(ctx, ln, settleTime)
			takes, _ := k.tape.Takes()
			runs = append(runs, len(takes))
		}
		end()
	}
	err = <-served
	showing()
	if err != nil {
		a.errorf("banter record", "can't accept any more: %s", err)
	}
	for n := range f.runs {
		if f.connections > 0 {
			runs = append(runs, (n+1)*f.connections)
		}
	}
	return cmp.Or(k.write("banter record", runs), failed)
}

// shareErrors has standard error be for several at a time: the system's own is.
func (a *app) shareErrors() {
	if _, own := a.stderr.(*os.File); !own {
		a.stderr = &shared{w: a.stderr}
	}
}

// shared is a writer for several goroutines.
type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// client runs the command once.
func (a *app) client(ctx context.Context, command []string, ln record.Acceptor, ca string, f *recordFlags) error {
	host, port := hostPort(ln.Addr())
	address := ln.Addr().Path
	if host != "" {
		address = net.JoinHostPort(host, port)
	}
	fill := strings.NewReplacer("{}", address, "{host}", host, "{port}", port, "{ca}", ca)
	args := make([]string, len(command))
	for i, word := range command {
		args[i] = fill.Replace(word)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = settleTime
	cmd.Stdout, cmd.Stderr = a.stdout.w, a.stderr // it may look whether they are a terminal
	if f.output == "" {
		cmd.Stdout = a.stderr // the scenario goes to standard output
	}
	if f.runs == 1 {
		cmd.Stdin = a.stdin
	}
	err := cmd.Run()
	if ctx.Err() != nil || err == nil {
		return nil
	}
	if unfit, ok := errors.AsType[*exec.Error](err); ok {
		err = unfit.Err
	}
	return fmt.Errorf("%s: %w", args[0], reason(err))
}
