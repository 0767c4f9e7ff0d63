import Federation
import Foundation
import GeoReport
import Open311
import Reports
import Testing

/// A server with many reports, which lists them in one of the ways that there are.
private struct City: Sendable {
    /// Seconds since 1970 of each report, from which it has its id.
    let times: [Int]
    /// How many it lists at most, or on a page.
    let most: Int
    let pages: Profile.Listing.Pages

    /// Newest first, as most of them do.
    func answer(_ call: Wire.Call) -> Wire.Reply {
        let query = URLComponents(string: call.address)?.queryItems ?? []
        func value(_ name: String) -> String? { query.first { $0.name == name }?.value }
        let from = value("start_date").flatMap { DateTime.parse($0) } ?? .distantPast
        let to = value("end_date").flatMap { DateTime.parse($0) } ?? .distantFuture
        let found = times.enumerated().filter { _, time in
            (from...to).contains(Date(timeIntervalSince1970: Double(time)))
        }.reversed()
        let page = pages == .numbered ? (value("page").flatMap { Int($0) } ?? 1) - 1 : 0
        let rows = found.dropFirst(page * most).prefix(most).map { index, time in
            let date = DateTime.text(Date(timeIntervalSince1970: Double(time)))
            return #"{"service_request_id":"\#(index)","status":"open","#
                + #""requested_datetime":"\#(date)","updated_datetime":"\#(date)"}"#
        }
        let body = "[" + rows.joined(separator: ",") + "]"
        return Wire.Reply(status: 200, body: Array(body.utf8))
    }
}

@Suite struct `Reading a peer` {
    private let now = Date(timeIntervalSince1970: 1_776_643_200)

    private func adapter(_ city: City) -> Open311Adapter {
        var profile = Profile.georeport
        profile.format = .json
        profile.reports.pages = city.pages
        profile.reports.most = city.most
        profile.reports.least = city.most
        return Open311Adapter(
            Open311Settings(
                profile: profile, address: "https://city.example/", flow: [.reportsIn]))
    }

    /// Reads until nothing more is there; what was found, how often it was asked, and the cursor.
    private func read(
        _ city: City, after cursor: Cursor? = nil
    ) async throws -> (ids: [String], unreadable: [String], cursor: Cursor?) {
        let now = now
        let wire = Wire(now: { now }) { call throws(PeerError) in city.answer(call) }
        let adapter = adapter(city)
        var (ids, unreadable): ([String], [String]) = ([], [])
        var cursor = cursor
        for _ in 0..<10_000 {
            let page = try await adapter.collect(after: cursor, over: wire)
            cursor = page.next
            #expect(page.next.text.utf8.count <= 1024)
            ids += page.items.compactMap { item in
                if case .report(let report) = item { report.id } else { nil }
            }
            unreadable += page.unreadable
            if page.isLast { break }
        }
        return (ids, unreadable, cursor)
    }

    @Test(arguments: [Profile.Listing.Pages.none, .numbered])
    func `finds all, however little is listed at once`(pages: Profile.Listing.Pages) async throws {
        let base = 1_776_643_200
        // Far apart, close together, and many in one second.
        var times = (0..<200).map { base - 80 * 86_400 + $0 * 7200 }
        times += (0..<300).map { base - 86_400 + $0 }
        if pages == .numbered { times += Array(repeating: base - 3600, count: 120) }
        let city = City(times: times.sorted(), most: 50, pages: pages)
        let (ids, unreadable, _) = try await read(city)
        #expect(Set(ids) == Set((0..<times.count).map(String.init)))
        #expect(unreadable == [])
    }

    @Test func `says so if more happened in one second than is listed`() async throws {
        let times = Array(repeating: 1_776_600_000, count: 60)
        let (ids, unreadable, _) = try await read(City(times: times, most: 50, pages: .none))
        #expect(Set(ids).count == 50)
        #expect(!unreadable.isEmpty)
    }

    @Test func `goes on where it ended`() async throws {
        var times = (0..<100).map { 1_776_000_000 + $0 * 3600 }
        let (_, _, cursor) = try await read(City(times: times, most: 50, pages: .none))
        times.append(1_776_643_000)
        let city = City(times: times, most: 50, pages: .none)
        let (ids, _, next) = try await read(city, after: cursor)
        // The last of those that were seen lies in the overlap.
        #expect(ids.contains("100") && ids.count <= 2)
        #expect(next != cursor)
    }

