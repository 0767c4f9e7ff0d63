import CaseStore
import Federation
import Foundation
import Gateway
import Media
import Postgres
import Reports

/// Examines the database, and what it tells of pictures, webhooks and peers.
struct DatabaseDoctor {
    private let deployment: Deployment
    private let now: Date
    private(set) var chart: Chart

    init(_ deployment: Deployment, chart: Chart, now: Date) {
        self.deployment = deployment
        self.chart = chart
        self.now = now
    }

    private var settings: Settings { deployment.settings }
    private var store: CaseStore { deployment.store }

    mutating func examine(_ scope: Doctor.Scope) async throws {
        let health = try await store.check()
        let kind = settings.database.url == nil ? "embedded PostgreSQL" : "database.url"
        chart.note(.database, "\(kind) answers")
        add(health.server.remarks)
        for name in health.pendingMigrations {
            chart.add(
                Complaint(
                    .migrations, .warning, "\(name) has not run",
                    advice: "serve or migrate will run it"))
        }
        try await examineDataKeys(of: health.pendingMigrations.isEmpty ? .now : .older)
        guard scope != .setup else { return }
        let pools = settings.database
        // One more listens.
        add(try await store.upkeep(connections: pools.connections + pools.transactions + 1).remarks)
        guard health.pendingMigrations.isEmpty else {
            return chart.skip(
                [
                    .media, .pictures, .clients, .webhooks, .stoppedPeers, .cursors, .parked,
                    .deadLetters, .stuck, .quarantine, .tokens, .erasures, .audit,
                    .months, .bursts,
                ], because: "the schema is not that of this program")
        }
        try await examineUnreadable(scope)
        try await examinePictures()
        try await examineClients()
        try await examineWebhooks()
        try await examinePeers()
        try await examineArrears()
        try await examineUnhanded()
        try await examineAudit()
        try await examineMonths()
        try await examineBursts()
    }

    private mutating func add(_ remarks: [ServerRemark]) {
        for remark in remarks {
            chart.add(
                Complaint(
                    Examination(remark.side), remark.weight == .refusal ? .wrong : .warning,
                    remark.text, advice: remark.advice))
        }
    }

    /// Whether the schema is that of this program.
    private enum Schema { case now, older }

    private mutating func examineDataKeys(of schema: Schema) async throws {
        let source = DataKeySource(settings)
        let place = source.path ?? settings.file
        func complain(_ level: Complaint.Level, _ text: String, _ advice: String) {
            chart.add(
                Complaint(.dataKeys, level, text, advice: advice).at(place, key: source.key))
        }
        guard let known = schema == .older ? [] : try await store.dataKeys() else {
            return complain(
                .wrong, "our user of the database may not read contact.data_key",
                "make it a member of viaduct_contact")
        }
        let keys: DataKeys
        do throws(DataKeySource.Failure) {
            keys = try source.read()
        } catch .missing where source.isOwn && known.isEmpty {
            return chart.note(.dataKeys, "\(place) is made by the first start")
        } catch .missing {
            let ids = known.sorted().map(\.description).joined(separator: ", ")
            return complain(
                .wrong, "is not there: reports are refused, and personal data cannot be read",
                known.isEmpty
                    ? "write the keys there, or take the setting away"
                    : "put back the file with the keys \(ids), from another node or from where it "
                        + "was kept apart")
        } catch {
            return complain(.wrong, source.advice(on: error), "")
        }
        let missing = known.subtracting(keys.ids).sorted()
        guard missing.isEmpty else {
            let ids = missing.map(\.description).joined(separator: ", ")
            return complain(
                .wrong, "the keys \(ids) are not there, and personal data is sealed with them",
                "add them, from another node or from where they were kept apart")
        }
        let count = keys.all.count == 1 ? "one data key" : "\(keys.all.count) data keys"
        chart.note(.dataKeys, "\(place): \(count)")
        if source.isOwn, settings.database.url != nil {
            complain(
                .warning, "the only file with the keys may go with this machine",
                "keep a copy, and name the file in privacy.keys_file")
        }
        guard schema == .now else { return }
        if known.count > 1 {
            complain(
                .warning, "some personal data may still be sealed with an older key",
                "run viaduct reseal; then the older key is needed for older backups and the audit log "
                    + "only")
        }
        if try await store.isPlain() {
            complain(
                .warning, "some personal data is not sealed yet",
                "let viaduct serve run until it is, or run viaduct reseal")
        }
    }

