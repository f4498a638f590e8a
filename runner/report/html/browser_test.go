package html

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"banter/runner/report"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long a browser may take for anything.
const patience = 60 * time.Second

// chromium is the browser that all tests share, started by the first of them.
var chromium struct {
	once  sync.Once
	ctx   context.Context
	err   error
	close func()
}

func TestMain(m *testing.M) {
	code := m.Run()
	if chromium.close != nil {
		chromium.close()
	}
	os.Exit(code)
}

// needed is a program of the tests. One that is not installed skips them, or
// fails them where BANTER_REQUIRE_PEERS is set.
func needed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
		return path
	case os.Getenv("BANTER_REQUIRE_PEERS") != "":
		t.Fatalf("%s is not installed", name)
	}
	t.Skipf("%s is not installed", name)
	return ""
}

// tab is a page that a browser has opened from disk, and what it complained of.
type tab struct {
	*testing.T
	ctx context.Context

	mu     sync.Mutex
	errors []string
}

// action is something to do in a browser.
type action = chromedp.Action[chromedp.Void]

// command is an action of the protocol itself.
func command[P, R any](c cdp.Command[P, R], params P) action {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// opened opens a page in a browser. What is to be done before that comes with it.
func opened(t *testing.T, content string, before ...action) *tab {
	t.Helper()
	path := needed(t, "chromium")
	chromium.once.Do(func() {
		options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
			chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
		allocator, closeAll := chromedp.NewExecAllocator(context.Background(), options...)
		ctx, cancel := chromedp.NewContext(allocator)
		chromium.ctx, chromium.close = ctx, func() { cancel(); closeAll() }
		chromium.err = chromedp.Do(ctx)
	})
	if chromium.err != nil {
		t.Fatal(chromium.err)
	}
	ctx, cancel := chromedp.NewContext(chromium.ctx)
	t.Cleanup(cancel)
	p := &tab{T: t, ctx: ctx}
	listening := chromedp.Listen(ctx, func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			p.errors = append(p.errors, e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			p.errors = append(p.errors, fmt.Sprintf("console.%s", e.Type))
		case *log.EventEntryAdded:
			p.errors = append(p.errors, e.Entry.Text)
		}
	})
	if listening != nil {
		t.Fatal(listening)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	p.do(command(log.Enable, cdp.Empty{}), command(runtime.Enable, cdp.Empty{}))
	p.do(before...)
	p.do(chromedp.Navigate("file://" + file))
	return p
}

func (p *tab) do(actions ...action) {
	p.Helper()
	run(p, chromedp.Steps(actions...))
}

// run is the value of an action.
func run[T any](p *tab, a chromedp.Action[T]) T {
	p.Helper()
	ctx, stop := context.WithTimeout(p.ctx, patience)
	defer stop()
	value, err := chromedp.Run(ctx, a)
	if err != nil {
		p.Fatal(err)
	}
	return value
}

// click clicks an element, once it is where a person would see it.
func (p *tab) click(selector string) {
	p.Helper()
	p.do(chromedp.ScrollIntoView(selector))
	run(p, chromedp.Evaluate[bool](`new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(true))))`, chromedp.EvalAwaitPromise))
	p.do(chromedp.Click(selector))
}

// press presses a key, and the page may take it for itself.
func press(key string) action {
	return chromedp.Steps(
		command(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key}),
		command(input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyUp, Key: key}))
}

// complained is what the browser had to say about the page.
func (p *tab) complained() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.errors)
}

// is checks an expression.
func is[T comparable](p *tab, expression string, want T) {
	p.Helper()
	if got := run(p, chromedp.Evaluate[T](expression)); got != want {
		p.Errorf("%s is %v, want %v", expression, got, want)
	}
}

// quiet checks that the browser had nothing to complain of.
func (p *tab) quiet() {
	p.Helper()
	for _, e := range p.complained() {
		p.Errorf("the browser says: %s", e)
	}
}

const shown = `document.querySelectorAll(".scenario:not([hidden])").length`

