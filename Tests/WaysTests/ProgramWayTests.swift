import Federation
import Foundation
import Testing
import Ways

@Suite struct ProgramWayTests {
    private func wire(_ script: String, patience: Duration = .seconds(20)) -> Wire {
        ProgramWay(
            ProgramWay.Settings(
                command: ["/bin/sh", "-c", script], directory: "/",
                variables: ["VIADUCT_API_KEY": "s3cret"], patience: patience)
        ).wire()
    }

    @Test func `a program gets the body and answers with what it writes`() async throws {
        let call = Wire.Call("POST", "program:deliver", body: Array("hello".utf8))
        let reply = try await wire("cat; echo \" $VIADUCT_API_KEY\"").send(call)
        #expect(reply == Wire.Reply(status: 200, body: Array("hello s3cret\n".utf8)))
    }

    @Test func `a program that fails leaves what it complained of`() async throws {
        let call = Wire.Call("GET", "program:collect")
        let reply = try await wire("echo no such file >&2; exit 3").send(call)
        #expect(reply == Wire.Reply(status: 500, body: Array("no such file\n".utf8)))
    }

    @Test(arguments: [("POST", PeerError.Kind.ambiguous), ("GET", .later(nil))])
    func `a program whose time is up is ended with all that it started`(
        method: String, kind: PeerError.Kind
    ) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        let wire = wire(
            "(sleep 2; touch \(file.path)) & sleep 60", patience: .milliseconds(300))
        let error = await #expect(throws: PeerError.self) {
            try await wire.send(Wire.Call(method, "program:deliver"))
        }
        #expect(error?.kind == kind)
        try await Task.sleep(for: .seconds(3))
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }

    @Test func `a program that writes without end is ended`() async throws {
        let call = Wire.Call("GET", "program:collect", most: 1 << 16)
        let error = await #expect(throws: PeerError.self) { try await wire("yes").send(call) }
        #expect(error?.kind == .later(nil))
    }

    @Test func `a program that is not there is for the operator`() async throws {
        let way = ProgramWay(
            ProgramWay.Settings(
                command: ["/nowhere/at/all"], directory: "/", variables: [:],
                patience: .seconds(5)))
        let error = await #expect(throws: PeerError.self) {
            try await way.wire().send(Wire.Call("POST", "program:deliver"))
        }
        #expect(error?.kind == .forbidden)
    }

    @Test func `nothing of our own environment reaches it`() async throws {
        let reply = try await wire("env | sort | cut -d= -f1 | tr '\\n' ' '").send(
            Wire.Call("GET", "program:check"))
        let names = String(decoding: reply.body, as: UTF8.self).split(separator: " ")
        #expect(
            Set(names).subtracting(["PWD", "SHLVL", "_", "OLDPWD"])
                == ["LANG", "PATH", "VIADUCT_API_KEY"])
    }
}
