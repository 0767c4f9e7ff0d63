import Foundation
import Reports
import Testing

@testable import Federation

@Suite struct ArrivalTests {
    static let now = Date(timeIntervalSince1970: 1_790_000_000)

    @Suite struct Updates {
        @Test func `the handler's status is ours`() {
            let arrival = Sample.peer().arrival(
                of: Sample.update("in progress", "We are on it"), knowing: Sample.known())
            #expect(
                arrival
                    == .applied(
                        Sample.change { ($0.detail, $0.text) = (.inProgress, "We are on it") }))
        }

        @Test func `a status of somebody else is a proposal, and its text a comment`() {
            let arrival = Sample.peer().arrival(
                of: Sample.update("closed", "Done"), knowing: Sample.known(voice: .proposes))
            #expect(
                arrival
                    == .proposed(Sample.change { $0.text = "Done" }, proposal: "roads: closed"))
        }

        @Test(arguments: ["zurückgestellt", "closed!"])
        func `a word without meaning is quarantined, and never guessed`(word: String) {
            let arrival = Sample.peer().arrival(of: Sample.update(word), knowing: Sample.known())
            #expect(arrival == .quarantined("the status “\(word)” has no meaning"))
        }

        @Test(arguments: ["CLOSED", "Closed", "closed"])
        func `words are alike whatever their case`(word: String) {
            let arrival = Sample.peer().arrival(of: Sample.update(word), knowing: Sample.known())
            #expect(
                arrival
                    == .applied(Sample.change { ($0.detail, $0.text) = (.fixed, "It is done") }))
        }

        @Test func `what we told is an echo, and what is new beside it counts`() {
            var known = Sample.known()
            known.echoed = [.text, .status]
            let peer = Sample.peer()
            #expect(peer.arrival(of: Sample.update("closed", "Done"), knowing: known) == .echo)
            known.echoed = [.status]
            #expect(
                peer.arrival(of: Sample.update("closed", "Thanks!"), knowing: known)
                    == .applied(Sample.change { $0.text = "Thanks!" }))
            known.echoed = [.text]
            #expect(
                peer.arrival(of: Sample.update("closed", "Done"), knowing: known)
                    == .applied(Sample.change { $0.detail = .fixed }))
        }

        @Test func `a word of which nobody is told is quiet, and a comment beside it is not`() {
            var peer = Sample.peer()
            let word = Mapping.StatusWord("in progress")
            peer.mapping.statusesIn[word] = .init(detail: .inProgress, tells: .nobody)
            let text = "We are on it"
            #expect(
                peer.arrival(of: Sample.update("in progress", text), knowing: Sample.known())
                    == .applied(
                        Sample.change {
                            ($0.detail, $0.text, $0.tells) = (.inProgress, text, .nobody)
                        }))
            let underway = Sample.known(detail: .inProgress)
            #expect(
                peer.arrival(of: Sample.update("in progress", text), knowing: underway)
                    == .applied(Sample.change { ($0.detail, $0.text) = (.inProgress, text) }))
        }

        @Test func `it counts once, by its first words`() {
            var known = Sample.known()
            known.earlier = .same
            #expect(Sample.peer().arrival(of: Sample.update("closed"), knowing: known) == .passed)
            known.earlier = .other
            #expect(
                Sample.peer().arrival(of: Sample.update("closed"), knowing: known)
                    == .contradicted)
        }

        @Test func `what has passed us, or came another way, is known`() {
            var update = Sample.update("closed")
            update.provenance = Provenance(
                origin: Sample.name("ngo"), originID: "u-1",
                path: [Sample.name("ngo"), Sample.node, Sample.name("roads")])
            #expect(Sample.peer().arrival(of: update, knowing: Sample.known()) == .known(nil))
            update.provenance = nil
            var known = Sample.known()
            known.origin = Sample.name("sofia-1")
            #expect(Sample.peer().arrival(of: update, knowing: known) == .known(nil))
        }

        @Test func `what has passed too many is not taken`() {
            var update = Sample.update("closed")
            update.provenance = Provenance(
                origin: Sample.name("a"), originID: "1",
                path: ["a", "b", "c", "d", "e", "f"].map { Sample.name($0) })
            #expect(
                Sample.peer().arrival(of: update, knowing: Sample.known())
                    == .ignored("it has passed 6 systems"))
        }

        @Test func `two that contradict each other are braked`() {
            var known = Sample.known()
            known.changes = Knowledge.mostChanges
            let peer = Sample.peer()
            guard case .quarantined = peer.arrival(of: Sample.update("closed"), knowing: known)
            else {
                Issue.record("not braked")
                return
            }
            // A comment does no harm.
            #expect(
                peer.arrival(of: Sample.update(nil, "Hello"), knowing: known)
                    == .applied(Sample.change { $0.text = "Hello" }))
        }

        @Test func `not ours is a refusal of who handles it, and a proposal of others`() {
            let peer = Sample.peer()
            #expect(
                peer.arrival(
                    of: Sample.update("not ours", "Ask the state"), knowing: Sample.known())
                    == .handedBack(Sample.change { $0.text = "Ask the state" }))
            #expect(
                peer.arrival(of: Sample.update("not ours"), knowing: Sample.known(voice: .gave))
                    == .proposed(Sample.change { _ in }, proposal: "roads: not ours"))
        }

        @Test func `a word that covers our detail leaves it`() {
            let arrival = Sample.peer().arrival(
                of: Sample.update("closed", "x"), knowing: Sample.known(detail: .noFurtherAction))
            #expect(
                arrival
                    == .applied(Sample.change { ($0.detail, $0.text) = (.noFurtherAction, "x") }))
        }

        @Test(arguments: [("", "1"), ("1", ""), ("1", String(repeating: "x", count: 10_240))])
        func `ids that are none are ignored`(id: String, report: String) {
            let update = IncomingUpdate(id: id, report: report, status: "open", told: now)
            guard
                case .ignored = Sample.peer().arrival(of: update, knowing: Sample.known())
            else {
                Issue.record("taken")
                return
            }
        }

        @Test func `U+0000 is ignored, and updates that we do not take are no concern`() {
            #expect(
                Sample.peer().arrival(of: Sample.update("a\0b"), knowing: Sample.known())
                    == .ignored("it holds U+0000"))
            #expect(
                Sample.peer(flow: [.reportsOut]).arrival(
                    of: Sample.update("closed"), knowing: Sample.known()) == .passed)
        }

        @Test func `an update of a report that we do not know is no concern yet`() {
            var known = Sample.known()
            known.report = nil
            #expect(Sample.peer().arrival(of: Sample.update("closed"), knowing: known) == .passed)
        }
    }

    @Suite struct States {
        @Test func `only what differs from the state seen last is news`() {
            let peer = Sample.peer()
            let seen = Knowledge.Held.Seen(
                status: Mapping.StatusWord("closed"), time: now.addingTimeInterval(-100))
            // It says closed since long; we reopened the report meanwhile.
            #expect(
                peer.arrival(
                    of: Sample.report("Closed"), in: Sample.catalogue(),
                    knowing: Sample.known(detail: .reopen, seen: seen)) == .known(nil))
            let arrival = peer.arrival(
                of: Sample.report("open"), in: Sample.catalogue(),
                knowing: Sample.known(detail: .fixed, seen: seen))
            // Its time of change lies; when we looked last it was not so yet.
            #expect(
                arrival
                    == .applied(
                        Sample.change(told: now.addingTimeInterval(-100)) { $0.detail = .open }))
        }

        @Test func `the first look compares with what we told`() {
            let known = Sample.known(detail: .investigating)
            #expect(
                Sample.peer().arrival(
                    of: Sample.report("open"), in: Sample.catalogue(), knowing: known)
                    == .known(nil))
        }

        @Test func `the handler's office and date are ours, another's are not`() {
            var report = Sample.report("open")
            report.agency = "Roads"
            report.expected = now
            let peer = Sample.peer()
            #expect(
                peer.arrival(of: report, in: Sample.catalogue(), knowing: Sample.known())
                    == .applied(
                        Sample.change(told: report.updated) {
                            ($0.agency, $0.expected) = ("Roads", now)
                        }))
            #expect(
                peer.arrival(
                    of: report, in: Sample.catalogue(), knowing: Sample.known(voice: .gave))
                    == .known(nil))
        }

        @Test func `notes that we have not are told`() {
            var report = Sample.report("open")
            report.statusNotes = "Wait for spring"
            #expect(
                Sample.peer().arrival(of: report, in: Sample.catalogue(), knowing: Sample.known())
                    == .applied(
                        Sample.change(told: report.updated) { $0.text = "Wait for spring" }))
        }
    }

    @Suite struct Reports {
        @Test func `a report that nobody told us of is taken in`() throws {
            var report = Sample.report("In-Progress")
            report.answers = [PeerAnswer(code: "kind", values: ["b", "unknown"])]
            let arrival = Sample.peer().arrival(
                of: report, in: Sample.catalogue(), knowing: Sample.unknown())
            guard case .taken(let taking) = arrival else {
                Issue.record("\(arrival)")
                return
            }
            #expect(taking.jurisdiction.rawValue == "sofia.example")
            #expect(taking.service.rawValue == "POTHOLE")
            #expect(taking.detail == .inProgress)
            #expect(taking.answers == [Answer(code: Sample.name("KIND"), values: ["BULKY"])])
            #expect(taking.remark == nil)
        }

        @Test func `a time to come is believed for five minutes, and shown`() {
            var report = Sample.report("open")
            report.updated = Date(timeIntervalSince1970: 4_070_908_800)
            guard
                case .taken(let taking) = Sample.peer().arrival(
                    of: report, in: Sample.catalogue(), knowing: Sample.unknown())
            else {
                Issue.record("not taken")
                return
            }
            #expect(taking.updated == now.addingTimeInterval(300))
            #expect(taking.remark != nil)
        }

        @Test func `a service or a status without meaning is quarantined`() {
            var report = Sample.report("open")
            report.service = "99"
            #expect(
                Sample.peer().arrival(
                    of: report, in: Sample.catalogue(), knowing: Sample.unknown())
                    == .quarantined("the service “99” has no meaning"))
            #expect(
                Sample.peer().arrival(
                    of: Sample.report("??"), in: Sample.catalogue(), knowing: Sample.unknown())
                    == .quarantined("the status “??” has no meaning"))
        }

        @Test func `what we hold by its origin is known, and what has passed us is not taken`() {
            var known = Sample.unknown()
            let ours: Report.ID = Sample.name("sofia-1")
            known.origin = ours
            var report = Sample.report("open")
            #expect(
                Sample.peer().arrival(of: report, in: Sample.catalogue(), knowing: known)
                    == .known(ours))
            report.provenance = Provenance(
                origin: Sample.node, originID: "sofia-9", path: [Sample.node])
            #expect(
                Sample.peer().arrival(
                    of: report, in: Sample.catalogue(), knowing: Sample.unknown())
                    == .ignored("it has passed us"))
        }

        @Test func `the place decides between jurisdictions that take the service`() throws {
            let report = Sample.report("open")
            func home(_ jurisdictions: [Jurisdiction]) throws -> String? {
                guard
                    case .taken(let taking) = Sample.peer().arrival(
                        of: report, in: try Catalogue(jurisdictions), knowing: Sample.unknown())
                else { return nil }
                return taking.jurisdiction.rawValue
            }
            let around = Sample.jurisdiction("around.example", "around", from: 40, to: 44)
            let away = Sample.jurisdiction("away.example", "away", from: 50, to: 51)
            let anywhere = Sample.jurisdiction("anywhere.example", "anywhere")
            #expect(try home([around, away, anywhere]) == "around.example")
            #expect(try home([away, anywhere]) == "anywhere.example")
            #expect(try home([away]) == nil)
            #expect(try home([]) == nil)
        }
    }
}

