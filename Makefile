.DEFAULT_GOAL := help

GO       ?= go
FUZZTIME ?= 10s

# The race detector needs cgo, and cgo a C compiler with its headers.
have_cc = [ "$$($(GO) env CGO_ENABLED)" = 1 ] && \
	echo '\#include <stdlib.h>' | $$($(GO) env CC) -x c -c -o /dev/null - 2>/dev/null

.PHONY: help
help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/banter
	$(GO) build -o bin/banter ./cmd/banter

.PHONY: man
man: ## the manual pages, in bin/man1
	$(GO) run ./cmd/banter man bin/man1

.PHONY: demo
demo: ## play the greeting, then the whole tour, over real sockets
	$(GO) run ./cmd/banter run -v scenarios/tour/01-greeting.yaml
	$(GO) run ./cmd/banter run scenarios/tour

.PHONY: test
test: ## all tests; with the race detector where there is a C compiler
	@if $(have_cc); then \
		set -x; $(GO) test -race ./...; \
	else \
		echo "make test: no C compiler, so the race detector is off"; \
		set -x; $(GO) test ./...; \
	fi

.PHONY: lint
lint: ## gofmt, vet, staticcheck, and a build for each system
	@unformatted=$$(gofmt -l .) && if [ -n "$$unformatted" ]; then \
		echo "not gofmt'd:"; echo "$$unformatted"; exit 1; \
	fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	@set -e; for target in linux/arm64 darwin/arm64 windows/amd64; do \
		echo "build and vet for $$target"; \
		export GOOS=$${target%/*} GOARCH=$${target#*/}; \
		$(GO) build ./...; \
		$(GO) vet ./...; \
	done

.PHONY: bench
bench: ## benchmarks, beside sockets written by hand; the ratio is a column of its own
	$(GO) test -run '^$$' -bench . -benchtime 5x ./runner
	$(GO) test -run '^$$' -bench . ./runner/*/

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (10s)
	@set -e; for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz'); do \
			echo "fuzz $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done
