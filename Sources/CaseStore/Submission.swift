import Federation
import FoundationEssentials
import Postgres
import Reports

/// One POST on its way into the case store: the names it was given, and its statements.
struct Submission {
    private let draft: Report.Draft
    /// What of it the public is shown, and what of it only others are.
    private let shown: Original
    private let original: Original
    private let pictures: MediaRows
    private let client: Client.ID
    private let idempotency: Idempotency
    private let now: Date
    private let expires: Date
    private let kind: String
    private let key: String
    private let sender: Peer?
    private let origin: OriginRow?
    private let destinations: Destinations
    /// Whom it has passed, ourselves the last.
    private let path: [Authority]
    private let mint: @Sendable (Jurisdiction.Slug, Visibility) -> Report.ID
    private let keys: DataKeys
    private(set) var receipt: Receipt
    private var event: UUID
    private var unknownOutcomes = 0

    /// What was taken before under the same key.
    struct Earlier {
        let fingerprint: [UInt8]
        let receipt: Receipt
    }

    init(
        _ draft: Report.Draft, by client: Client.ID, idempotency: Idempotency,
        provenance: Provenance? = nil, now: Date, settings: CaseStore.Settings, keys: DataKeys
    ) {
        self.draft = draft
        self.keys = keys
        (shown, original) = draft.disclosure.shown(of: draft.told)
        let way = settings.peering.provenance(provenance, from: client)
        sender = settings.peering.peer(of: client)
        origin = provenance.map { OriginRow(provenance: $0, kind: .report) }
        destinations = Self.destinations(of: draft, by: way, now: now, settings.peering)
        path = settings.peering.path(by: way)
        pictures = MediaRows(
            pictures: draft.pictures, addresses: draft.addresses, by: client, now: now)
        self.client = client
        self.idempotency = idempotency
        self.now = now
        mint = settings.mint
        (receipt, event) = Self.names(for: draft, now: now, mint: mint)
        switch idempotency.source {
        case .key(let key):
            (kind, self.key) = ("key", key)
            expires = now.advanced(by: settings.keyLifetime)
        case .foreignID(let id):
            (kind, key) = ("foreign", id)
            expires = now.advanced(by: settings.foreignIDLifetime)
        case .content(let address, let window) where window > .zero:
            let digest = Fingerprint.of {
                $0.add(idempotency.fingerprint)
                $0.add(address)
            }
            (kind, key) = ("content", digest.hexadecimal)
            expires = now.advanced(by: window)
        case .content:
            // Nothing is merged, but our own second try of this POST must still find the first.
            (kind, key) = ("content", event.uuidString)
            expires = now.advanced(by: .seconds(3600))
        }
    }

    /// What is only a test goes to nobody.
    private static func destinations(
        of draft: Report.Draft, by way: Provenance?, now: Date, _ peering: Peering
    ) -> Destinations {
        guard !peering.peers.isEmpty, draft.stage == .production else {
            return Destinations(handler: nil, copies: [])
        }
        return peering.destinations(
            of: Rule.Subject(draft, requested: now.wholeSeconds), by: way)
    }

    private static func names(
        for draft: Report.Draft, now: Date,
        mint: @Sendable (Jurisdiction.Slug, Visibility) -> Report.ID
    ) -> (Receipt, UUID) {
        var source = SystemRandomNumberGenerator()
        let token: Token? =
            switch draft.answersWith {
            case .realtime: nil
            case .batch: Token(using: &source)
            }
        let receipt = Receipt(id: mint(draft.slug, draft.visibility), token: token)
        return (receipt, Event.ID(at: now, using: &source).uuid)
    }

    /// The answer to a POST that was taken before.
    func answer(to first: Earlier) throws(CaseStoreError) -> Added {
        if first.receipt.id == receipt.id {
            // It was our own first try, whose answer was lost.
            return .added(first.receipt)
        }
        if case .key = idempotency.source, first.fingerprint != idempotency.fingerprint {
            throw .keyReused
        }
        return .repeated(first.receipt)
    }

