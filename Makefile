# Everything a person or CI does here, by name. `make` alone lists it.
#
# The go command decides what must be compiled, fleet tools install and fleet toolbox build what must be installed or packed: each is
# asked every time and answers in a fraction of a second when nothing changed.

.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory

# The flags of the programs that CodeBuild gets (internal/toolbox/asset.go), for tests too: with others everything would be
# compiled twice, and the CDK takes a minute.
export GOFLAGS := -trimpath -buildvcs=false -ldflags=-s
export CGO_ENABLED := 0
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 18,20
# jsii unpacks the CDK once, into the folder that rehearsals use too.
export JSII_RUNTIME_PACKAGE_CACHE_ROOT := $(CURDIR)/.tools/jsii
export CDK_DISABLE_CLI_TELEMETRY := 1

BIN := .tools/bin
GO_TOOL := go tool -modfile=tools/go.mod
# The names of files, with spaces escaped as make and the shell understand it.
files = $(shell git ls-files --cached --others --exclude-standard -- $(1) | sed 's/ /\\ /g')

##@ Use

rehearse: toolbox ## run the whole pipeline on this machine; ARGS="--catalog DIR --to Beta ..."
	@.build/fleet rehearse $(ARGS)

check: build tools ## run Alpha's gates on the catalog; ARGS="--only policy ..."
	@.build/fleet check $(ARGS)

emulator: build tools ## run the emulated AWS alone and print its address and environment
	@.build/fleet emulator $(ARGS)

doctor: .build/fleet ## say what is missing on this machine and how to get it
	@.build/fleet doctor $(ARGS)

deploy: toolbox ## install the pipeline on AWS: checks, validated synth, cdk deploy --all; ARGS="--profile ..."
	@.build/fleet doctor --aws
	@rm -rf cdk.out
	@$(BIN)/cdk deploy --all --context @aws-cdk/core:validateAgainstDefaultRules=true $(ARGS)

##@ Build

tools: .build/fleet ## install and verify the pinned tools in .tools
	@.build/fleet tools install

build: .build/fleet .build/app ## compile the fleet command and the CDK app

toolbox: build tools ## pack what CodeBuild downloads
	@.build/fleet toolbox build >/dev/null
	@scripts/warm-jsii.sh

synth: cdk.out/manifest.json ## synthesize the pipeline into cdk.out

lock: tools ## pin the newest Python packages that requirements/*.in allow
	@cd requirements && for name in build uv cfn-lint parliament filter-repo taskcat emulator aws dev; do \
	  ../$(BIN)/uv pip compile --upgrade --universal --python-version 3.10 --generate-hashes --no-header --quiet \
	    --no-emit-index-url --no-emit-find-links --output-file $$name.txt $$name.in; done

clean: ## remove what was built and rehearsed, but not the tools
	@rm -rf .build .fleet cdk.out

##@ Test

test: toolbox ## every test: Go, emulator, end to end
	@scripts/test.sh

test-full: toolbox ## the same, with the race detector on the half that has no jsii, and every mutation of launch roles
	@scripts/test.sh --race

bench: toolbox ## measure synth, emulator, gates and rehearsals; prints ratios
	@$(BIN)/dev-python scripts/bench.py --rehearsals

lint: lint-make lint-go lint-shell lint-yaml lint-templates lint-python ## every linter; make -k lint goes on after the first that complains

lint-make: # every target can be made: no prerequisite is missing
	@$(MAKE) --dry-run rehearse check emulator doctor deploy toolbox synth lock test test-full bench >/dev/null

lint-go: tools
	@unformatted=$$(gofmt -l $(call files,'*.go')); if [[ -n $$unformatted ]]; then echo "not formatted, run gofmt -w: $$unformatted"; exit 1; fi
	@go vet -tags e2e ./...
	@$(GO_TOOL) staticcheck -tags e2e ./...

lint-shell: tools
	@$(BIN)/shellcheck $(call files,'*.sh' .ci/run)

lint-yaml: tools
	@$(BIN)/yamllint --strict $(call files,'*.yml' '*.yaml' .yamllint)

lint-templates: tools
	@$(BIN)/cfn-lint $(filter-out %/product.yaml,$(call files,'catalog/products/*.yaml'))

lint-python: tools
	@$(BIN)/ruff check --quiet $(call files,'*.py')
	@$(BIN)/ruff format --quiet --check $(call files,'*.py')
	@$(BIN)/mypy --no-error-summary
	@cd emulator && ../$(BIN)/mypy --no-error-summary

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: rehearse check emulator doctor deploy tools build toolbox synth lock clean test test-full bench lint lint-make lint-go lint-shell \
  lint-yaml lint-templates lint-python help FORCE

.build/fleet: FORCE
	@command -v go >/dev/null || { echo "go is not in PATH: install Go 1.26 or newer from https://go.dev/dl" >&2; exit 2; }
	@go build -o $@ ./cmd/fleet

.build/app: FORCE
	@go build -o $@ .

# The archives keep their time when their content is the same, so a synth follows only from a real change.
.build/toolbox.tar.gz .build/app.tar.gz: toolbox
	@:

cdk.out/manifest.json: .build/toolbox.tar.gz .build/app.tar.gz fleet.yaml cdk.json $(call files,catalog)
	@CDK_VALIDATION=false $(BIN)/cdk synth --quiet --no-notices --ci >/dev/null
	@touch $@
