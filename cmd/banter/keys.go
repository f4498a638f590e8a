package main

import (
	"context"
	"os"

	"golang.org/x/term"
)

// keyboard is a terminal whose keys are heard as they are pressed.
type keyboard struct {
	enter   chan struct{} // Enter was pressed; nil: no keys are heard
	restore func()        // puts the terminal back as it was
}

// keyboard hears the keys of standard input, if that is a terminal that this program
// is in the foreground of, until the context ends. The terminal is then as it was before. Quit is called when q is
// pressed.
func (a *app) keyboard(ctx context.Context, quit func()) *keyboard {
	file, ok := a.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) || !inForeground(int(file.Fd())) {
		return &keyboard{restore: func() {}}
	}
	k := &keyboard{enter: make(chan struct{}, 1), restore: unbuffered(int(file.Fd()))}
	// A second Ctrl-C, while a run comes to its end, ends the program at once.
	context.AfterFunc(ctx, k.restore)
	go func() {
		for key := make([]byte, 1); ctx.Err() == nil; {
			if _, err := file.Read(key); err != nil {
				return // the terminal is gone
			}
			switch key[0] {
			case 'q', 'Q':
				quit()
				return
			case '\r', '\n':
				select {
				case k.enter <- struct{}{}:
				default: // it was pressed already
				}
			}
		}
	}()
	return k
}
