# Everything that can be done here; each line calls a script, so that nobody needs to know the flags.
.PHONY: help run federation test lint fuzz chaos backoffice bench dist

help:
	@echo "make run     build Viaduct and serve a filled example on http://127.0.0.1:8311"
	@echo "make federation   three Viaducts, and a report that travels between them, two minutes"
	@echo "make test    install what the tests need and pass them"
	@echo "make lint    the formatter's rules and the rules of the tree, a few seconds"
	@echo "make fuzz    what reads others' words, given anything for a minute each, under 20 minutes"
	@echo "make chaos   200 crashes and what else goes wrong between peers, about an hour"
	@echo "make backoffice   each adapter against the real ticket system, a quarter of an hour"
	@echo "make dist    an archive to install: program, units, alerts, examples, licences"
	@echo "make bench   a million reports, measured beside PostgreSQL and nginx, and what waits for peers, under 20 minutes"

run:
	@Scripts/run

federation:
	@Scripts/federation

test:
	@Scripts/test

lint:
	@Scripts/lint

fuzz:
	@Scripts/fuzz

chaos:
	@Scripts/chaos

backoffice:
	@Scripts/backoffice

bench:
	@Scripts/bench

dist:
	@Scripts/dist
