# One verb a line. `make run` and `make test` are all a newcomer needs.

ADDRESS ?= 127.0.0.1:8361
FLIGHT ?= 127.0.0.1:8362
DATA ?= data

.PHONY: run test e2e conformance bench lint console openapi kill-short kill-loop fuzz fuzz-short clean

run: console ## Builds everything and starts a node with the sample district
	cargo build -p tianyuan
	TIANYUAN__SERVER__FLIGHT_LISTEN=$(FLIGHT) ./target/debug/tianyuan serve --data $(DATA) --listen $(ADDRESS) --demo 2>tianyuan.log

test: lint console unit e2e conformance kill-short fuzz-short ## The whole suite

.PHONY: unit
unit: console ## Rust tests on SQLite and PostgreSQL, console unit tests
	cargo test --workspace --quiet
	cd console && npm test

lint: console/node_modules ## fmt, clippy, console lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cd console && npm run lint

console: console/dist/index.html ## Builds the console

console/node_modules: console/package-lock.json
	cd console && npm ci --no-audit --no-fund
	touch $@

console/dist/index.html: console/node_modules openapi.json $(shell find console/src console/scripts console/public -type f 2>/dev/null) console/index.html console/vite.config.ts
	cd console && npm run build

e2e: console ## Journeys in headless Chromium
	cargo build -p tianyuan
	sh e2e/run.sh

conformance: ## Third-party clients against a live node
	cargo build -p tianyuan
	sh conformance/run.sh

openapi: ## Writes the OpenAPI snapshot anew
	UPDATE=1 cargo test -p tianyuan --test it the_openapi_snapshot

bench: ## Measures; see bench/README.md
	sh bench/run.sh

kill-short: ## kill -9 under load, a few times on each backend
	cargo build -p tianyuan
	python3 bench/kill_loop.py --times 5 --binary target/debug/tianyuan
	python3 bench/kill_loop.py --room lake --times 2 --binary target/debug/tianyuan

kill-loop: ## kill -9 under load, 200 times on each backend (long)
	cargo build --release -p tianyuan
	python3 bench/kill_loop.py --times 200 --backend both
	python3 bench/kill_loop.py --room lake --times 50 --backend both

SECONDS ?= 60
fuzz: ## Every fuzz target for SECONDS (long)
	sh fuzz/run.sh $(SECONDS)

fuzz-short: ## The ledger's fuzz targets for 5 s each
	@if command -v c++ >/dev/null || [ -n "$$CI" ]; then LEDGER=1 sh fuzz/run.sh 5; \
	else echo 'SKIPPED FUZZING: no C++ compiler (c++)'; fi

clean: ## Removes what was built
	cargo clean
	rm -rf console/dist console/node_modules
