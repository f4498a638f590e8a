package scenario

import (
	"maps"
	"math"
	"slices"
	"strings"
)

// What the schema says of each key, in short; docs/language.md has it at length.
// A test compares the keys with those of the parser, in both directions.

// Kinds of values that stand at several keys.
var (
	noteKey    = property{"note", aText(), "A text for people: a failure shows it."}
	stepList   = listOf(ref("step"))
	textList   = listOf(aText())
	aPayload   = ref("payload")
	aMatch     = ref("expect")
	aCondition = ref("condition")
	ruleList   = listOf(ref("rule"))
	// as the parser takes it
	anAlgorithm = schema{"type": "string", "pattern": `^[a-z0-9_-]{1,15}$|` + aVariable}
	aForm       = oneOf(forms[1:]...)
	theLast     = mapping([]property{{"through", aText(), "The regular expression that the last line matches."}}).with("required", []string{"through"})
	withinKey   = property{"within", aDuration(), "How long it may take; if left out, the scenario's timeout."}
)

// definitions are what the schema's references lead to.
func definitions() schema {
	tls := func(properties []property) schema { return mapping(properties).or("boolean", "string") }
	bytes := func(properties []property) schema { // what a text or a list stands for
		return mapping(properties).or(scalars...).orList(aPayload).with("minProperties", 1)
	}
	return schema{
		"server": mapping(serverSchema),
		"client": mapping(clientSchema).orList(ref("step")),
		"step": mapping(stepSchema).or("string").with("minProperties", 1).
			words("close, shutdown, reset or tls, which need no value, or a step and its value, such as send: hello", bareWords...).
			with("defaultSnippets", bareSteps()).
			needs("stdin", "run").needs("stdout", "run").needs("exit", "run").needs("with", "do").
			only("do", "with", "note"),
		"beside": mapping(pick(stepSchema, "send expect wait signal await meet within note")).with("minProperties", 1),
		"await": mapping([]property{
			{"signal", aText(), "The signal's name."},
			{"times", aNumber(1, math.MaxInt32), "How often it must have been given."},
			{"output", aText(), "The process whose output it is."},
			{"regex", aText(), "What a line that the process prints must match. Groups with a name become variables."},
		}).or("string", "number").with("minProperties", 1).
			needs("times", "signal").needs("output", "regex").needs("regex", "output").only("signal", "times"),
		"meet": mapping([]property{
			{"name", aText(), "The meeting's name."},
			{"parties", aNumber(2, math.MaxInt32), "How many meet; if left out, every client whose script names it."},
		}).or("string", "number").with("required", []string{"name"}),
		"payload": bytes(payloadSchema),
		"reply": anyOf(aPayload, mapping([]property{
			{"after", aMatch, "What must come first."},
			{"send", aPayload, "What is sent then."},
		}).with("required", []string{"after", "send"})),
		"expect":    bytes(expectSchema),
		"any_order": mapping(anyOrderSchema).orList(aMatch).with("required", []string{"count"}),
		"condition": bytes(conditionSchema),
		"stdout":    bytes(stdoutSchema),
		"message":   mapping(messageSchema).or("string").with("minProperties", 1).words("line, datagram, or a frame such as {length: u16be}", messageWords...).with("examples", messageWords),
		"rule":      mapping(ruleSchema).with("required", []string{"when"}),
		"else":      mapping(without(ruleSchema, "when")).or("string").orList(ref("step")).words("close, or a mapping such as {send: hello}", "close").with("examples", []string{"close"}),
		"close": mapping([]property{
			{"discard", nothing(), "Bytes that nobody took, and a reset, are allowed."},
			{"now", nothing(), "A bare close(2) that looks at nothing."},
		}).or("null").with("minProperties", 1),
		"lines":      theLast.or(scalars...).orList(aText()),
		"link":       mapping(linkSchema).with("minProperties", 1),
		"process":    mapping(processSchema).with("required", []string{"run"}),
		"server_tls": tls(serverTLSSchema),
		"client_tls": tls(clientTLSSchema),
		"step_tls":   tls(stepTLSSchema).or("null"),
	}
}

