package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// input is what somebody types, or a script has written, line by line. What is
// written to it stands on standard output, above the line that is being typed.
type input struct {
	terminal bool
	write    io.Writer
	read     func() (string, error) // io.EOF at the end
	prompt   func(string)
	giveBack func() // of the terminal

	mu    sync.Mutex
	ended bool
}

// Write shows something, unless it has ended.
func (in *input) Write(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ended {
		return len(p), nil
	}
	return in.write.Write(p)
}

// end gives the terminal back. Nothing is shown any more, though somebody may
// still wait for a line. It can be called again.
func (in *input) end() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.ended {
		in.ended = true
		in.giveBack()
	}
}

// line reads a line, without its end.
func (in *input) line() (string, error) { return in.read() }

// ask reads a line that answers a question.
func (in *input) ask(question string) (string, error) {
	in.prompt(question)
	defer in.prompt(talkPrompt)
	return in.read()
}

// talkPrompt stands in front of what is sent.
const talkPrompt = "> "

// input is where lines come from: an editor where standard input and output are
// a terminal. Interrupted is called at a Ctrl-C, of which the system does not
// tell then.
func (a *app) input(interrupted func()) (*input, error) {
	stdin, _ := a.stdin.(*os.File)
	if _, shown := terminalWidth(a.stdout.w); !shown || stdin == nil || !term.IsTerminal(int(stdin.Fd())) {
		r := bufio.NewReader(a.stdin)
		in := &input{write: a.stdout, prompt: func(string) {}, giveBack: func() {}}
		in.read = func() (string, error) {
			line, err := r.ReadString('\n')
			if line == "" {
				return "", err
			}
			return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), nil
		}
		return in, nil
	}
	was, err := term.MakeRaw(int(stdin.Fd()))
	if err != nil {
		return nil, err
	}
	screen := struct {
		io.Reader
		io.Writer
	}{keys{stdin, interrupted}, a.stdout}
	t := term.NewTerminal(screen, talkPrompt)
	giveBack := func() {
		io.WriteString(a.stdout, "\r\x1b[K") // the prompt
		term.Restore(int(stdin.Fd()), was)
	}
	in := &input{terminal: true, write: t, prompt: t.SetPrompt, giveBack: giveBack}
	in.read = func() (string, error) {
		if columns, rows, err := term.GetSize(int(stdin.Fd())); err == nil && columns > 0 {
			t.SetSize(columns, rows)
		}
		line, err := t.ReadLine()
		if err == term.ErrPasteIndicator {
			err = nil
		}
		return line, err
	}
	return in, nil
}

// keys are those that are pressed.
type keys struct {
	io.Reader
	interrupted func()
}

// Read reads, and looks for Ctrl-C.
func (k keys) Read(p []byte) (int, error) {
	n, err := k.Reader.Read(p)
	if bytes.IndexByte(p[:n], 3) >= 0 {
		k.interrupted()
	}
	return n, err
}
