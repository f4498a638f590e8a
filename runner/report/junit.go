package report

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
)

// junit collects, as the counts stand in front of the cases.
type junit struct {
	w      io.Writer
	gitlab bool
	groups Groups
}

// NewJUnit returns a report in JUnit's XML: a suite for each scenario file, a
// test case for each scenario. It is what the schema allows that Jenkins has for
// it (junit-10.xsd of its xUnit plugin). GitLab wants the file beside each test
// case, for which that schema has no place.
func NewJUnit(w io.Writer, gitlab bool) Format { return &junit{w: w, gitlab: gitlab} }

func (j *junit) Add(c *Case) error {
	j.groups.Add(c.Slim())
	return nil
}

// junitSuite is the scenarios of one file.
type junitSuite struct {
	file    string
	groups  []*Group
	counts  Summary
	elapsed time.Duration
}

func (j *junit) Close(s Summary) error {
	var suites []*junitSuite
	byFile := map[string]*junitSuite{}
	for _, g := range j.groups.List {
		suite := byFile[g.Case.File]
		if suite == nil {
			suite = &junitSuite{file: g.Case.File}
			byFile[suite.file] = suite
			suites = append(suites, suite)
		}
		suite.groups = append(suite.groups, g)
		suite.elapsed += g.Elapsed
	}
	b := bufio.NewWriter(j.w)
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
	fmt.Fprintf(b, "<testsuites name=\"banter\" tests=\"%d\" failures=\"%d\" errors=\"%d\" time=%q>\n",
		s.Scenarios, s.Failed+s.Flaky, s.Broken, seconds(s.Elapsed))
	for _, suite := range suites {
		j.suite(b, suite)
	}
	b.WriteString("</testsuites>\n")
	return b.Flush()
}

func (j *junit) suite(b *bufio.Writer, suite *junitSuite) {
	(&Groups{List: suite.groups}).Count(&suite.counts)
	n := &suite.counts
	fmt.Fprintf(b, "  <testsuite name=\"%s\" file=\"%[1]s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" skipped=\"%d\" time=%q",
		xmlText(suite.file), n.Scenarios, n.Failed+n.Flaky, n.Broken, n.Skipped+n.NotRun, seconds(suite.elapsed))
	if began := suite.groups[0].Case.Began; !began.IsZero() {
		fmt.Fprintf(b, " timestamp=%q", began.UTC().Format("2006-01-02T15:04:05"))
	}
	b.WriteString(">\n")
	for _, g := range suite.groups {
		j.testcase(b, g)
	}
	b.WriteString("  </testsuite>\n")
}

func (j *junit) testcase(b *bufio.Writer, g *Group) {
	c := g.Case
	fmt.Fprintf(b, "    <testcase name=\"%s\" classname=\"%s\" time=%q", xmlText(c.Name), xmlText(className(c.File)), seconds(g.Elapsed))
	if j.gitlab {
		fmt.Fprintf(b, " file=\"%s\"", xmlText(c.File))
	}
	switch g.Status {
	case Passed:
		b.WriteString("/>\n")
		return
	case Skipped, NotRun, Stopped:
		fmt.Fprintf(b, "><skipped message=\"%s\"/></testcase>\n", xmlText(c.why()))
		return
	case Broken:
		b.WriteString(">\n")
		junitFailure(b, "error", string(Broken), c.Cause(), c)
	case Flaky:
		b.WriteString(">\n")
		junitFailure(b, "failure", string(Flaky), g.flaky(), c)
	default:
		b.WriteString(">\n")
		junitFailure(b, "failure", c.kind(), c.Cause(), c)
	}
	// The other rounds, as Maven's Surefire has them.
	again := "rerunFailure"
	if g.Status == Flaky {
		again = "flakyFailure"
	}
	for _, other := range g.Failures[1:] {
		junitFailure(b, again, other.kind(), fmt.Sprintf("run %d: %s", other.Round, other.Cause()), other)
	}
	b.WriteString("    </testcase>\n")
}

func junitFailure(b *bufio.Writer, element, kind, message string, c *Case) {
	fmt.Fprintf(b, "      <%s type=\"%s\" message=\"%s\">%s</%[1]s>\n", element, xmlText(kind), xmlText(message), xmlText(c.picture()))
}

// className is a file as a class of Java, whose packages Jenkins shows as
// folders: "scenarios.tour.01-greeting".
func className(file string) string {
	file = filepath.ToSlash(filepath.Clean(file))
	file = strings.TrimSuffix(file, filepath.Ext(file))
	var parts []string
	for part := range strings.SplitSeq(file, "/") {
		if part = strings.ReplaceAll(part, ".", "_"); part != "" && part != "__" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ".")
}

// seconds is a time as XML's decimal.
func seconds(d time.Duration) string { return fmt.Sprintf("%.6f", max(d, 0).Seconds()) }

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// xmlText is text for XML 1.0, as it stands in an element or in an attribute in
// double quotes. What XML has no characters for is made visible.
func xmlText(s string) string { return xmlEscapes.Replace(cleanLines(s)) }