// some are scenarios of several kinds: the first fails, the others pass, one
// is skipped.
func some(t *testing.T) []*report.Case {
	t.Helper()
	cases := append(played(t, greeting), passing100(t)[:5]...)
	return append(cases, &report.Case{Name: "tls", File: "tls.yaml", Line: 1, Round: 1, Status: report.Skipped, Reason: "there is no openssl"})
}

func TestBrowserRenders(t *testing.T) {
	p := opened(t, pageOf(t, some(t)))
	is(p, `document.querySelector("h1").textContent`, "1 of 7 scenarios failed")
	is(p, `document.title`, "1 of 7 scenarios failed · banter")
	is(p, `document.querySelectorAll("svg.seq").length`, 6)
	is(p, `document.querySelectorAll("details[open]").length`, 1)
	is(p, `document.querySelector("details[open] h3").textContent`, "greeting")
	is(p, `document.querySelector(".seq .bad text:not(.time)").textContent`, `expected "hhhh"the bytes differ at offset 2`)
	is(p, `document.querySelector(".source .bad").innerText.includes("^ the bytes differ at offset 2")`, true)
	is(p, `document.querySelector(".source .bad td").dataset.n`, "8")
	is(p, `[...document.querySelectorAll(".seq text.on")].slice(0, 3).map(e => e.textContent).join(" ")`, `connect "hello" "hhxh"`)
	is(p, `[...document.querySelectorAll("h1, h2, h3, h4")].map(e => e.tagName).join("").startsWith("H1H2H3H4")`, true)
	is(p, `[...document.querySelectorAll("svg.seq, [role=region], input, nav")].every(e => e.getAttribute("aria-label") || e.querySelector("title"))`, true)
	p.quiet()
}

// No label of a diagram runs into its neighbours or out of the picture, of
// whatever characters it is.
func TestBrowserLabelsFit(t *testing.T) {
	wide := strings.NewReplacer("hello", "你好，世界 🎉🎉 你好，世界", "greeter", "问候者问候者", "ann", "安").Replace(greeting)
	cases := append(played(t, greeting), played(t, wide)...)
	cases[1].Name = "wide"
	p := opened(t, pageOf(t, cases))
	is(p, `document.querySelectorAll("svg.seq").length`, 2)
	is(p, `(() => {
		const bad = [];
		for (const svg of document.querySelectorAll("svg.seq")) {
			const all = [...svg.querySelectorAll("text")].map(e => [e.firstChild.textContent, e.getBoundingClientRect()]);
			const box = svg.getBoundingClientRect();
			all.forEach(([text, r], i) => {
				if (r.left < box.left || r.right > box.right + 1) bad.push(text + " is cut");
				for (const [other, o] of all.slice(i + 1)) {
					if (r.left < o.right && o.left < r.right && r.top < o.bottom - 3 && o.top < r.bottom - 3) bad.push(text + " | " + other);
				}
			});
		}
		return bad.join("\n");
	})()`, "")
	p.quiet()
}

func TestBrowserFilters(t *testing.T) {
	p := opened(t, pageOf(t, some(t)))
	is(p, shown, 7)
	p.do(press("/"), chromedp.KeyEvent("no OPENSSL"))
	is(p, `document.activeElement.id`, "filter")
	is(p, shown, 1)
	is(p, `document.getElementById("shown").textContent`, "1 shown")
	p.do(chromedp.KeyEvent(kb.Escape))
	is(p, shown, 7)
	p.do(chromedp.KeyEvent("DIFFER offset"))
	is(p, shown, 1)
	p.do(chromedp.KeyEvent(kb.Escape))

	p.click(`button[data-status=passed]`)
	is(p, shown, 5)
	is(p, `document.querySelector("button[aria-pressed=true]").dataset.status`, "passed")
	is(p, `document.querySelector("section.of.failed").hidden`, true)
	p.click(`button[data-status=""]`)
	is(p, shown, 7)

	p.click(`#unfold`)
	is(p, `document.querySelectorAll("details:not([open])").length`, 0)
	p.click(`#unfold`)
	is(p, `document.querySelectorAll("details[open]").length`, 0)
	p.click(`#s3 summary`)
	is(p, `document.querySelector("#s3").open`, true)
	p.do(chromedp.Focus(`#s4 summary`), chromedp.KeyEvent(" "))
	is(p, `document.querySelector("#s4").open`, true)
	p.do(chromedp.Evaluate[chromedp.Void](`location.hash = "s5"`), chromedp.WaitVisible(`#s5 svg`))
	p.quiet()
}

