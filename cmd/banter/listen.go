package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"banter/runner/capture"
	"banter/runner/record"
	"banter/runner/scenario"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// listenFlags are what "banter listen" is told.
type listenFlags struct {
	keepFlags
	reply   string
	eol     string
	echo    bool
	backlog int
	once    bool
	tls     bool
	others  bool
}

func (a *app) listenCommand() *cobra.Command {
	f := listenFlags{backlog: -1}
	cmd := &cobra.Command{
		Use:   "listen [FLAGS] [ADDRESS]",
		Short: "Be a server, in one line",
		Long: `Listen waits for clients at an ADDRESS (host:port, :port for every address of this
machine, udp:host:port or unix:PATH; a free port on 127.0.0.1 if left out) and
shows what each of them says.

With --reply it waits for the first bytes of each connection, replies, half-closes
and reads on to the client's end. With --echo all that comes goes back. With
neither it only listens.

It ends with Ctrl-C or, with --once, after the first connection. With -o FILE
what was said is kept as a scenario. The exit status is 0, or 1 if the file was
cut, or 2 if the call is wrong or there is no file.`,
		Example: `  banter listen 127.0.0.1:7890 --reply hhhh --backlog 128
  banter listen --echo unix:echo.sock
  banter listen --once -o client.yaml :7890`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at := scenario.Address{Host: "127.0.0.1"}
			if len(args) > 0 {
				var err error
				if at, err = scenario.ParseBind(args[0]); err != nil {
					return fmt.Errorf("%q is no address: %w", args[0], err)
				}
			}
			udp := at.Transport == scenario.UDP
			switch {
			case f.echo && cmd.Flags().Changed("reply"):
				return errors.New("--echo and --reply exclude each other")
			case udp && (f.tls || f.once || f.backlog >= 0):
				return errors.New("--tls, --once and --backlog are for connections, which UDP has none of")
			}
			s := &record.Answerer{Echo: f.echo}
			if cmd.Flags().Changed("reply") {
				s.Reply = []byte(f.reply + f.eol)
			}
			return a.listen(cmd.Context(), at, s, &f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.reply, "reply", "", "answer each connection with this `TEXT`")
	eolFlag(cmd, &f.eol, "none", "what stands behind the reply")
	flags.BoolVar(&f.echo, "echo", false, "send back what comes")
	flags.Var(backlogFlag(&f.backlog, "N"), "backlog", "how many connections may wait to be accepted (the system's maximum)")
	flags.BoolVar(&f.once, "once", false, "end with the first connection")
	flags.BoolVar(&f.tls, "tls", false, "speak TLS, with a certificate that is made")
	f.keepFlags.flags(cmd)
	flags.BoolVar(&f.others, "allow-net", false, "let other machines connect, where the address is every one")
	return cmd
}

// backlogFlag is the length of a queue, as listen(2) takes it.
func backlogFlag(to *int, kind string) pflag.Value {
	return &value[int]{to: to, kind: kind, parse: func(s string) (int, error) {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 || n > 1<<16-1 {
			return *to, errors.New("must be a whole number from 0 to 65535")
		}
		return n, nil
	}}
}

// listen answers clients, and shows what they say.
func (a *app) listen(ctx context.Context, at scenario.Address, s *record.Answerer, f *listenFlags) error {
	a.shareErrors()
	k, err := a.keep(&f.keepFlags, capture.Server)
	if err != nil {
		return err
	}
	defer k.discard()
	s.Tape = k.tape
	if f.once {
		s.Most = 1
	}
	ca := ""
	if f.tls {
		dir := ""
		if s.TLS, dir, ca, err = ownTLS("banter", at.Host); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	ln, err := open(ctx, at, f.backlog, f.others)
	if err != nil {
		return err
	}
	k.listening(ln, "", reach(at, f.others), ca, !f.once)
	showing := k.show()
	err = s.Serve(ctx, ln)
	showing()
	if err != nil {
		a.errorf("banter listen", "can't accept any more: %s", err)
	}
	if f.output == "" {
		return nil
	}
	return k.write("banter listen", nil)
}
