# `make run` needs Python 3.11 or newer (with venv) and make, nothing else.
PYTHON = $(shell for p in python3.11 python3.12 python3.13 python3; do $$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
HAS_PYTHON = test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is missing (Debian: apt-get install python3 python3-venv)."; exit 1; }
HAS_ROOM = $(PYTHON) -c 'import shutil, sys; sys.exit("The disk is full: 1,200 MB are needed here." if shutil.disk_usage(".").free < 1200e6 else 0)'
HAS_VENV = { .venv/bin/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear .venv; }
INSTALL = .venv/bin/pip install --quiet --disable-pip-version-check -r
# MariaDB and its driver, where there is a package for them; those who want them say what is missing.
HAS_MARIADB = sh tests/debian-packages.sh && if pkg-config --exists libmariadb 2>/dev/null; then $(INSTALL) requirements-production.txt; fi
# mysqlclient has no wheels; with these two set its name and version can be read without a compiler.
COMPILE = MYSQLCLIENT_CFLAGS=-I. MYSQLCLIENT_LDFLAGS=-L. .venv/bin/pip-compile --quiet --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links

.PHONY: help run test lint bench prove screenshots requirements cluster cluster-stop deploy rollback clean

help:  ## List the recipes
	@sed -n 's/^\([a-z-]*\):.*## /  make \1 \t/p' Makefile | expand -t 22

run: .venv/installed  ## Open the shop on this machine (PORT=8001 for another port)
	@exec .venv/bin/python manage.py run

cluster: .venv/installed-production  ## The whole shop as in production, on Debian: http://127.0.0.1:8080 (or PORT=8081)
	@exec .venv/bin/python -m cluster start

cluster-stop:  ## Close it; what it holds is kept
	@if test -e .venv/installed-production; then exec .venv/bin/python -m cluster stop; else echo "There is no cluster here: nothing to stop."; fi

deploy: .venv/installed-production  ## Move the cluster to the last commit while visitors are served: make deploy RELEASE=r2
	@exec .venv/bin/python -m cluster deploy "$(RELEASE)" --hosts "$(SERVERS)"

rollback: .venv/installed-production  ## Move it back to the release before, or RELEASE=r1
	@exec .venv/bin/python -m cluster rollback "$(RELEASE)" --hosts "$(SERVERS)"

test: lint .venv/mongodb/installed  ## Lint, types and every promise in small
	@$(HAS_MARIADB) && exec .venv/bin/pytest -n 2 --dist worksteal --durations 20 --durations-min 10

lint: .venv/installed-test  ## Style and types
	@.venv/bin/ruff check -q . && .venv/bin/ruff format -q --check . && .venv/bin/mypy --no-error-summary

bench: .venv/installed  ## Pages beside an empty view, by every pattern, and with 100,000 products (seven minutes)
	@exec .venv/bin/python -m bench

prove: .venv/installed-test .venv/mongodb/installed  ## Every promise at full size, or one: make prove stock; the table goes to docs/proofs.md
	@$(HAS_MARIADB) && exec .venv/bin/python -m bench.prove $(NAME) $(PROOFS)

screenshots: .venv/installed-test  ## Take the pictures of the README again
	@exec .venv/bin/python -m bench.screenshots

requirements: .venv/installed-test  ## Compile requirements*.in into pinned requirements*.txt
	@for name in requirements requirements-render requirements-production requirements-tracing requirements-mongodb requirements-mongodb-server requirements-test; do $(COMPILE) $$name.in || exit 1; done

clean:  ## Forget the shop's state and everything installed
	@if test -e .venv/installed-production; then .venv/bin/python -m cluster stop; fi
	@rm -rf .state .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/installed: requirements.txt requirements-render.txt
	@$(HAS_PYTHON) && $(HAS_ROOM) && echo "Installing into .venv …" && $(HAS_VENV) && $(INSTALL) requirements.txt -r requirements-render.txt && touch $@

.venv/installed-production: requirements-production.txt cluster/debian-packages.txt .venv/installed
	@sh tests/debian-packages.sh cluster/debian-packages.txt && $(INSTALL) requirements-production.txt && touch $@

.venv/installed-test: requirements-test.txt .venv/installed-mongodb
	@$(INSTALL) requirements-test.txt && touch $@

# What djongo asks for rules out every supported Django: it is put on top, as it is.
.venv/installed-mongodb: requirements-mongodb.txt requirements-djongo.txt .venv/installed
	@$(INSTALL) requirements-mongodb.txt && $(INSTALL) requirements-djongo.txt --no-deps && touch $@

# A server that speaks MongoDB's protocol, in an environment of its own; those who want it say when it is missing.
.venv/mongodb/installed: requirements-mongodb-server.txt .venv/installed
	@.venv/bin/python -m venv --clear .venv/mongodb && .venv/mongodb/bin/$(notdir $(INSTALL)) $< && touch $@ \
		|| echo "There is no server for the tests of MongoDB here."

# What follows `prove` are names of proofs, not recipes.
ifeq ($(firstword $(MAKECMDGOALS)),prove)
PROOFS = $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
KNOWN = $(shell sed -n 's/^    "\([a-z-]*\)": .*\.prove,$$/\1/p' bench/prove.py)
# Before anything is installed.
$(if $(filter-out $(KNOWN),$(PROOFS)),$(error There is no proof called $(filter-out $(KNOWN),$(PROOFS)). There are: $(KNOWN)))
$(foreach name,$(PROOFS),$(eval $(name): ; @:))
endif