// Without scripts the page is all there, and what needs them is not.
func TestBrowserWithoutScripts(t *testing.T) {
	p := opened(t, pageOf(t, some(t)), command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	is(p, shown, 7)
	is(p, `document.querySelector(".tools").hidden`, true)
	is(p, `document.querySelectorAll(".statuses button:enabled").length`, 0)
	is(p, `document.querySelector("#s1 .source").getBoundingClientRect().height > 50`, true)
	p.do(chromedp.Focus(`#s3 summary`), chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`#s3 svg`))
	is(p, `document.querySelector("#s3").open`, true)
	p.quiet()
}

// A phone scrolls what is wide in its own box, and never the page.
func TestBrowserOnAPhone(t *testing.T) {
	long := played(t, strings.ReplaceAll(greeting, "hello", strings.Repeat("hello", 200)))
	long[0].Name = strings.Repeat("a-long-name", 20)
	p := opened(t, pageOf(t, append(some(t), long...)), chromedp.EmulateViewport(375, 700, chromedp.EmulateMobile))
	p.click(`#unfold`)
	is(p, `document.documentElement.scrollWidth`, 375)
	is(p, `[...document.querySelectorAll("main *")].filter(e => !e.closest(".wide") && e.getBoundingClientRect().right > 375).length`, 0)
	p.quiet()
}

// Whatever the colours, text can be told from what is behind it.
func TestBrowserContrast(t *testing.T) {
	content := pageOf(t, append(some(t), hostile(t)...))
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			p := opened(t, content, command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
			p.click(`#unfold`)
			is(p, `getComputedStyle(document.body).backgroundColor`, map[string]string{"light": "rgb(247, 246, 243)", "dark": "rgb(22, 23, 26)"}[scheme])
			is(p, contrast, "")
			p.quiet()
		})
	}
}

// contrast is what has less than WCAG's 4.5 : 1.
const contrast = `(() => {
	const rgb = c => (c.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
	const light = c => {
		const [r, g, b] = c.slice(0, 3).map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = rgb(getComputedStyle(e).backgroundColor);
			if (c.length < 4 || c[3] > 0) return c;
		}
		return [255, 255, 255];
	};
	const bad = new Set();
	for (const e of document.querySelectorAll("body *")) {
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.getClientRects().length || e.closest("script, title")) continue;
		const style = getComputedStyle(e);
		const a = light(rgb(e.closest("svg") ? style.fill : style.color)), b = light(behind(e));
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (ratio < 4.5) bad.add(e.tagName + "." + e.className + " " + ratio.toFixed(2));
	}
	return [...bad].join("\n");
})()`

func TestBrowserPrints(t *testing.T) {
	pdftotext := needed(t, "pdftotext")
	p := opened(t, pageOf(t, some(t)))
	cmd := exec.Command(pdftotext, "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(run(p, chromedp.PrintToPDF()))
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 of 7 scenarios failed", "ann, step 2 of 3: the bytes differ at offset 2", "greeter/ann", `expected "hhhh"`, "greeting 4", "there is no openssl"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s on paper:\n%s", want, text)
		}
	}
	if strings.Contains(string(text), "Unfold") {
		t.Error("what is to be clicked is on paper")
	}
	p.quiet()
}

// evil are texts that try to be more than text.
var evil = []string{
	`<script>window.pwned = 1</script>`, `</script></style></title></svg><img src=x onerror="window.pwned=1">`,
	`]]><svg onload=window.pwned=1>`, `javascript:window.pwned=1`, `" onmouseover="window.pwned=1" autofocus onfocus="window.pwned=1`,
	`' onclick='window.pwned=1`, "\x1b[2J\x1b]0;evil\x07", "\xff\xfe\x80", "a\u202eb\u2066c", "\x00\r\n\u2028", "{{.}}${1}`", `<!--`, `&lt;script&gt;`,
}