/// Values of which a test writes only what it is about.
private enum Sample {
    static let node: Authority = name("sofia")

    static func name<Name: Identifier>(_ text: String) -> Name {
        guard let name = Name(rawValue: text) else { preconditionFailure("no name: \(text)") }
        return name
    }

    static func peer(flow: Peer.Flow = [.reportsOut, .reportsIn, .updatesIn]) -> Peer {
        var mapping = Mapping()
        mapping.servicesIn = ["12": name("POTHOLE")]
        for detail in Detail.allCases {
            mapping.statusesOut[detail] = detail.status == .open ? "open" : "closed"
        }
        mapping.statusesIn = [
            .init("open"): .init(detail: .open),
            .init("in_progress"): .init(detail: .inProgress),
            .init("closed"): .init(
                detail: .fixed, text: Localized([name("en"): "It is done"])),
            .init("not ours"): .init(detail: nil, verdict: .refuses),
        ]
        mapping.questions = [name("KIND"): .init(code: "kind", values: ["BULKY": "b"])]
        return Peer(name: name("roads"), authority: name("roads"), flow: flow, mapping: mapping)
    }

    static func known(
        voice: Knowledge.Held.Voice = .handles, detail: Detail = .open,
        seen: Knowledge.Held.Seen? = nil
    ) -> Knowledge {
        Knowledge(
            node: node, now: ArrivalTests.now,
            report: Knowledge.Held(
                id: name("sofia-1"), detail: detail, voice: voice, languages: [name("en")],
                seen: seen))
    }

