package report

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"banter/runner/transcript"
)

// GitHubOptions are what a job of GitHub Actions has beside its log.
type GitHubOptions struct {
	Workspace string    // the folder that annotations name files from; "": the current one
	Summary   io.Writer // of the job, in Markdown; nil: none
	Room      int       // bytes that Summary has room for
}

// githubAnnotations is how many annotations of a kind GitHub shows of a step.
const githubAnnotations = 10

// github writes the text report into the log, and annotations below it.
type github struct {
	joined
	w    io.Writer
	opts GitHubOptions
}

// NewGitHub returns a report for the log of GitHub Actions: failures as text,
// then an annotation for each at its place in the scenario file, ten at most.
// What stands in the log can't command GitHub.
func NewGitHub(w io.Writer, opts GitHubOptions) Format {
	return &github{joined: joined{w: quiet{w, rand.Text()}}, w: w, opts: opts}
}

// quiet writes what GitHub looks for no commands in.
type quiet struct {
	w   io.Writer
	key string // that has it look again; no peer can know it
}

func (q quiet) Write(p []byte) (int, error) {
	if _, err := fmt.Fprintf(q.w, "::stop-commands::%s\n%s::%[1]s::\n", q.key, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (g *github) Close(s Summary) error {
	if err := g.joined.Close(s); err != nil {
		return err
	}
	var b strings.Builder
	shown := 0
	for _, group := range g.groups.List {
		if !group.Status.Bad() {
			continue
		}
		shown++
		if shown == githubAnnotations && s.Bad() > githubAnnotations {
			fmt.Fprintf(&b, "::error title=banter::%d more scenarios failed; the log has them all\n", s.Bad()-shown+1)
			break
		}
		g.annotation(&b, group)
	}
	if s.Interrupted {
		fmt.Fprintf(&b, "::warning title=banter::interrupted; %s not run\n", count(s.NotRun, "scenario"))
	}
	_, err := io.WriteString(g.w, b.String())
	if g.opts.Summary != nil {
		_, summaryErr := io.WriteString(g.opts.Summary, markdown(&s, g.groups.List, g.opts.Room))
		if summaryErr != nil {
			summaryErr = fmt.Errorf("job summary: %w", summaryErr)
		}
		err = errors.Join(err, summaryErr)
	}
	return err
}

func (g *github) annotation(b *strings.Builder, group *Group) {
	c := group.Case
	file, line, column := c.place()
	text := []string{group.Cause()}
	if len(c.Failures) > 0 {
		f := &c.Failures[0]
		for _, note := range f.Notes[:min(len(f.Notes), notesMax)] {
			text = append(text, clip(Clean(note), oneLineMax))
		}
		const most = 100
		if len(f.Want) > 0 {
			text = append(text, "expected "+transcript.Quote(f.Want, int64(len(f.Want)), most))
		}
		if len(f.Got) > 0 {
			text = append(text, "received "+transcript.Quote(f.Got, int64(len(f.Got)), most))
		}
	}
	fmt.Fprintf(b, "::error file=%s,line=%d", githubProperty(Clean(g.fromWorkspace(file))), line)
	if column > 0 {
		fmt.Fprintf(b, ",col=%d", column)
	}
	fmt.Fprintf(b, ",title=%s::%s\n", githubProperty(clip(Clean(c.Name), lineMax)), githubData(strings.Join(text, "\n")))
}

// fromWorkspace is a file as GitHub finds it.
func (g *github) fromWorkspace(file string) string {
	if g.opts.Workspace != "" {
		if abs, err := filepath.Abs(file); err == nil {
			if rel, err := filepath.Rel(g.opts.Workspace, abs); err == nil && filepath.IsLocal(rel) {
				file = rel
			}
		}
	}
	return filepath.ToSlash(file)
}

// What workflow commands escape, as github.com/actions/toolkit does.
var (
	githubDataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubPropertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func githubData(s string) string     { return githubDataEscapes.Replace(s) }
func githubProperty(s string) string { return githubPropertyEscapes.Replace(s) }
