package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"banter/runner/report"
	"banter/runner/report/html"
	"banter/runner/report/mermaid"
	"banter/runner/report/pcapng"

	"github.com/spf13/cobra"
)

// format is a report that --report takes.
type format struct {
	name      string
	extension string // of the files that it is usually written to
	binary    bool   // it has nothing that a terminal could show
	open      func(w io.Writer, run report.Run) (report.Format, error)
}

// textFormat is the report for people. "banter run" writes it from plays as
// they come; where there are only cases, it is what is known from those.
const textFormat = "text"

// formats are all reports, in the order in which they are listed.
var formats = []format{
	{textFormat, ".txt", false, plain(report.NewJoined)},
	{"junit", ".xml", false, func(w io.Writer, _ report.Run) (report.Format, error) {
		return report.NewJUnit(w, os.Getenv("GITLAB_CI") != ""), nil
	}},
	{"tap", ".tap", false, plain(func(w io.Writer) report.Format { return report.NewTAP(w, 14) })},
	{"tap13", ".tap", false, plain(func(w io.Writer) report.Format { return report.NewTAP(w, 13) })},
	{"jsonl", ".jsonl", false, func(w io.Writer, run report.Run) (report.Format, error) { return report.NewJSONLines(w, run), nil }},
	{"github", ".log", false, openGitHub},
	{"html", ".html", false, func(w io.Writer, run report.Run) (report.Format, error) { return html.New(w, run), nil }},
	{"mermaid", ".md", false, plain(mermaid.New)},
	{"pcapng", ".pcapng", true, func(w io.Writer, _ report.Run) (report.Format, error) { return pcapng.New(w) }},
}

// plain is a format that needs nothing but where to write to.
func plain(open func(io.Writer) report.Format) func(io.Writer, report.Run) (report.Format, error) {
	return func(w io.Writer, _ report.Run) (report.Format, error) { return open(w), nil }
}

// githubSummaryMax is how long a step's part of the job summary may be, in bytes.
const githubSummaryMax = 1 << 20

func openGitHub(w io.Writer, _ report.Run) (report.Format, error) {
	opts := report.GitHubOptions{Workspace: os.Getenv("GITHUB_WORKSPACE")}
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return report.NewGitHub(w, opts), nil
	}
	summary := appender(path)
	size, err := summary.size()
	if err != nil {
		return nil, fmt.Errorf("the job summary ($GITHUB_STEP_SUMMARY), %s: %w", path, reason(err))
	}
	opts.Summary, opts.Room = summary, int(max(0, githubSummaryMax-size))
	return report.NewGitHub(w, opts), nil
}

// appender is a file that is added to.
type appender string

func (a appender) Write(p []byte) (int, error) {
	file, err := os.OpenFile(string(a), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return 0, err
	}
	n, err := file.Write(p)
	return n, errors.Join(err, file.Close())
}

// size is how long the file is. It is there afterwards, and can be written.
func (a appender) size() (int64, error) {
	file, err := os.OpenFile(string(a), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// wantedReport is one --report.
type wantedReport struct {
	*format
	file string // "": standard output
}

// reportFlag is the flag that says which reports are written, and where.
func reportFlag(cmd *cobra.Command, to *[]wantedReport) {
	v := &value[[]wantedReport]{to: to, kind: "FORMAT[=FILE]", parse: func(s string) ([]wantedReport, error) {
		name, file, toFile := strings.Cut(s, "=")
		f, err := formatNamed(name)
		switch {
		case err != nil:
			return nil, err
		case toFile && file == "":
			return nil, errors.New(`has no file behind the "="`)
		case file == "-" || file == "/dev/stdout":
			file = ""
		}
		return append(*to, wantedReport{f, file}), nil
	}}
	cmd.Flags().VarP(v, "report", "o", "write a report: "+strings.Join(formatNames(), ", ")+";\nwithout a file on standard output, in place of the text; given again, each")
	if err := cmd.RegisterFlagCompletionFunc("report", completeReport); err != nil {
		panic(err) // there is no such flag
	}
}

func formatNames() (names []string) {
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

func formatNamed(name string) (*format, error) {
	for i := range formats {
		if formats[i].name == name {
			return &formats[i], nil
		}
	}
	hint := ""
	if like := nearest(strings.ToLower(name), formatNames()); like != "" {
		hint = fmt.Sprintf("did you mean %q? ", like)
	}
	for _, f := range formats {
		if strings.HasSuffix(name, f.extension) {
			hint = fmt.Sprintf("did you mean %q? ", f.name+"="+name)
			break
		}
	}
	return nil, fmt.Errorf("is no format; %sthere are %s", hint, strings.Join(formatNames(), ", "))
}

// completeReport completes a format's name, and then a file.
func completeReport(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	if strings.Contains(word, "=") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return formatNames(), cobra.ShellCompDirectiveNoFileComp
}