    /// Of all that is sealed; of a server that runs, what it was to show.
    private mutating func examineUnreadable(_ scope: Doctor.Scope) async throws {
        let source = DataKeySource(settings)
        let found: Unreadable
        if scope == .visit {
            found = try await store.metUnreadable()
        } else if let keys = try? source.read(), let known = try await store.dataKeys(),
            known.isSubset(of: keys.ids)
        {
            found = try await store.unreadable(with: keys)
        } else {
            // All of it is unreadable then, and told already.
            return
        }
        guard found.count > 0 else { return }
        chart.add(
            Complaint(
                .dataKeys, .wrong,
                "no data key opens \(found.count) sealed fields, such as "
                    + found.examples.joined(separator: ", "),
                advice: "add the older key if there is one; what was changed, only a backup has"
            ).at(source.path ?? settings.file, key: source.key))
    }

    private mutating func examinePictures() async throws {
        let late = try await store.overduePictures(now: now)
        if late > 0 {
            chart.add(
                Complaint(
                    .pictures, .warning, "\(late) pictures have waited for a day to be fetched",
                    advice: "see that viaduct serve runs with media.fetch, and that it may call out"
                ))
        }
        guard settings.media.bucket == nil else {
            return chart.skip([.media], because: "pictures are in a bucket")
        }
        let directory = settings.data.media
        let files: PictureStore
        do {
            files = try PictureStore(directory: directory)
        } catch {
            return chart.add(
                Complaint(
                    .media, .wrong, "cannot be used for pictures",
                    advice: "make it a directory that who runs Viaduct may write to"
                ).at(directory, key: "data.directory"))
        }
        var missing: [String] = []
        for text in try await store.newestPictures(limit: 200) {
            guard let name = PictureName(text) else { continue }
            if try await !files.contains(name) { missing.append(text) }
        }
        guard let first = missing.first else { return }
        chart.add(
            Complaint(
                .media, .wrong,
                "\(missing.count) of the 200 newest pictures are not there, such as \(first)",
                advice: "copy them back from the backup, or put data.directory right"
            ).at(directory, key: "data.directory"))
    }

    private mutating func examineClients() async throws {
        let keys = Dictionary(grouping: try await store.keys(), by: \.client.id)
        // Why nothing is taken from a client any more, and it is told nothing.
        func flaw(of client: Client.ID) -> String? {
            guard let keys = keys[client] else { return "unknown" }
            let standings = keys.map { $0.standing(at: now) }
            guard standings.allSatisfy(\.isOver) else { return nil }
            return standings.allSatisfy(\.isRevoked) ? "revoked" : "retired"
        }
        for peer in settings.peers.peering.peers {
            guard let id = peer.client, let flaw = flaw(of: id) else { continue }
            let file = settings.peers.links[peer.name]?.file ?? ""
            chart.add(
                Complaint(
                    .clients, .wrong,
                    "the key \(id) is \(flaw): what the peer sends is refused",
                    advice: "give it one with viaduct key create, and write its beginning here"
                ).at(file, line: SettingsFile(file).line(of: "client"), key: "client"))
        }
        for webhook in try await store.webhooks() {
            guard let flaw = flaw(of: webhook.client) else { continue }
            chart.add(
                Complaint(
                    .clients, .warning,
                    "the key \(webhook.client) of the webhook \(webhook.id) is \(flaw)",
                    advice: "viaduct webhook delete \(webhook.id), or make it anew for another key"
                ))
        }
    }

    private mutating func examineWebhooks() async throws {
        for webhook in try await store.webhooks() {
            if case .disabled(let since, let reason) = webhook.state {
                chart.add(
                    Complaint(
                        .webhooks, .warning,
                        "\(webhook.id) was given up \(since.formatted(.iso8601)) (\(reason))",
                        advice: "ask its owner, then viaduct webhook resume \(webhook.id)"))
            } else if let since = webhook.failingSince, now.timeIntervalSince(since) > 3600 {
                chart.add(
                    Complaint(
                        .webhooks, .warning,
                        "\(webhook.id) has failed \(webhook.attempts) times since "
                            + "\(since.formatted(.iso8601))",
                        advice: "ask its owner; viaduct webhook list tells how it answers"))
            }
        }
    }

    private mutating func examinePeers() async throws {
        let ledger = Ledger(store, peering: settings.peers.peering)
        for line in try await ledger.peers(now: now) {
            examineStanding(of: line)
            for wait in Wait.all(of: line) where wait.count > 0 {
                complain(
                    about: line, wait.examination, wait.level, "\(wait.count) \(wait.text)",
                    wait.advice)
            }
        }
    }

    /// What of a peer must not wait.
    private struct Wait {
        let examination: Examination
        let level: Complaint.Level
        let count: Int
        let text: String
        let advice: String

        static func all(of line: PeerLineup) -> [Wait] {
            let name = line.name
            return [
                Wait(
                    examination: .parked, level: .warning, count: line.parked,
                    text: "deliveries wait for a person",
                    advice: "see viaduct deliveries --peer \(name) --state parked, then viaduct "
                        + "peer resend or drop"),
                Wait(
                    examination: .stuck, level: .wrong, count: line.stuck,
                    text: "deliveries have made no progress for 15 minutes",
                    advice: "see that viaduct serve runs, and viaduct peer check \(name)"),
                Wait(
                    examination: .quarantine, level: .warning, count: line.quarantined,
                    text: "things that it said are in no mapping",
                    advice: "complete the mapping, then viaduct peer replay \(name)"),
                Wait(
                    examination: .tokens, level: .warning, count: line.openTokens,
                    text: "tokens have become no id for 15 minutes",
                    advice: "ask who runs the peer"),
            ]
        }
    }

