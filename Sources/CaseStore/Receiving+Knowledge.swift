import Federation
import FoundationEssentials
import Postgres
import Reports

extension Receiving {
    /// What is known of the item, as far as judging it needs.
    func knowledge(
        of held: HeldReport?, in transaction: Transaction
    ) async throws(PostgresError) -> Knowledge {
        var known = Knowledge(node: settings.peering.node, now: now, report: held.map(seen))
        let rows = try await transaction.query(
            """
            SELECT
                (SELECT content FROM inbox WHERE peer = \(peer.name.rawValue)
                    AND kind = \(item.kind.rawValue) AND remote_id = \(item.remoteID)),
                \(origin),
                \(told(held)),
                (SELECT count(*) FROM inbox WHERE report = \(held?.id.rawValue) AND is_change
                    AND received > \(now.addingTimeInterval(-3600)))
            """)
        guard var cells = rows.first?.cells else { return known }
        let content = try cells.next([UInt8]?.self)
        known.origin = try cells.next(String?.self).flatMap(Report.ID.init(rawValue:))
        let (text, status) = try (cells.next(Bool.self), cells.next(Bool.self))
        known.echoed = Set([text ? .text : nil, status ? .status : nil].compactMap { $0 })
        known.changes = try cells.next()
        known.earlier = earlier(content, held)
        // Whoever tells where it began has been told the same status by somebody else as well.
        if item.provenance != nil, !text { known.echoed = [] }
        guard text == false, let said else { return known }
        if try await isOnItsWay(said, to: held, in: transaction) {
            known.echoed = [.text, .status]
        } else if try await isHeldFromOthers(said, of: held, in: transaction) {
            known.echoed = [.text, .status]
        }
        return known
    }

    private func earlier(_ content: [UInt8]?, _ held: HeldReport?) -> Knowledge.Earlier {
        guard occasion == .told else { return .nothing }
        // Of a report whose ticket we know, what counts is the state that we saw last.
        let before = item.kind == .report && held != nil ? held?.seenContent : content
        guard let before else { return .nothing }
        return before == item.content ? .same : .other
    }

    private func seen(_ held: HeldReport) -> Knowledge.Held {
        let voice: Knowledge.Held.Voice =
            if held.handler == peer.name { .handles } else if held.direction == "in" {
                .gave
            } else { .proposes }
        var seen: Knowledge.Held.Seen?
        if let status = held.seenStatus, let time = held.seen, occasion == .told {
            seen = Knowledge.Held.Seen(status: Mapping.StatusWord(status), time: time)
        }
        return Knowledge.Held(
            id: held.id, detail: held.detail, statusNotes: held.statusNotes, agency: held.agency,
            expected: held.expected, voice: voice,
            languages: catalogue.jurisdiction(held.jurisdiction)?.languages ?? [], seen: seen)
    }

    /// The report that holds what began where this did: by its origin, as our own, or as the ticket
    /// of a peer that is called so.
    private var origin: SQL {
        let way = provenance
        let held: SQL = """
            SELECT report FROM origin WHERE authority = \(way.origin.rawValue)
                AND kind = \(item.kind.rawValue) AND origin_id = \(way.originID)
            """
        guard item.kind == .report else { return "(\(held) LIMIT 1)" }
        let names = settings.peering.peers.filter { $0.authority == way.origin }.map(
            \.name.rawValue)
        return """
            (\(held)
            UNION ALL SELECT report FROM ticket
                WHERE peer = ANY (\(names)) AND remote_id = \(way.originID)
            UNION ALL SELECT id FROM report
                WHERE id = \(way.originID) AND \(way.origin == settings.peering.node)
            LIMIT 1)
            """
    }

    /// Whether we told the peer this text, and lately this status: two columns. Once the peer has
    /// told us another status since, the same word is its own.
    private func told(_ held: HeldReport?) -> SQL {
        let echoes: SQL = """
            SELECT FROM echo WHERE peer = \(peer.name.rawValue)
                AND report = \(held?.id.rawValue) AND content
            """
        let text = said.map { Echo.text($0).digest }
        let status = word.map { Echo.status($0).digest }
        return """
            EXISTS (\(echoes) = \(text)),
            EXISTS (\(echoes) = \(status) AND told > \(moment.addingTimeInterval(-600))
                AND NOT EXISTS (
                    SELECT FROM inbox WHERE inbox.report = echo.report
                        AND inbox.peer = echo.peer AND is_change AND received > echo.told))
            """
    }

    private var said: String? {
        switch item.incoming {
        case .report(let report): report.statusNotes
        case .update(let update): update.description
        }
    }

    private var word: String? {
        switch item.incoming {
        case .report(let report): report.status
        case .update(let update): update.status
        }
    }

    /// Of an update, when it happened; of a state, now: it holds still, and if it does so for long,
    /// it is the peer's own.
    private var moment: Date {
        switch item.incoming {
        case .report: now
        case .update(let update): min(update.told, now)
        }
    }