var documentSchema = []property{
	{"name", aText(), "The scenario's name; if left out, the file's."},
	{"description", aText(), "A text for people."},
	{"tags", schema{"type": "array", "items": aText()}, "Words to choose scenarios by: banter run --tag."},
	{"timeout", aDuration().with("default", "10s"), "How long each step may wait, such as 2s."},
	{"eol", anyOf(schema{"enum": []string{"crlf", "lf", "any"}}, schema{"type": "string"}).with("default", "crlf"), `What ends a line: crlf, lf, any (takes both, sends CRLF), or the bytes themselves in double quotes, such as "\x01".`},
	{"servers", mapOf(ref("server")), "The servers, by their names. All of them listen before any client starts."},
	{"clients", mapOf(ref("client")), "The clients, by their names. All of them run at the same time."},
	{"dialogue", aText(), "A server and a client of whole lines, as RFCs write them: a block of lines that begin with S: or C:."},
	{"vars", mapOf(aText()), "Variables whose values are known when the file is read: ${name}."},
	{"let", mapOf(aPayload), "Variables that are payloads, computed when all servers are bound."},
	{"cases", listOf(mapOf(aText())), "Rows of variables: the scenario is played once for each row."},
	{"define", mapOf(stepList), "Fragments of scripts, by their names: a step {do: NAME} plays one."},
	{"include", aText().orList(aText()), "A file, or a list of them, that brings in vars, let, define, files and processes."},
	{"files", mapOf(aPayload), "Files that are written below ${tmp} before anything starts, by their names."},
	{"processes", mapOf(ref("process")), "Real programs that are started before the clients, by their names. They need --allow-run."},
	{"requires", schema{"type": "array", "items": aText()}, "Programs without which the scenario is skipped; isolation, loss and reorder, where run has no --isolate or can't do that."},
	{"addresses", listOf(aText()), "IP addresses that the scenario's own network has beside the loopback ones; it needs banter run --isolate."},
	{"links", mapOf(ref("link")), "Ways to servers on which things go wrong, by their names: connect: {to: NAME, via: LINK}."},
	{"skip", aText(), "Why the scenario is skipped."},
	{"transcript", mapOf(schema{"type": []string{"string", "null"}}).or("null"), "What actors see, word for word, a line an event; banter run --update writes it."},
}

var serverSchema = []property{
	{"bind", aText(), "host:port, [::1]:port, :port for every address, unix:PATH or udp:host:port. Port 0 is a free one; if left out, a free port on a loopback address."},
	{"backlog", aNumber(0, MaxBacklog), "The queue of connections that wait to be accepted, as given to listen(2); if left out, the system's maximum."},
	noteKey,
	{"reply", ref("reply"), "Waits for the first bytes, sends this, half-closes, and reads on to the peer's end. Or {after: MATCH, send: PAYLOAD}."},
	{"steps", stepList, "The script that every accepted connection runs."},
	{"connections", mapOf(stepList).orList(stepList), "A list of scripts, the n-th for the n-th connection; or a mapping from clients' names to scripts."},
	{"greeting", aPayload, "What a stub says first."},
	{"message", ref("message"), "How the stream is cut into messages for rules and always: line (if left out), datagram, or a frame such as {length: u16be}."},
	{"rules", ruleList, "A stub: each message is answered by the first rule that it meets."},
	{"else", ref("else"), "What a stub does with all other messages; if left out, it closes."},
	{"always", ruleList, "Rules for messages that may come at any time, beside what the script says."},
	{"accept", aNumber(0, math.MaxInt32), "How many connections are accepted at most; the rest stay in the backlog."},
	{"at_once", aNumber(1, math.MaxInt32), "How many connections are served at the same time; if left out, all."},
	{"rcvbuf", aSize(), "The size of the socket's receive buffer (SO_RCVBUF)."},
	{"sndbuf", aSize(), "The size of the socket's send buffer (SO_SNDBUF)."},
	{"congestion", anAlgorithm, "The congestion control algorithm (TCP_CONGESTION), such as cubic."},
	{"tls", ref("server_tls"), "Connections begin with TLS: true, or a mapping."},
	{"listen", aBoolean(true), "false: bind only. The address is taken, and a client is refused, until a step says {start: NAME}."},
	{"start", aBoolean(true), "false: not even bound, until a step says {start: NAME}."},
}