    static func unknown() -> Knowledge {
        Knowledge(node: node, now: ArrivalTests.now)
    }

    static func update(_ status: String?, _ text: String? = nil) -> IncomingUpdate {
        IncomingUpdate(
            id: "1", report: "T1", status: status, description: text, told: ArrivalTests.now)
    }

    static func report(_ status: String) -> IncomingReport {
        IncomingReport(
            id: "T1", status: status, service: "12",
            place: Place(
                coordinate: Coordinate(latitude: 42.7, longitude: 23.3), address: nil,
                addressID: nil),
            requested: ArrivalTests.now.addingTimeInterval(-86_400),
            updated: ArrivalTests.now.addingTimeInterval(-3600))
    }

    static func change(
        told: Date = ArrivalTests.now, _ body: (inout Arrival.Change) -> Void
    ) -> Arrival.Change {
        var change = Arrival.Change(told: told)
        body(&change)
        return change
    }

    static func catalogue() -> Catalogue {
        guard let catalogue = try? Catalogue([jurisdiction("sofia.example", "sofia")]) else {
            preconditionFailure("no catalogue")
        }
        return catalogue
    }

    /// A square around 23.3 degrees east, between two parallels.
    static func jurisdiction(
        _ id: String, _ slug: String, from south: Double? = nil, to north: Double = 0
    ) -> Jurisdiction {
        let corners = [(23.0, south ?? 0), (24.0, south ?? 0), (24.0, north), (23.0, north)]
            .compactMap { Coordinate(latitude: $1, longitude: $0) }
        return Jurisdiction(
            id: name(id), slug: name(slug), name: Localized([:]), contact: "",
            languages: [name("en")], timeZone: "UTC",
            boundary: south == nil ? nil : Boundary(polygons: [[corners + corners.prefix(1)]]),
            services: [
                Service(code: name("POTHOLE"), name: Localized([:]), group: Localized([:]))
            ])
    }
}
