import CaseStore
import DatabaseKit
import Foundation
import GeoReport
import Logging
import Media
import Reports
import Testing

@testable import Gateway

/// Pictures that come along with reports, from the form to the answer that shows them.
@Suite struct ReportedPictureTests {
    /// Runs the body with a gateway that keeps pictures in a directory of its own.
    static func with(
        quota: Int = 200_000_000, lowWater: Double = 0,
        _ body: (Fixture, PictureStore) async throws -> Void
    ) async throws {
        let directory = try TestDirectory()
        let store = try PictureStore(directory: directory.path, lowWater: lowWater)
        let none = await Thumbnailer.find(program: "viaduct-has-no-such-program")
        var storing = CaseStore.Settings()
        storing.pictureQuota = quota
        try await Fixture.with(pictures: Pictures(store, thumbnailer: none), storing: storing) {
            try await body($0, store)
        }
    }

    static let pictures = [
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGPw2rXYdXIjg91PG8GrswEpJwX1XL3m8QAAAABJRU5ErkJggg==",
        "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGMwDeLaOfM1Q6Z6hHBoLwAhAQSsbJ69gAAAAABJRU5ErkJggg==",
    ].map { [UInt8](Data(base64Encoded: $0) ?? Data()) }

    /// The names of all files in the store.
    static func files(_ store: PictureStore) async throws -> [String] {
        var names: [String] = []
        for shard in UInt8.min...UInt8.max {
            names += try await store.names(in: shard, olderThan: .distantFuture)
                .map(\.description)
        }
        return names
    }
}

extension Fixture {
    /// Posts a report with files.
    func report(
        with files: [[UInt8]], service: String = "POTHOLE", description: String = "A hole",
        key name: String? = nil
    ) async -> EdgeResponse {
        let fields = [
            "api_key": key, "service_code": service, "lat": "42.7", "long": "23.3",
            "description": description,
        ]
        var body: [UInt8] = []
        for (name, value) in fields {
            body += "--x\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n".utf8
            body += "\(value)\r\n".utf8
        }
        for (index, file) in files.enumerated() {
            body += "--x\r\nContent-Disposition: form-data; name=\"photo\(index + 1)\"".utf8
            body += "; filename=\"../../etc/passwd\"\r\n\r\n".utf8 + file + "\r\n".utf8
        }
        body += "--x--\r\n".utf8
        var headers = [
            (name: "Host", value: "gateway.example"),
            (name: "Content-Type", value: "multipart/form-data; boundary=x"),
        ]
        if let name { headers.append((name: "Idempotency-Key", value: name)) }
        return await gateway.respond(
            method: "POST", target: Self.sofia + "/requests.json", headers: headers, body: body)
    }

    /// The names of the pictures that a report shows.
    func shown(_ answer: EdgeResponse) async throws -> [String] {
        let id = try #require(
            answer.member("service_request_id").flatMap(Report.ID.init(rawValue:)))
        let sofia = try #require(Jurisdiction.ID(rawValue: "sofia.example"))
        let report = try await store.report(id, in: sofia, stage: .production, now: Date())
        return report?.media ?? []
    }
}