var clientSchema = []property{
	{"steps", stepList, "The client's script."},
	{"count", aNumber(1, maxCount), "So many of them at the same time; ${index} is the number of each."},
	{"after", aText().orList(aText()), "A client, or a list of them: starts when those have ended."},
	{"bind", aText(), "The local address that it connects from, host:port."},
	{"rcvbuf", aSize(), "The size of the socket's receive buffer (SO_RCVBUF)."},
	{"sndbuf", aSize(), "The size of the socket's send buffer (SO_SNDBUF)."},
	{"congestion", anAlgorithm, "The congestion control algorithm (TCP_CONGESTION), such as cubic."},
	{"message", ref("message"), "How the stream is cut into messages for always: line (if left out), datagram, or a frame."},
	{"always", ruleList, "Rules for messages that may come at any time, beside what the script says."},
	noteKey,
}

var stepSchema = []property{
	{"connect", mapping(connectSchema).or("string"), "Opens a connection to a declared server, a process, host:port, unix:PATH or udp:host:port. Or {to: NAME, ...}, or {run: [PROGRAM, ...]}, whose input and output are the connection."},
	{"send", aPayload, "Sends a payload, all of it."},
	{"expect", aMatch, "Takes bytes from the peer and compares them; or says how the connection ends: {eof}, {reset}."},
	{"shutdown", anyOf(nothing(), oneOf("read", "both")), "Half-close: no more will be sent, reading goes on. read or both for the others."},
	{"close", ref("close"), "Half-closes, reads to the peer's end, and closes. Bytes that nobody took fail the scenario, unless {discard} or {now}."},
	{"reset", nothing(), "Closes with a reset (RST), once what was sent has reached the peer's system."},
	{"tls", ref("step_tls"), "Begins TLS on the connection that is there (STARTTLS)."},
	{"wait", aDuration(), "Does nothing for that long."},
	{"signal", aText(), "Gives a signal, which others await."},
	{"await", ref("await"), "Waits for a signal; {signal: NAME, times: N} until it was given so often; {output: PROCESS, regex: REGEX} for a line that a process prints."},
	{"meet", ref("meet"), "Waits until everybody is at the meeting."},
	{"stop", aText(), "A server stops to listen; a process is ended."},
	{"start", aText(), "A server starts to listen (again); a process is started again."},
	{"parallel", listOf(ref("beside")).with("minItems", 2), "Steps that are done at the same time, such as [{send: x}, {expect: y}]."},
	{"let", mapOf(aPayload), "Variables that are payloads, computed now."},
	{"loop", mapping([]property{
		{"times", aNumber(1, math.MaxInt32), "How often."},
		{"until", aMatch, "Until the next frame meets this; that frame is taken."},
		{"as", aText(), "The variable that is the round, from 1."},
		{"steps", stepList, "What is played again and again."},
	}).orList(ref("step")).with("required", []string{"steps"}), "Plays steps so often, until a frame comes, or (a list alone) until the peer has ended."},
	{"retry", mapping([]property{
		{"within", aDuration(), "How long it is tried; if left out, the timeout of a step."},
		{"every", aDuration().with("default", "50ms"), "The pause between two tries."},
		{"steps", stepList, "What is tried. It begins with a connect."},
	}).with("required", []string{"steps"}), "Plays steps from the start, on a fresh connection, until all of them pass."},
	{"do", aText(), "Plays the steps of a fragment that define has."},
	{"with", mapOf(aPayload), "The variables that the fragment is given."},
	{"run", textList, "Runs a program to its end: a list of the program and its arguments."},
	{"stdin", aPayload, "The input of the program."},
	{"stdout", ref("stdout"), "What must be true of all that the program prints."},
	{"exit", aNumber(0, maxStatus), "The status that the program must end with; 0 if left out."},
	withinKey, noteKey,
	{"answer", aPayload, "What is sent when the expect has come."},
	{"over", aText(), "The further connection that the step is about: the name that {connect: {to: ..., as: NAME}} gave it."},
}