    /// Makes the submission ready for another try, or says why there is none.
    mutating func recover(from error: PostgresError) throws(CaseStoreError) {
        switch error {
        case .retry:
            return
        case .outcomeUnknown where unknownOutcomes == 0:
            unknownOutcomes += 1
        case .conflict(constraint: "report_pkey"), .conflict(constraint: "token_pkey"),
            .conflict(constraint: "event_pkey"):
            // The id is in use, so nothing of this try was stored.
            (receipt, event) = Self.names(for: draft, now: now, mint: mint)
        case .locked:
            // What a POST waits for is the first one of its key (or a migration, and then as well the
            // same again is right).
            guard case .key = idempotency.source else { throw CaseStoreError(error) }
            throw .inFlight
        default:
            throw CaseStoreError(error)
        }
    }

    /// What the report shows at once.
    private var media: [String] { draft.media + pictures.names }

    /// When the report is listed, and its token resolves.
    private var appears: Date {
        switch draft.answersWith {
        case .realtime: now.wholeSeconds
        case .batch(let delay): now.advanced(by: delay).wholeSeconds
        }
    }
}

extension Submission {
    /// Stores everything and answers with one row; with none if the key names an earlier POST.
    ///
    /// A row whose time is over is taken over in the same breath. Of parallel POSTs with one key the
    /// first one wins, and the others wait here for it to commit.
    var statement: SQL {
        """
        WITH \(beginning)claim AS (
            INSERT INTO idempotency AS held (
                client, stage, jurisdiction, kind, key, fingerprint, report, token, created, expires)
            \(claimed)
            ON CONFLICT (client, stage, jurisdiction, kind, key) DO UPDATE
            SET fingerprint = excluded.fingerprint, report = excluded.report,
                token = excluded.token, created = excluded.created, expires = excluded.expires
            WHERE held.expires <= excluded.created
            RETURNING held.report, held.token, held.jurisdiction, held.stage, held.created
        ), added AS (
            INSERT INTO report (
                id, jurisdiction, stage, service, status, title, description, agency, notice,
                requested, updated, address, address_id, zipcode, latitude, longitude, media,
                answers, channel, visibility, published\(handler.column))
            SELECT claim.report, claim.jurisdiction, claim.stage, \(draft.service.rawValue), 'open',
                \(shown.title), \(shown.description), \(draft.agency), \(draft.notice),
                \(now.wholeSeconds), \(now.wholeSeconds), \(shown.address),
                \(shown.addressID), \(draft.zipcode), \(shown.coordinate?.latitude),
                \(shown.coordinate?.longitude), \(media.isEmpty ? nil : media),
                \(JSONText.of(shown.answers ?? []))::jsonb, \(draft.channel),
                \(draft.visibility.rawValue), \(appears)\(handler.value)
            FROM claim
        ), told AS (
            INSERT INTO event (id, report, kind, actor, recorded, path, content)
            SELECT \(event), claim.report, 'created', \(actor), claim.created,
                \(path.map(\.rawValue)), \(content)
            FROM claim
        )\(contact)\(OriginalRow.part(original, of: receipt.id, from: "claim", keys: keys))
        \(token)\(announcement)\(foreignNumber)\(ticket)\(deliveries)
        \(pictures.part(report: "claim.report", from: "claim"))
        SELECT report FROM claim
        """
    }

    /// What was taken before under this key and still counts.
    var look: SQL {
        """
        SELECT fingerprint, report, token FROM idempotency
        WHERE client = \(client.rawValue) AND stage = \(draft.stage.rawValue)
            AND jurisdiction = \(draft.jurisdiction.rawValue) AND kind = \(kind)
            AND key = \(key) AND expires > \(now)
        \(earlierOrigin)
        """
    }

    /// Only where there is something to keep: most reports are anonymous.
    private var contact: SQL {
        let reporter = draft.reporter
        guard reporter != Reporter() || !draft.unknown.isEmpty else { return "" }
        let row = PersonRow(table: .contact, row: receipt.id.rawValue)
        return """
            , reporter AS (
                INSERT INTO contact.contact (report, \(PersonRow.written))
                SELECT claim.report, \(row.values(reporter, unknown: draft.unknown, keys: keys))
                FROM claim
            )
            """
    }

    /// Only of senders that say theirs.
    private var foreignNumber: SQL {
        guard let number = draft.foreignReport else { return "" }
        return """
            , numbered AS (
                INSERT INTO foreign_number (report, client, number)
                SELECT claim.report, \(client.rawValue), \(number) FROM claim
            )
            """
    }