    /// Whether a delivery that has no answer yet may have told the peer this.
    private func isOnItsWay(
        _ said: String, to held: HeldReport?, in transaction: Transaction
    ) async throws(PostgresError) -> Bool {
        guard let held else { return false }
        let rows = try await transaction.query(
            """
            SELECT told.description
            FROM delivery JOIN "update" AS told ON told.id = delivery."update"
            WHERE delivery.peer = \(peer.name.rawValue) AND delivery.report = \(held.id.rawValue)
                AND delivery.state IN ('waiting', 'parked') AND delivery.first_tried IS NOT NULL
                AND told.description IS NOT NULL
            """)
        return try Self.tells(rows, said)
    }

    /// Whether a peer that has a report of ours by another way, and tells no origin, says what others
    /// told us: it has that by the same way.
    private func isHeldFromOthers(
        _ said: String, of held: HeldReport?, in transaction: Transaction
    ) async throws(PostgresError) -> Bool {
        guard let held, held.direction == "known", item.kind == .update, item.provenance == nil
        else { return false }
        let rows = try await transaction.query(
            """
            SELECT description FROM "update"
            WHERE report = \(held.id.rawValue) AND description IS NOT NULL
                AND client IS DISTINCT FROM \(client.rawValue)
            """)
        return try Self.tells(rows, said)
    }

    /// Whether one of these rows of texts says the same.
    private static func tells(_ rows: Rows, _ said: String) throws(PostgresError) -> Bool {
        for row in rows {
            var cells = row.cells
            if Echo.isSame(try cells.next(), as: said) { return true }
        }
        return false
    }
}

extension Receiving {
    /// The way of the item; what tells none began with the peer.
    var provenance: Provenance {
        guard let told = item.provenance else {
            return Provenance(
                origin: peer.authority, originID: Self.bounded(item.remoteID),
                path: [peer.authority])
        }
        guard told.path.last != peer.authority else { return told }
        return Provenance(
            origin: told.origin, originID: told.originID, path: told.path + [peer.authority])
    }

    /// The way of what is said about a report: a state that we saw began with the peer, wherever the
    /// report did.
    var way: Provenance {
        guard item.kind == .report else { return provenance }
        return Provenance(
            origin: peer.authority, originID: Self.bounded(stateID), path: [peer.authority])
    }

    /// Ids of origins travel, and are of at most 255 bytes.
    private static func bounded(_ id: String) -> String {
        id.utf8.count <= 255 ? id : "sha256 " + Fingerprint.plain(id).hexadecimal
    }
}

extension Receiving {
    /// A report of ours that looks the same, and that the peer may have from us or we from another:
    /// peers that carry no origin give back what they were given (peers.md 5.3).
    func lookalike(
        of report: IncomingReport, in transaction: Transaction
    ) async throws(PostgresError) -> Report.ID? {
        guard let text = report.description, let near = near(report) else { return nil }
        let rows = try await transaction.query(
            """
            SELECT report.id, report.title, report.description FROM report
            WHERE \(near) AND report.stage = 'production'
                AND report.requested > \(now.addingTimeInterval(-30 * 86_400))
                AND (EXISTS (SELECT FROM delivery WHERE delivery.report = report.id)
                    OR EXISTS (SELECT FROM ticket WHERE ticket.report = report.id))
                AND NOT EXISTS (
                    SELECT FROM ticket WHERE ticket.report = report.id
                        AND ticket.peer = \(peer.name.rawValue) AND ticket.remote_id IS NOT NULL)
            ORDER BY report.requested DESC LIMIT 50
            """)
        let said = [text, Masking.on.masked(text)].map(Self.look)
        for row in rows {
            var cells = row.cells
            let id = try ReportRow.named(Report.ID.self, try cells.next(), column: 0)
            let (title, description) = try (cells.next(String?.self), cells.next(String?.self))
            let whole = [title, description].compactMap { $0 }.joined(separator: " ")
            let looks = [description, whole].compactMap { $0 }.map(Self.look)
            if looks.contains(where: said.contains) { return id }
        }
        return nil
    }

    /// A text as it is compared: without the addresses at its end. Where there is no place for them,
    /// whoever hands a report on adds those of its pictures, and where it is read.
    private static func look(of text: String) -> String {
        var words = text.split(whereSeparator: \.isWhitespace)
        while words.count > 1, let last = words.last,
            last.hasPrefix("https://") || last.hasPrefix("http://")
        {
            words.removeLast()
        }
        return Echo.text(words.joined(separator: " ")).content
    }

    /// Peers round coordinates, to about ten metres at the worst.
    private func near(_ report: IncomingReport) -> SQL? {
        if let point = report.place?.coordinate {
            let (x, y, d) = (point.longitude, point.latitude, 0.0001)
            return """
                report.visibility = 'public' AND report.published IS NOT NULL
                    AND report.latitude IS NOT NULL
                    AND point(report.longitude, report.latitude)
                        <@ box(point(\(x - d), \(y - d)), point(\(x + d), \(y + d)))
                """
        }
        guard let address = report.place?.address else { return nil }
        return """
            report.visibility = 'public' AND report.published IS NOT NULL
                AND report.jurisdiction = ANY (\(catalogue.jurisdictions.map(\.id.rawValue)))
                AND report.address = \(address)
            """
    }
}

extension Echo {
    /// SHA-256 of the form in which it is compared.
    var digest: [UInt8] { Fingerprint.plain(content) }
}