// hostile are plays with such texts wherever one can be.
func hostile(t *testing.T) []*report.Case {
	t.Helper()
	var list []*report.Case
	for i, text := range evil {
		c := played(t, greeting)[0]
		c.Name, c.File, c.Description, c.Row, c.Reason, c.Tags = text, text, text, text, text, []string{text}
		c.Note, c.Changes = text, []string{text}
		c.Line = i + 1
		c.Picture = "again: " + text
		for j := range c.Actors {
			a := &c.Actors[j]
			a.Name += text
			a.Peer += text
			a.Left = append(a.Left, text)
			a.TCP = []report.CaseTCP{{Over: text, Congestion: text}}
			a.Observed = append(a.Observed,
				report.CaseEvent{Kind: "send", Data: []byte(text), Size: int64(len(text))},
				report.CaseEvent{Kind: "run", Name: text},
				report.CaseEvent{Kind: "recv", Data: []byte(text), Size: int64(len(text)), Over: text})
		}
		f := &c.Failures[0]
		f.Actor += text
		f.Message, f.Action, f.Over, f.File, f.Notes = text, text, text, text, []string{text}
		f.Want, f.Got = []byte(text), []byte(text+text)
		c.Failures = append(c.Failures, *f, *f)
		c.Source = &report.CaseSource{File: text, Line: 1, Text: text + "\n" + text}
		c.Outputs = []report.CaseOutput{{Name: text, Status: text, Head: []byte(text)}}
		list = append(list, c)
	}
	return list
}

func TestBrowserHostile(t *testing.T) {
	p := opened(t, pageOf(t, hostile(t)))
	p.click(`#unfold`)
	is(p, `document.querySelectorAll(".scenario[open]").length`, len(evil))
	is(p, `typeof window.pwned`, "undefined")
	is(p, `document.scripts.length`, 1)
	is(p, `document.querySelectorAll("img, a, iframe, object, embed, link, form, base").length`, 0)
	is(p, `[...document.querySelectorAll("*")].flatMap(e => e.getAttributeNames()).filter(n => /^on|^style$|href|^src$/.test(n)).length`, 0)
	is(p, `/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffd]/.test(document.documentElement.outerHTML)`, false)
	for i, text := range evil {
		is(p, fmt.Sprintf(`document.querySelector("#s%d h3").textContent`, i+1), report.Clean(text))
		is(p, fmt.Sprintf(`document.querySelector("#s%d .cause .what").textContent.endsWith(": " + %q)`, i+1, report.Clean(text)), true)
	}
	p.quiet()
}

// Even what got into the page could do nothing.
func TestBrowserPolicy(t *testing.T) {
	p := opened(t, pageOf(t, some(t)))
	p.quiet()
	p.do(chromedp.Evaluate[chromedp.Void](`document.body.insertAdjacentHTML("beforeend", '<img src="data:x" onerror="window.pwned=1"><p style="color: red" id="styled">x</p>')`))
	p.do(chromedp.Evaluate[chromedp.Void](`{const s = document.createElement("script"); s.textContent = "window.pwned=1"; document.body.append(s)}`))
	is(p, `typeof window.pwned`, "undefined")
	is(p, `getComputedStyle(document.getElementById("styled")).color === getComputedStyle(document.body).color`, true)
	if len(p.complained()) == 0 {
		t.Error("the browser does not say that it refused anything")
	}
}

// A page of a thousand scenarios opens at once: nothing is laid out that is
// not seen.
func TestBrowserThousand(t *testing.T) {
	var cases []*report.Case
	good := passing100(t)[0]
	for i := range 1000 {
		c := *good
		if i == 0 {
			c = *played(t, greeting)[0]
		}
		c.Line = i + 1
		cases = append(cases, &c)
	}
	content := pageOf(t, cases)
	begin := time.Now()
	p := opened(t, content)
	is(p, shown, 1000)
	t.Logf("%d bytes opened in %v; the browser says that it took %v ms", len(content), time.Since(begin),
		run(p, chromedp.Evaluate[float64](`performance.getEntriesByType("navigation")[0].loadEventEnd`)))
	p.click(`button[data-status=failed]`)
	is(p, shown, 1)
	p.quiet()
}