// bareWords are the steps that may stand without a value.
var bareWords = []string{"close", "shutdown", "reset", "tls"}

// bareSteps are what an editor puts in for them.
func bareSteps() (all []schema) {
	for _, p := range pick(stepSchema, strings.Join(bareWords, " ")) {
		all = append(all, schema{"label": p.key, "description": p.about, "body": p.key})
	}
	return all
}

var connectSchema = []property{
	{"to", aText(), "A declared server, a process, host:port, unix:PATH or udp:host:port."},
	{"bind", aText(), "The local address to connect from, host:port."},
	{"tls", ref("client_tls"), "The connection begins with TLS: true, or a mapping."},
	{"run", textList, "A program and its arguments: its input and output are the connection."},
	{"exit", aNumber(0, maxStatus), "The status that the program must end with; 0 if left out."},
	{"as", aText(), "The name of a further connection; steps are about it with over."},
	{"via", aText(), "The link that the connection goes over."},
}

// faultSchema is what goes wrong in one direction of a link, or in both.
var faultSchema = []property{
	{"latency", aDuration(), "How much later all that is sent comes."},
	{"jitter", aDuration(), "By how much the latency varies, up and down."},
	{"rate", aText(), "How much goes through, such as 100KiB/s."},
	{"slice", aSize(), "How many bytes come together at most: the stream is cut at its multiples."},
	{"reset_after", aSize(), "After so many bytes the connection is reset, on both sides."},
	{"stall_after", aSize(), "After so many bytes nothing more comes, no end and no reset."},
	{"loss", aText(), "The share of segments that the kernel loses, such as 5%."},
	{"reorder", aText(), "The share of segments that others overtake, such as 10%."},
}

var linkSchema = slices.Concat(faultSchema, []property{
	{"out", mapping(faultSchema), "What goes wrong on the way to the server alone."},
	{"back", mapping(faultSchema), "What goes wrong on the way back alone."},
	{"seed", aNatural(U64BE).with("default", 1), "How the latency varies, where there is jitter: the same seed has the same delays."},
	noteKey,
})

// counterProperties are the counters that a "tcp" can name.
func counterProperties() (all []property) {
	for _, name := range slices.Sorted(maps.Keys(TCPCounters)) {
		about := TCPCounters[name].Means
		all = append(all, property{name, aText(), strings.ToUpper(about[:1]) + strings.ReplaceAll(about[1:], "`", "") + "."})
	}
	return all
}

var payloadSchema = slices.Concat([]property{
	{"text", aText(), "The text."},
	{"line", aText(), "The text and the end of line."},
	{"lines", aText().orList(aText()), "A list of texts, or a block, each line ended."},
	{"head", aText().orList(aText()), "Lines, and the blank line that ends a header."},
	{"hex", aText(), "Bytes in hexadecimal; blanks and # comments in it are skipped."},
	{"base64", aText(), "Bytes in base64."},
	{"file", aText(), "The content of a file; the path is relative to the scenario's folder."},
	{"fill", aText(), "A text again and again, or random bytes, until there are size bytes."},
	{"parts", listOf(aPayload), "A list of payloads, so that other keys can stand beside it."},
	{"echo", nothing(), "What the last expect has taken; in a stub the message."},
}, numberProperties(), []property{
	{"size", aSize(), "How many bytes a fill makes, such as 512 or 4KiB."},
	{"seed", aNatural(U64BE).with("default", 1), "Which random bytes: the same seed has the same bytes on every machine."},
	{"length", aForm, "The form of a number that stands in front: how many bytes follow."},
	{"plus", aNumber(-maxPlus, math.MaxInt32), "What is added to the length, where it counts itself or less."},
	{"times", aNumber(1, math.MaxInt32), "All of it so many times, the length too."},
	{"xor", aPayload, "A mask that lies over the bytes, again and again."},
	{"slice", aNumber(1, MaxFileSize), "So many bytes are written at a time."},
	{"every", aDuration(), "The pause between the slices."},
})

