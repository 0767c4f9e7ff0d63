#!/usr/bin/env python3
"""A town hall's list of jobs in one SQLite file, as a peer: `townhall.py FILE`, a JSON line in, JSON lines out."""

import json
import sqlite3
import sys
from datetime import datetime, timezone

db = sqlite3.connect(sys.argv[1], timeout=10)
db.executescript("""
    CREATE TABLE IF NOT EXISTS job (number INTEGER PRIMARY KEY, report TEXT UNIQUE, what TEXT, place TEXT, status TEXT);
    CREATE TABLE IF NOT EXISTS note (number INTEGER PRIMARY KEY, job INTEGER, key TEXT UNIQUE, at TEXT, status TEXT,
        said TEXT, is_public INTEGER);""")


def job(ticket):
    return db.execute("SELECT number FROM job WHERE number = ?", [ticket]).fetchone()


def deliver(ask):
    with db:  # one transaction: all of it or nothing
        if report := ask.get("report"):
            place = report.get("address_string") or f"{report.get('lat')}, {report.get('long')}"
            db.execute("INSERT OR IGNORE INTO job (report, what, place, status) VALUES (?, ?, ?, 'new')",
                       [report["id"], f"{report['service_code']}: {report.get('description') or ''}", place])
            return find(ask)
        if not job(ask["ticket"]):
            return {"error": "refused", "reason": "there is no job of this number"}
        update = ask.get("update") or {"description": "Forget " + ", ".join(ask["erasure"])}
        db.execute("INSERT OR IGNORE INTO note (job, key, at, status, said, is_public) VALUES (?, ?, ?, ?, ?, 0)",
                   [ask["ticket"], ask["key"], update.get("updated_datetime"), update.get("status"), update.get("description")])
        if update.get("status"):
            db.execute("UPDATE job SET status = ? WHERE number = ?", [update["status"], ask["ticket"]])
    return {"ticket": ask["ticket"]}


def find(ask):
    if report := ask.get("report"):
        row = db.execute("SELECT number FROM job WHERE report = ?", [report["id"]]).fetchone()
    else:
        row = db.execute("SELECT job FROM note WHERE key = ?", [ask["key"]]).fetchone()
    return {"ticket": str(row[0]) if row else None}


def collect(ask):
    after = int(ask.get("after") or 0)
    for number, ticket, at, status, said in db.execute(
            "SELECT number, job, at, status, said FROM note WHERE is_public AND number > ? ORDER BY number", [after]):
        print(json.dumps({"update": {"id": str(number), "ticket": str(ticket), "status": status, "description": said,
                                     "updated_datetime": at or datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")}}))
        after = number
    return {"next": str(after)}


ask = json.loads(sys.stdin.readline())
verbs = {"deliver": deliver, "find": find, "collect": collect,
         "check": lambda ask: {"software": f"Town hall, {db.execute('SELECT count(*) FROM job').fetchone()[0]} jobs"}}
print(json.dumps(verbs.get(ask["do"], lambda ask: {"error": "refused", "reason": "no such question"})(ask)))
