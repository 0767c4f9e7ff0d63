import CaseStore
import Federation
import Foundation
import Logging
import LoopbackKit
import Media
import Outbound
import Reports
import Synchronization
import Testing

@testable import Relay

@Suite struct MediaFetcherTests {
    private static let now = Date(timeIntervalSince1970: 1_700_000_000)

    @Test(arguments: [
        (MediaFetcher.Failure.fetch(.unreachable(.name)), true), (.fetch(.timedOut), true),
        (.fetch(.ambiguous), true), (.fetch(.status(404, retryAfter: nil)), true),
        (.fetch(.status(403, retryAfter: nil)), true),
        (.fetch(.status(503, retryAfter: nil)), true), (.put(.unavailable), true),
        (.fetch(.status(410, retryAfter: nil)), false), (.fetch(.refused(.network)), false),
        (.fetch(.tooLarge), false), (.fetch(.encoded), false),
        (.put(.refused(.unsupported)), false),
    ])
    func `what may change is tried again, and what cannot is given up`(
        failure: MediaFetcher.Failure, isTriedAgain: Bool
    ) {
        let next = failure.next(by: .standard, afterAttempts: 2, chance: 0.5, now: Self.now)
        #expect(next == (isTriedAgain ? .again(after: .seconds(60)) : .never))
    }

    @Test func `a picture is given up after four days, but never for a full disk of ours`() {
        func next(_ failure: MediaFetcher.Failure) -> MediaFetcher.Failure.Next {
            failure.next(by: .standard, afterAttempts: 11, chance: 0.5, now: Self.now)
        }
        #expect(next(.fetch(.timedOut)) == .never)
        #expect(next(.put(.unavailable)) == .again(after: .seconds(86_400)))
    }

    @Test func `a server that asks for time gets it`() {
        let date = RetryAfter.at(Self.now.addingTimeInterval(900))
        let failure = MediaFetcher.Failure.fetch(.status(503, retryAfter: date))
        #expect(
            failure.next(by: .standard, afterAttempts: 1, chance: 0.5, now: Self.now)
                == .again(after: .seconds(900)))
    }

    /// Rows in memory, and what the fetcher noted of them.
    private final class Rows: Sendable {
        enum Note: Equatable {
            case kept(StoredPicture)
            case postponed(Date)
            case abandoned
        }

        private let due: Mutex<[DuePicture]>
        private let notes = Mutex<[Int64: Note]>([:])
        private let all: Int
        private let finished = AsyncStream.makeStream(of: Void.self)

        init(_ sources: [String]) {
            all = sources.count
            due = Mutex(
                sources.enumerated().map { index, source in
                    DuePicture(
                        id: DuePicture.ID(rawValue: Int64(index)), source: source, attempts: 1)
                })
        }

        func note(_ note: Note, of id: DuePicture.ID) {
            let count = notes.withLock { notes in
                notes[id.rawValue] = note
                return notes.count
            }
            if count == all { finished.continuation.finish() }
        }

        /// What a fetcher notes of each row.
        func noted(by client: OutboundClient, _ pictures: PictureStore) async -> [Note?] {
            let surroundings = MediaFetcher.Surroundings(
                due: { limit, _ in
                    self.due.withLock { due in
                        defer { due.removeFirst(min(limit, due.count)) }
                        return Array(due.prefix(limit))
                    }
                },
                fetch: { address async throws(OutboundError) in
                    try await client.get(address).body
                },
                put: { bytes async throws(MediaFetcher.PutError) in
                    try await MediaFetcher.Surroundings.put(bytes, into: pictures)
                },
                keep: { id, picture, _ in self.note(.kept(picture), of: id) },
                postpone: { id, until in self.note(.postponed(until), of: id) },
                abandon: { id in self.note(.abandoned, of: id) },
                now: { MediaFetcherTests.now }, chance: { 0.5 }, pause: { await Task.yield() })
            let fetcher = MediaFetcher(
                surroundings, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await fetcher.run() }
                for await _ in finished.stream {}
                group.cancelAll()
            }
            return notes.withLock { notes in (0..<all).map { notes[Int64($0)] } }
        }
    }

    /// One grey pixel, with a comment that nobody may see.
    private static let picture = Data(
        base64Encoded: "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAADnRFWHRDb21tZW50AHNlY3Jld"
            + "GSqxSkAAAAKSURBVHicY2gAAACCAIF3zXK2AAAAAElFTkSuQmCC")

    private static func reply(to request: String) throws -> Reply {
        switch request.split(separator: " ")[1] {
        case "/picture": .bytes(try answer(picture: #require(picture)))
        case "/page": .answer(200, "Content-Type: image/png", body: "<html>")
        case "/nothing": .answer(200, "Content-Type: image/png", body: "")
        case "/gone": .answer(410)
        case "/busy": .answer(503, "Retry-After: 77")
        case "/inside": .redirect("http://10.0.0.1/")
        default: .answer(404)
        }
    }

    private static func answer(picture: Data) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Length: \(picture.count)\r\n\r\n".utf8) + picture
    }

    @Test func `pictures are fetched, cleaned, stored and kept, or told why not`() async throws {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: directory) }
        let pictures = try PictureStore(directory: directory.path, lowWater: 0)
        let notes = try await Server.with({ request in
            (try? Self.reply(to: request)) ?? .answer(500)
        }) { server in
            let base = "http://127.0.0.1:\(server.port)"
            let rows = Rows(
                ["/picture", "/page", "/nothing", "/gone", "/busy", "/inside", "/later"]
                    .map { base + $0 } + ["http://[::1]/"])
            let settings = OutboundGuard.Settings(
                ports: [80, server.port], allow: [try #require(.init("127.0.0.1"))])
            return try await OutboundClient.with(.init(settings)) { client in
                await rows.noted(by: client, pictures)
            }
        }
        guard case .kept(let stored) = try #require(notes[0]) else {
            Issue.record("the picture was not kept")
            return
        }
        #expect(stored.name.rawValue.hasSuffix(".png"))
        let name = try #require(PictureName(stored.name.rawValue))
        let bytes = try #require(try await pictures.bytes(of: name))
        #expect(bytes.count == stored.bytes)
        #expect(!String(decoding: bytes, as: UTF8.self).contains("secret"))
        #expect(notes[1] == .abandoned)
        #expect(notes[2] == .abandoned)
        #expect(notes[3] == .abandoned)
        #expect(notes[4] == .postponed(Self.now.addingTimeInterval(77)))
        #expect(notes[5] == .abandoned)
        #expect(notes[6] == .postponed(Self.now.addingTimeInterval(5)))
        #expect(notes[7] == .abandoned)
    }
}