// conditionSchema is what must be true of bytes that something else delimits.
var conditionSchema = slices.Concat(
	without(payloadSchema, "line echo size length plus slice every"),
	[]property{
		{"equals", aPayload, "The bytes are this payload."},
		{"prefix", aPayload, "The bytes start with this payload."},
		{"suffix", aPayload, "The bytes end with this payload."},
		{"contains", aPayload, "The bytes hold this payload; of a list, each."},
		{"like", aText(), "The bytes are this text, which has holes: ${?} takes any run of bytes within the line, ${?:int} digits, ${?id} becomes a variable."},
		{"regex", aText(), "The expression (RE2, on bytes) matches. Groups with a name become variables."},
		{"json", schema{}, "The bytes are JSON with at least these members."},
		{"not", aCondition, "The bytes do not meet this."},
		{"size", aSize(), "There are so many bytes; beside a fill, how many it makes."},
		{"sha256", aText(), "The bytes have this hash, in hexadecimal digits."},
		{"capture", aText(), "The variable that the bytes become."},
		{"as", oneOf(append([]string{"int", "hex"}, forms[1:]...)...), "Reads what is captured as a number: digits (int), hexadecimal digits (hex), or binary (u16be)."},
	})

// expectSchema are the frames, the outcomes, and what must be true of a frame.
var expectSchema = slices.Concat([]property{
	{"line", schema{"type": append([]string{"null"}, scalars...)}, "A line, up to its end and with it: {line} is any, {line: text} this one."},
	{"lines", ref("lines"), "These lines; or {through: REGEX}, whole lines up to the one that the expression matches."},
	{"until", aPayload, "Up to a delimiter and with it."},
	{"bytes", aSize(), "So many bytes, such as 8 or 1MiB."},
	{"length", aForm, "A length in this form, and as many bytes as it says."},
	{"at", aNumber(0, MaxFileSize), "How many bytes stand before the length."},
	{"plus", aNumber(-maxPlus, math.MaxInt32), "What is added to the length, where it counts itself."},
	{"header", aCondition, "What the bytes before the length must be."},
	{"rest", nothing(), "Everything up to the peer's end."},
	{"some", aSize(), "What the next read brings, so many bytes at most. Timing decides."},
	{"datagram", nothing(), "One datagram of UDP."},
	{"any_order", ref("any_order"), "Frames that come in whatever order: a list, or {count: 100, line: \"hello from ${index}\"}."},
	{"skip", aMatch, "Beside any_order: frames that meet this are passed over."},
	{"optional", aBoolean(false), "true: if another frame comes, or the stream ends, nothing is taken."},
	{"max", aSize().with("default", "16MiB"), "How many bytes the frame may have."},
	{"eof", nothing(), "The peer half-closed or closed, in order, and every byte had been taken."},
	{"reset", nothing(), "The connection was reset."},
	{"end", nothing(), "The connection ended, in order or with a reset."},
	{"refused", nothing(), "Nobody listens at the address."},
	{"unreachable", nothing(), "There is no way to the address."},
	{"timeout", nothing(), "Beside a connect: nobody answered in time. Beside a send: the peer took no more."},
	{"silence", aDuration(), "For that long nothing came, and no end either."},
	{"tls_error", schema{"type": append([]string{"null"}, scalars...)}, "TLS could not be agreed on, or broke off; with a text, for a reason with that in it."},
	{"pending", nothing(), "Beside a connect: it was neither accepted nor refused, as where the backlog is full."},
	{"tcp", mapping(counterProperties()).with("minProperties", 1), "What the kernel's counters of the connection are, such as {retransmits: \">0\"}."},
	{"queue", mapOf(aText()).or(scalars...).with("minProperties", 1), "How many connections wait in a server's backlog: {queue: {NAME: 3}}; in a server's script 3 alone."},
}, without(conditionSchema, "lines"))

