package runner

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"sync"
	"syscall"

	"banter/runner/scenario"
)

// tmp is the run's own folder, ${tmp}. It is made when it is first needed, and
// removed at the end.
type tmp struct {
	once sync.Once
	dir  string
	err  error
}

// folder is the run's own folder.
func (p *play) folder() (string, error) {
	p.tmp.once.Do(func() { p.tmp.dir, p.tmp.err = os.MkdirTemp("", "banter-") })
	return p.tmp.dir, p.tmp.err
}

// write writes the scenario's files, and reports whether it could.
func (p *play) write() bool {
	for i := range p.scenario.Files {
		f := &p.scenario.Files[i]
		if err := p.writeFile(f); err != nil {
			p.fail(Failure{Kind: Environment, Pos: f.Pos, At: p.now(), Message: fmt.Sprintf("can't write the file %s: %s", f.Name, err)})
			return false
		}
	}
	return true
}

func (p *play) writeFile(f *scenario.TmpFile) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	content, err := f.Content.Bytes(&scope{p: p})
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // whatever its name says, the file is below
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.MkdirAll(path.Dir(f.Name), 0o700); err != nil {
		return err
	}
	mode := os.FileMode(0o600)
	if first, _ := content.At(0); bytes.HasPrefix(first, []byte("#!")) { // it can be started
		mode = 0o700
	}
	// A program that is just being started has a copy of what is open here, and
	// what somebody has open for writing can't be started.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	file, err := root.OpenFile(f.Name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	for off := int64(0); off < content.Len() && err == nil; {
		piece, _ := content.At(off)
		off += int64(len(piece))
		_, err = file.Write(piece)
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}

// clean gives back the ports, and removes the run's own folder.
func (p *play) clean() {
	for _, c := range p.processes {
		if c.release != nil {
			c.release()
		}
	}
	if p.tmp.dir == "" {
		return
	}
	if err := os.RemoveAll(p.tmp.dir); err != nil {
		p.fail(Failure{Kind: Environment, Pos: p.scenario.Pos, At: p.now(), Message: "can't remove the run's own folder: " + err.Error()})
	}
}
