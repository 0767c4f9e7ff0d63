import Conformance
import Foundation
import Postgres
import Reports

@testable import CaseStore
@testable import Gateway

/// What vectors ask of whoever runs them (`do …`).
extension FixtureGateway {
    /// What the vectors ask for.
    var acts: [String: Act] {
        [
            "publish-a-new-name": publishANewName,
            "pass-89-days": { [clock] in clock.pass(89 * 86400) },
            "pass-three-minutes": { [clock] in clock.pass(180) },
            "pass-three-days": { [clock] in clock.pass(3 * 86400) },
            "return-to-now": { [clock] in clock.reset() },
            "hold-back-the-newest-report": holdBackTheNewestReport,
            "publish-the-newest-report": publishTheNewestReport,
            "correct-the-notes": correctTheNotes,
            "find-easting-678913-with-the-newest-report": {
                try await findContact(of: "attribute[easting] 678913") { _, unknown in
                    unknown?.contains("\"attribute[easting]\",\"value\":\"678913\"") == true
                }
            },
            "find-device-4711-with-the-newest-report": {
                try await findContact(of: "device-4711") { person, _ in
                    person.deviceID == "device-4711"
                }
            },
        ]
    }

    private func publishANewName() async throws {
        clock.pass(2)
        let name = "Renamed " + UUID().uuidString
        let jurisdictions = catalogue.jurisdictions.map { jurisdiction in
            jurisdiction.slug.rawValue == "workshop"
                ? jurisdiction.renaming("MEASURE", to: name) : jurisdiction
        }
        let next = try Catalogue(jurisdictions)
        publication.publish(next, changesets: try await store.publish(next, now: clock.now))
    }

    /// The report that was stored last, whatever time it was then by the clock that vectors move.
    private static let newest: SQL = "SELECT report FROM event ORDER BY age(xmin) LIMIT 1"

    private func holdBackTheNewestReport() async throws {
        _ = try await pool.query(
            """
            UPDATE report SET published = NULL
            WHERE id = (\(Self.newest))
            """)
    }

    private func publishTheNewestReport() async throws {
        _ = try await pool.query(
            """
            UPDATE report SET published = \(clock.now)
            WHERE published IS NULL
                AND id = (\(Self.newest))
            """)
    }

    private func correctTheNotes() async throws {
        clock.pass(2)
        var history = try Self.history("sofia", in: catalogue)
            .filter { $0.sourceID == "SOF-CORRECT" }
        let held = try await pool.query(
            "SELECT requested FROM report WHERE source_id = 'SOF-CORRECT'")
        guard var cells = held.first?.cells else { throw Unusable(problems: ["no SOF-CORRECT"]) }
        let requested = try cells.next(Date.self)
        for index in history.indices {
            history[index].requested = requested
            history[index].statusNotes = "Corrected " + UUID().uuidString
            history[index].updated = Date(
                timeIntervalSince1970: clock.now.timeIntervalSince1970.rounded(.down))
        }
        guard case .corrected = try await store.take(history, now: clock.now).first else {
            throw Unusable(problems: ["SOF-CORRECT was not corrected"])
        }
    }

    /// What is kept with the newest report and never shown.
    private func findContact(
        of what: String, _ isThere: (Reporter, String?) -> Bool
    ) async throws {
        let rows = try await pool.query(
            """
            SELECT report, \(PersonRow.columns(of: "contact")) FROM contact.contact
            WHERE report = (\(Self.newest))
            """)
        guard var cells = rows.first?.cells else {
            throw Unusable(problems: ["nobody is kept: \(what)"])
        }
        let row = PersonRow(table: .contact, row: try cells.next())
        let held = try PersonRow.Held(from: &cells)
        guard let opened = row.open(held, keys: try store.settings.sealer.keys()),
            isThere(opened.person, opened.unknown)
        else { throw Unusable(problems: ["not kept: \(what)"]) }
    }
}

extension Jurisdiction {
    fileprivate func renaming(_ code: String, to name: String) -> Jurisdiction {
        let services = services.map { service in
            service.code.rawValue != code
                ? service
                : Service(
                    code: service.code, name: Localized([defaultLanguage: name]),
                    description: service.description, group: service.group,
                    otherGroups: service.otherGroups, keywords: service.keywords,
                    answersWith: service.answersWith,
                    visibility: service.visibility, notice: service.notice,
                    agency: service.agency, attributes: service.attributes)
        }
        return Jurisdiction(
            id: id, slug: slug, aliases: aliases, name: self.name, contact: contact,
            languages: languages, timeZone: timeZone, boundary: boundary, services: services,
            repeatWindow: repeatWindow, windowLimit: windowLimit)
    }
}