    private mutating func examineStanding(of line: PeerLineup) {
        let reason = line.reason ?? ""
        switch line.state {
        case "paused":
            complain(
                about: line, .stoppedPeers, .warning, "it is paused: \(reason)",
                "viaduct peer resume \(line.name) goes on")
        case "failing":
            complain(
                about: line, .stoppedPeers, .wrong, "it does not answer: \(reason)",
                "try viaduct peer check \(line.name)")
        case "gone" where line.waiting + line.parked > 0:
            complain(
                about: line, .stoppedPeers, .wrong,
                "\(line.waiting + line.parked) deliveries wait, and no file of the settings names it",
                "put its file back until they are done or dropped")
        default: break
        }
        examineReading(of: line)
    }

    private mutating func examineReading(of line: PeerLineup) {
        guard let due = line.readingDue, line.state != "paused",
            now.timeIntervalSince(due) > 900 || line.readingReason != nil
        else { return }
        let when = line.read.map { "since \($0.formatted(.iso8601))" } ?? "yet"
        complain(
            about: line, .cursors, .warning,
            "it was not read \(when)\(line.readingReason.map { ": \($0)" } ?? "")",
            "see that viaduct serve runs, and viaduct peer check \(line.name)")
    }

    private mutating func complain(
        about line: PeerLineup, _ examination: Examination, _ level: Complaint.Level,
        _ text: String, _ advice: String
    ) {
        let file = Peer.Name(rawValue: line.name).flatMap { settings.peers.links[$0]?.file }
        let complaint = Complaint(examination, level, "\(line.name): \(text)", advice: advice)
        chart.add(file.map { complaint.at($0) } ?? complaint)
    }

    private mutating func examineUnhanded() async throws {
        let lost = try await store.unhanded(now: now)
        guard let first = lost.first else { return }
        chart.add(
            Complaint(
                .unhanded, .wrong,
                "\(lost.count) reports were never sent to who is to handle them, such as \(first)",
                advice: "this is a mistake of ours: keep the database, and tell us"))
    }

    /// Since the last checkpoint, which a server makes each hour.
    private mutating func examineAudit() async throws {
        guard let flaw = try await store.verifyAudit(.recent).flaw else { return }
        chart.add(
            Complaint(
                .audit, .wrong, "the audit log was changed: \(flaw.sentence)",
                advice: "keep a copy of the database as it is, and find out who could write to it"))
    }

    /// What a server that runs sees to each hour.
    private mutating func examineMonths() async throws {
        let months = try await store.auditMonths(now: now)
        let advice = "see that viaduct serve runs, and what its log says of months of the audit log"
        if !months.missing.isEmpty {
            let names = months.missing.joined(separator: " and ")
            chart.add(
                Complaint(
                    .months, .warning, "the audit log has no part for \(names)", advice: advice))
        }
        if months.strays > 0 {
            let count = months.strays == 1000 ? "1000 entries or more" : "\(months.strays) entries"
            chart.add(
                Complaint(
                    .months, .warning, "of the audit log \(count) lie in no month", advice: advice))
        }
    }

    /// More reports than these, of one hour and one place, are a program's or a disaster's (A10).
    private static let crowd = 60

    private mutating func examineBursts() async throws {
        for burst in try await store.bursts(over: Self.crowd, now: now) {
            chart.add(
                Complaint(
                    .bursts, .warning,
                    "\(burst.reports) reports of \(burst.jurisdiction) in the last hour are from the "
                        + "square kilometre at \(burst.latitude), \(burst.longitude)",
                    advice: "look at the newest of them; if a program writes them, revoke its key "
                        + "(viaduct key revoke), or lower limits.rates"))
        }
    }

    private mutating func examineArrears() async throws {
        for arrears in try await store.arrears(now: now) {
            if arrears.deadLetters > 0 {
                chart.add(
                    Complaint(
                        .deadLetters, .warning,
                        "\(arrears.peer): \(arrears.deadLetters) dead letters are older than a day",
                        advice: "viaduct peer resend \(arrears.peer), or drop, with --refused for "
                            + "what it refused"))
            }
            if arrears.erasures > 0 {
                chart.add(
                    Complaint(
                        .erasures, .wrong,
                        "\(arrears.peer): \(arrears.erasures) erasures are not done there",
                        advice: "see viaduct deliveries --peer \(arrears.peer), and ask who runs it"
                    )
                )
            }
        }
    }
}