    @Test func `begins anew with a cursor that means nothing`() async throws {
        let city = City(times: [1_776_600_000], most: 50, pages: .none)
        for text in ["", ";", "9;x", "0;;;", "abc"] {
            let (ids, _, _) = try await read(city, after: Cursor(text: text))
            #expect(ids == ["0"], "\(text)")
        }
    }

    @Test func `asks nothing where nothing flows in`() async throws {
        let adapter = Open311Adapter(
            Open311Settings(
                profile: .fixmystreet, address: "https://f.example", flow: [.updatesIn]))
        let now = now
        let wire = Wire(now: { now }) { _ throws(PeerError) in
            throw PeerError(.later(nil), "was asked")
        }
        let page = try await adapter.collect(after: nil, over: wire)
        #expect(page.items.isEmpty && page.isLast)
    }
}

/// Answers of real cities, which lie beside the project and are no part of it.
private enum Captures {
    static let folder: URL = {
        if let path = ProcessInfo.processInfo.environment["VIADUCT_CAPTURES"] {
            return URL(filePath: path)
        }
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return root.deletingLastPathComponent().appending(path: "shared/captures")
    }()

    static var areThere: Bool { FileManager.default.fileExists(atPath: folder.path) }

    /// A wire to a server that has this file and no other.
    static func wire(_ name: String, now: Date) throws -> Wire {
        let body = Array(try Data(contentsOf: folder.appending(path: name)))
        return Wire(now: { now }) { _ throws(PeerError) in Wire.Reply(status: 200, body: body) }
    }
}

@Suite(.enabled(if: Captures.areThere, "needs the captured answers beside the project"))
struct `Captured answers` {
    private let now = Date(timeIntervalSince1970: 1_704_067_200)

    @Test(arguments: ["georeport", "mark-a-spot"])
    func `of Köln are pulled in whole, whatever is asked of a file`(name: String) async throws {
        var profile = try #require(Profile.named(name))
        profile.format = .json
        let adapter = Open311Adapter(
            Open311Settings(profile: profile, address: "https://k.example/", flow: [.updatesIn]))
        let wire = try Captures.wire("koeln-requests.json", now: now)
        var items: [Incoming] = []
        var unreadable: [String] = []
        var cursor: Cursor?
        for _ in 0..<100 {
            let page = try await adapter.collect(after: cursor, over: wire)
            cursor = page.next
            items += page.items
            unreadable += page.unreadable
            if page.isLast { break }
        }
        let reports = items.compactMap { item -> IncomingReport? in
            if case .report(let report) = item { report } else { nil }
        }
        // The city gave one id twice, to an old car and to loose stones.
        #expect(reports.count == 49)
        #expect(Set(reports.map(\.id)).count == 49)
        #expect(Set(unreadable) == ["two rows have one id"])
        #expect(reports.allSatisfy { $0.place?.coordinate != nil && $0.service != nil })
        let again = try await adapter.collect(after: cursor, over: wire)
        #expect(again.isLast)
        #expect(Set(again.items.map(Shown.item)) == Set(items.map(Shown.item)))
    }

    @Test func `of Washington are a catalogue that can be checked`() async throws {
        let services = Array(
            try Data(contentsOf: Captures.folder.appending(path: "dc-services.xml")))
        let definition = Array(
            try Data(contentsOf: Captures.folder.appending(path: "dc-services-S0301.xml")))
        let now = now
        let wire = Wire(now: { now }) { call throws(PeerError) in
            if call.method == "POST" { return Wire.Reply(status: 400) }
            let isList = call.address.hasSuffix("services.xml")
            return Wire.Reply(status: 200, body: isList ? services : definition)
        }
        let adapter = Open311Adapter(
            Open311Settings(profile: .georeport, address: "https://dc.example/", flow: []))
        let report = try await adapter.check(over: wire)
        #expect((report.services ?? []).count > 50)
        #expect(report.required["S0301"]?.contains("WHISPOLO") == true)
        #expect(report.obstacles == [])
    }
}