extension ReportedPictureTests {
    @Test func `a report shows what came along, with the headers of a picture`() async throws {
        try await Self.with { fixture, store async throws in
            let answer = await fixture.report(with: Self.pictures)
            #expect(answer.status == 200)
            let names = try await fixture.shown(answer)
            #expect(names.count == 2)
            #expect(try await Set(Self.files(store)) == Set(names))
            let name = try #require(names.first)
            let picture = await fixture.get("/media/\(name)")
            #expect(picture.status == 200)
            let headers = [
                "Content-Type": "image/png", "X-Content-Type-Options": "nosniff",
                "Content-Disposition": "inline; filename=\"\(name)\"",
                "Content-Security-Policy": "default-src 'none'; sandbox",
                "Cross-Origin-Resource-Policy": "cross-origin", "ETag": "\"\(name)\"",
                "Cache-Control": "public, max-age=86400, immutable",
            ]
            for (header, value) in headers { #expect(picture.header(header) == value) }
            guard case .file(let path) = picture.body else {
                Issue.record("a file is sent as it lies there")
                return
            }
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
            let clean = try Picture.read(bytes)
            #expect(clean.bytes == bytes)
            let again = await fixture.get(
                "/media/\(name)", [(name: "If-None-Match", value: "\"\(name)\"")])
            #expect(again.status == 304)
            #expect(again.bytes.isEmpty)
        }
    }

    @Test func `nothing is shown that no public report has`() async throws {
        try await Self.with { fixture, store async throws in
            let answer = await fixture.report(with: [Self.pictures[0]], service: "HIDDEN")
            #expect(answer.status == 200)
            let name = try #require(try await Self.files(store).first)
            #expect(await fixture.get("/media/\(name)").status == 404)
            #expect(await fixture.report(with: [Self.pictures[0]]).status == 200)
            #expect(await fixture.get("/media/\(name)").status == 200)
            let stem = name.prefix(32)
            for other in [
                "\(stem).jpg", "\(stem)-400.webp", "\(stem)-400.jpg", "\(stem)-401.webp",
                "\(stem).png.png", "../media/\(name)", "\(stem.uppercased()).png",
            ] {
                #expect(await fixture.get("/media/\(other)").status == 404, "\(other)")
            }
        }
    }

    @Test func `one bad picture refuses all, and nothing is stored`() async throws {
        try await Self.with { fixture, store async throws in
            let bad: [(file: [UInt8], status: Int)] = [
                (Array("GIF89a".utf8), 415), (Array("<html>".utf8), 415),
                (Array(Self.pictures[1].prefix(40)), 400),
            ]
            for (file, status) in bad {
                let answer = await fixture.report(with: [Self.pictures[0], file])
                #expect(answer.status == status)
                #expect(answer.text.contains("photo2"))
            }
            #expect(try await Self.files(store).isEmpty)
            #expect(await fixture.get(Fixture.sofia + "/requests.json").text == "[]")
        }
    }

    @Test func `where pictures cannot be kept, reports without them still are`() async throws {
        try await Self.with(lowWater: 2) { fixture, _ async throws in
            let answer = await fixture.report(with: Self.pictures)
            #expect(answer.status == 503)
            #expect(answer.header("Retry-After") != nil)
            #expect(await fixture.report(with: []).status == 200)
        }
    }

    @Test func `a client over its quota is told so before anything is written`() async throws {
        try await Self.with(quota: Self.pictures[0].count) { fixture, store async throws in
            #expect(await fixture.report(with: Self.pictures).status == 429)
            #expect(try await Self.files(store).isEmpty)
            #expect(await fixture.report(with: [Self.pictures[0]]).status == 200)
            #expect(await fixture.report(with: [], description: "More").status == 200)
        }
    }

    @Test func `a repeated post leaves one report and one picture`() async throws {
        try await Self.with { fixture, store async throws in
            let first = await fixture.report(with: [Self.pictures[0]], key: "\"k\"")
            let second = await fixture.report(with: [Self.pictures[0]], key: "\"k\"")
            #expect(first.text == second.text)
            #expect(second.header("Idempotent-Replayed") == "true")
            #expect(try await Self.files(store).count == 1)
            #expect(try await fixture.shown(second).count == 1)
        }
    }

    @Test func `the sweep takes what is old and nobody's, and nothing else`() async throws {
        try await Self.with { fixture, store async throws in
            let answer = await fixture.report(with: [Self.pictures[0]])
            let kept = try await fixture.shown(answer)
            let orphan = try await store.put(try Picture.read(Self.pictures[1])).description
            let sweep = PictureSweep(
                store, store: fixture.store, age: .seconds(3600),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            #expect(try await sweep.sweep(now: Date()) == 0)
            #expect(try await Set(Self.files(store)) == Set(kept + [orphan]))
            #expect(try await sweep.sweep(now: Date().addingTimeInterval(3601)) == 1)
            #expect(try await Self.files(store) == kept)
        }
    }
}