// anyOrderSchema is a frame that is there so many times.
var anyOrderSchema = slices.Concat([]property{
	{"count", aNumber(1, maxAnyOrder), "How many frames come; ${index} is the number of each."},
}, without(expectSchema, "rest some any_order skip optional eof reset end refused unreachable timeout silence tls_error pending tcp queue"))

// stdoutSchema is a condition in which a line is one to the letter.
var stdoutSchema = append(slices.Clone(conditionSchema), pick(payloadSchema, "line")...)

var messageWords = []string{"line", "datagram"}

// messageSchema are the frames that cut a stream into messages.
var messageSchema = slices.Concat([]property{
	{"line", nothing(), "Lines."},
	{"lines", theLast, "Whole lines up to the one that an expression matches."},
}, pick(expectSchema, "until bytes length at plus header datagram max"))

var ruleSchema = []property{
	{"when", aCondition, "What must be true of the message: a payload, or a mapping such as {prefix: \"MAIL \"}."},
	{"send", aPayload, "Answers."},
	{"steps", stepList, "Plays a script, in which more may be expected."},
	{"close", ref("close"), "Ends the connection, after the answer."},
	{"reset", nothing(), "Resets the connection, after the answer."},
	{"ignore", schema{"enum": []bool{true}}, "Nothing is done."},
	noteKey,
}

var processSchema = []property{
	{"run", textList, "The program and its arguments; no shell reads them."},
	{"before", listOf(textList), "Programs that run to their ends first, one after the other."},
	{"port", anyOf(schema{"enum": []string{"free"}}, aNumber(1, math.MaxUint16)), "free, which the program is told as ${NAME.port}, or a number. connect: NAME goes there."},
	{"env", mapOf(aText()), "Variables of the environment."},
	{"cwd", aText(), "The folder to start in, relative to the scenario's; if left out, ${tmp}."},
	{"ready", mapping([]property{
		{"listening", nothing(), "It listens at its port; without one, at any."},
		{"output", aText(), "It has printed a line that this regular expression matches."},
		{"steps", stepList, "These steps pass; they are tried again and again."},
		{"started", nothing(), "It was started."},
		withinKey,
	}).with("minProperties", 1), "How it is seen to be ready; {listening} if left out."},
	{"exit", aNumber(0, maxStatus), "The status with which it must end by itself, when the clients have ended."},
	{"serves", aText(), "The declared server that it is the real thing behind; see banter run --real."},
	noteKey,
}

// The keys of TLS, on both sides and on one of them.
var (
	ownTLSSchema = []property{
		{"cert", aText(), "A PEM file with the own certificate; true: one that the run makes."},
		{"key", aText(), "A PEM file with the certificate's private key."},
		{"alpn", aText().orList(aText()), "Protocols, the one that is liked best first."},
	}
	serverTLSSchema = append(slices.Clone(ownTLSSchema),
		property{"client_ca", aText(), "Clients must have a certificate of the authorities in this PEM file, or (true) of the run's."})
	clientTLSSchema = append(slices.Clone(ownTLSSchema),
		property{"ca", aText(), "A PEM file with the authorities that the server's certificate must be of; if left out, the run's."},
		property{"name", aText(), "The host that the server's certificate must be for."},
		property{"verify", aBoolean(true), "false: any certificate will do."})
	stepTLSSchema = append(slices.Clone(clientTLSSchema), pick(serverTLSSchema, "client_ca")...)
)