    private var token: SQL {
        guard receipt.token != nil else { return "" }
        return """
            , promise AS (
                INSERT INTO token (id, report, resolves)
                SELECT claim.token, claim.report, \(appears) FROM claim
            )
            """
    }

    /// Where the report is listed later, the change feed waits for that (`announceDue`).
    private var announcement: SQL {
        guard appears > now, draft.visibility == .public else { return "" }
        return """
            , awaited AS (
                INSERT INTO publication_due (report, due) SELECT claim.report, \(appears) FROM claim
            )
            """
    }

    /// What the POST claims: its key, and where it began if that was elsewhere.
    private var claimed: SQL {
        let values: SQL = """
            \(client.rawValue), \(draft.stage.rawValue), \(draft.jurisdiction.rawValue),
            \(kind), \(key), \(idempotency.fingerprint), \(receipt.id.rawValue),
            \(receipt.token?.rawValue), \(now), \(expires)
            """
        return origin == nil ? "VALUES (\(values))" : "SELECT \(values) FROM began"
    }

    private var actor: SQL { sender == nil ? "'client'" : "'peer'" }

    private var handler: (column: SQL, value: SQL) {
        guard let handler = destinations.handler else { return ("", "") }
        return (", handler", ", \(handler.rawValue)")
    }

    /// Of what began elsewhere the first one to bring it wins, whatever its key (D14).
    private var beginning: SQL {
        guard let origin else { return "" }
        return """
            began AS (
                \(origin.insert(report: "\(receipt.id.rawValue)"))
                ON CONFLICT DO NOTHING RETURNING report
            ),
            """
    }

    private var earlierOrigin: SQL {
        guard let origin else { return "" }
        return """
            UNION ALL SELECT \(idempotency.fingerprint), origin.report, token.id
            FROM origin LEFT JOIN token ON token.report = origin.report WHERE \(origin.isThis)
            """
    }

    /// The report as the peer that brought it knows it, if it says so.
    private var ticket: SQL {
        guard let sender else { return "" }
        let provenance = origin?.provenance
        let own = provenance?.origin == sender.authority ? provenance?.originID : nil
        guard let id = own ?? draft.foreignReport, (1...255).contains(id.utf8.count) else {
            return ""
        }
        return """
            , known AS (
                INSERT INTO ticket (peer, report, remote_id, direction, recorded)
                SELECT \(sender.name.rawValue), claim.report, \(id), 'in', \(now) FROM claim
                ON CONFLICT DO NOTHING
            )
            """
    }

    /// What is listed later is not told to others before.
    private var deliveries: SQL {
        DeliveryRows.report(
            "claim.report", to: destinations.all, event: event, created: now,
            due: max(now, appears), from: "claim")
    }

    /// The digest of what the report says to the public.
    private var content: [UInt8] {
        Fingerprint.of { hash in
            hash.add(draft.jurisdiction.rawValue)
            hash.add(draft.stage.rawValue)
            hash.add(draft.service.rawValue)
            hash.add(shown.title)
            hash.add(shown.description)
            hash.add(shown.address)
            hash.add(shown.addressID)
            hash.add(draft.zipcode)
            hash.add(shown.coordinate?.latitude)
            hash.add(shown.coordinate?.longitude)
            hash.add(media)
            hash.add(shown.answers ?? [])
        }
    }
}

extension Report.Draft {
    /// What people told of it.
    fileprivate var told: Original {
        Original(
            title: title, description: description, address: place.address,
            addressID: place.addressID, coordinate: place.coordinate, answers: answers)
    }
}

extension Report {
    /// The digest of what the report says to the public, as when it was taken.
    var content: [UInt8] {
        Fingerprint.of { hash in
            hash.add(jurisdiction.rawValue)
            hash.add(stage.rawValue)
            hash.add(service.rawValue)
            hash.add(title)
            hash.add(description)
            hash.add(address)
            hash.add(addressID)
            hash.add(zipcode)
            hash.add(coordinate?.latitude)
            hash.add(coordinate?.longitude)
            hash.add(media)
            hash.add(answers)
        }
    }
}
