import Federation
import Foundation
import Testing
import Ways

@Suite struct FolderWayTests {
    /// A folder with `out` in it, gone when the work is done.
    private func withFolder(_ work: (URL, Wire) async throws -> Void) async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(
            at: root.appending(path: "out"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: root) }
        try await work(root, FolderWay(root.path).wire())
    }

    private func send(
        _ method: String, _ path: String, _ wire: Wire, to target: String? = nil,
        body: String = ""
    ) async throws -> Wire.Reply {
        let headers = target.map { [Wire.Header("Destination", "folder:\($0)")] } ?? []
        return try await wire.send(
            Wire.Call(method, "folder:\(path)", headers: headers, body: Array(body.utf8)))
    }

    @Test func `a file is written, listed, read and renamed`() async throws {
        try await withFolder { root, wire in
            #expect(try await send("PUT", "out/a.part", wire, body: "x").status == 201)
            #expect(try await send("HEAD", "out/a.part", wire).status == 200)
            #expect(try await send("MOVE", "out/a.part", wire, to: "out/a.csv").status == 201)
            #expect(try await send("HEAD", "out/a.part", wire).status == 404)
            let listing = try await send("GET", "out/", wire)
            let text = String(decoding: listing.body, as: UTF8.self)
            #expect(text.contains(#""name":"a.csv""#) && text.contains(#""bytes":1"#))
            #expect(try await send("GET", "out/a.csv", wire).body == Array("x".utf8))
            #expect(try await send("GET", "out/b.csv", wire).status == 404)
        }
    }

    @Test func `nothing is renamed over what is there`() async throws {
        try await withFolder { root, wire in
            _ = try await send("PUT", "out/a", wire, body: "a")
            _ = try await send("PUT", "out/b", wire, body: "b")
            #expect(try await send("MOVE", "out/a", wire, to: "out/b").status == 412)
            #expect(try await send("GET", "out/b", wire).body == Array("b".utf8))
            #expect(try await send("MOVE", "out/c", wire, to: "out/d").status == 404)
        }
    }

    @Test(arguments: ["../a", "out/../../a", "out/.a", "/etc/passwd", "out//a"])
    func `no name leads out of the folder`(path: String) async throws {
        try await withFolder { _, wire in
            let reply = try await send("GET", path, wire)
            #expect([400, 404, 405].contains(reply.status))
            #expect(try await [400, 405].contains(send("PUT", path, wire, body: "x").status))
        }
    }

    @Test func `a link leads nowhere`() async throws {
        try await withFolder { root, wire in
            let link = root.appending(path: "out/link.csv")
            try FileManager.default.createSymbolicLink(
                atPath: link.path, withDestinationPath: "/etc/passwd")
            #expect(try await send("GET", "out/link.csv", wire).status == 403)
            #expect(try await send("PUT", "out/link.csv", wire, body: "x").status == 403)
            #expect(try await send("GET", "out/", wire).body == Array("[]".utf8))
        }
    }

    @Test func `a folder that is not there says so`() async throws {
        try await withFolder { (_, wire) async throws in
            #expect(try await send("GET", "in/", wire).status == 404)
            #expect(try await send("PUT", "in/a", wire, body: "x").status == 404)
            #expect(try await send("OPTIONS", "in/", wire).status == 404)
            #expect(try await send("OPTIONS", "out/", wire).status == 204)
        }
    }

    @Test func `more than a call takes is not read`() async throws {
        try await withFolder { _, wire in
            _ = try await send("PUT", "out/a", wire, body: String(repeating: "x", count: 5000))
            let reply = try await wire.send(Wire.Call("GET", "folder:out/a", most: 4999))
            #expect(reply.status == 413)
        }
    }
}
