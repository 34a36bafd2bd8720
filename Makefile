# "make help" lists the targets.
BIN := bin/hf2olmo
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
DEADCODE := golang.org/x/tools/cmd/deadcode@v0.52.0
export CGO_ENABLED := 0

.PHONY: help build demo test race lint cross interop interop-full differential bench fuzz torture disks loops slurm reproducible dist dist-check clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

build: ## build bin/hf2olmo, one static binary
	@go build -trimpath -buildvcs=false -ldflags '-s -w -buildid=' -o $(BIN) ./cmd/hf2olmo

demo: build ## convert bundled models, show a folder and the training command
	@sh testdata/demo.sh $(BIN)

test: ## run all tests; needs only Go
	go test ./...

# S1016 would convert one group of checks into another in place of naming what they share.
lint: ## gofmt, go vet, staticcheck, the rules in TestHouse, dead code
	@test -z "$$(gofmt -l . .ci | tee /dev/stderr)"
	go vet ./... ./testdata/bench ./testdata/interop/differential
	go vet .ci/dist/*.go
	go run $(STATICCHECK) -checks inherit,-S1016 ./... ./testdata/bench ./testdata/interop/differential
	go test -run 'TestHouse|TestDoors' ./cmd/hf2olmo
	@dead=$$(go run $(DEADCODE) ./cmd/hf2olmo | tee /dev/stderr); test -z "$$dead"

SYSTEMS := linux/arm64 linux/386 darwin/arm64 darwin/amd64 freebsd/amd64
cross: ## build and vet for every other supported system
	@for system in $(SYSTEMS); do \
		echo "$$system"; \
		export GOOS=$${system%/*} GOARCH=$${system#*/}; \
		go build -o /dev/null ./cmd/hf2olmo && go vet ./... ./testdata/bench ./testdata/interop/differential || exit 1; \
	done

interop: build ## test the output with PyTorch, transformers and the real trainers, one case of each kind
	@python=$$(sh testdata/interop/env.sh) && HF2OLMO=$$PWD/$(BIN) $$python -m pytest -q testdata/interop

interop-full: export HF2OLMO_FULL := 1
interop-full: interop ## the same for every variant in every container; run by hand before a release

SECONDS := 600
SEED ?= $(shell date +%F)
differential: ## compare how mutated files are read with torch and other libraries; SECONDS=600 SEED=text
	@python=$$(sh testdata/interop/env.sh) && go build -o bin/differential ./testdata/interop/differential && \
		$$python testdata/interop/differential/fuzz.py bin/differential --seconds $(SECONDS) --seed $(SEED)

SIZE := 1GB
ROUNDS := 5
MARGIN := 1
bench: build ## compare speed and memory with cp and torch; SIZE=5.9GB ROUNDS=5 ONLY=cp STRICT=1 MARGIN=1.5
	@go run ./testdata/bench -binary $(BIN) -size $(SIZE) -rounds $(ROUNDS) -margin $(MARGIN) -only "$(ONLY)" $(if $(STRICT),-strict)

FUZZTIME ?= 10s
fuzz: ## run every fuzz target for FUZZTIME=10s
	@sh testdata/fuzz.sh $(FUZZTIME)

N ?= $(if $(FULL),200,20)
INJECTIONS ?= $(if $(FULL),8,2)
torture: ## kill it N=20 times, make system calls fail, fill disks; FULL=1 for more; needs strace and root
	go test -tags torture -timeout 1h -v -run 'TestTorture|TestInjected|TestDisk|TestInodes|TestReadOnly|TestOther|TestParent|TestTwo' \
		./cmd/hf2olmo -tries $(N) -injections $(INJECTIONS)

disks: ## convert on FUSE, overlay and tmpfs; needs bindfs and root
	go test -tags disks -timeout 10m -count 1 -run 'TestDisks|TestFuse' ./cmd/hf2olmo

slurm: build ## run the README's Slurm array on a real Slurm; needs root, installs slurm-wlm and munge
	@bash testdata/slurm/test.sh $(BIN)

loops: ## convert on XFS and btrfs in loop devices; needs root, xfsprogs and btrfs-progs
	@python=$$(sh testdata/interop/env.sh) && \
		PYTHON=$$python go test -tags loops -timeout 10m -count 1 -v -run 'TestShared' ./cmd/hf2olmo

# Tests with limits on time and memory, which the race detector exceeds. Most start thousands of processes.
MANY := TestHostile|TestStrangeFiles|TestNamesThat|TestKeysThat|TestModelsThat|TestStopped|TestLargeTokenizer|TestInspectLarge|TestBounded
race: ## run the tests with the race detector; needs a C compiler
	CGO_ENABLED=1 go test -race -timeout 30m -skip '$(MANY)' ./...

reproducible: ## check that builds in two folders are identical
	@sh testdata/reproducible.sh

dist: ## make the files of a release: archives, wheels, Debian and RPM packages, sums
	@go run .ci/dist/*.go && ls -l dist

dist-check: ## make them twice and compare; install and try them; needs root, python3-venv and dpkg
	@sh .ci/dist/try.sh

clean: ## remove what was built
	rm -rf bin demo bench dist
