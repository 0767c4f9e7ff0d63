import DatabaseKit
import Glibc
import Postgres
import Testing

@Suite struct FarewellTests {
    @Test func `what stood behind a failure is not sent again when the connection dies`()
        async throws
    {
        let directory = try TestDirectory()
        let server = try ScriptedServer(in: directory.path)
        let pool = Pool(
            Pool.Settings(
                address: "host=\(directory.path) user=x dbname=x target_session_attrs=any",
                connections: 1, deadline: .seconds(30)))
        async let first = outcome(of: "INSERT INTO thing VALUES (\(1))", on: pool)
        async let second = outcome(of: "INSERT INTO other VALUES (\(2))", on: pool)
        let outcomes = [await first, await second]
        // The server may have committed the other one, so that only its sender may repeat it.
        #expect(Set(outcomes) == ["unavailable", "outcomeUnknown"])
        server.close()
    }

    private func outcome(of statement: SQL, on pool: Pool) async -> String {
        do {
            _ = try await pool.query(statement)
            return "rows"
        } catch {
            return "\(error)"
        }
    }
}

/// A server that fails two statements' first one with a full disk and hangs up, as a network does
/// that breaks in the wrong moment; whoever comes back is told of a syntax error.
private final class ScriptedServer: Sendable {
    private let socket: Int32

    init(in directory: String) throws {
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) {
            $0.copyBytes(from: (directory + "/.s.PGSQL.5432").utf8)
        }
        let bound = withUnsafeBytes(of: &address) {
            bind(
                socket, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                socklen_t($0.count))
        }
        try #require(bound == 0 && listen(socket, 4) == 0)
        let work: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
            ScriptedServer.serve(Int32(Int(bitPattern: $0)))
            return nil
        }
        var thread = pthread_t()
        pthread_create(&thread, nil, work, UnsafeMutableRawPointer(bitPattern: Int(socket)))
    }

    func close() {
        shutdown(socket, Int32(SHUT_RDWR))
    }

    private static func serve(_ socket: Int32) {
        greet(socket, syncs: 2, state: "53100")
        greet(socket, syncs: 1, state: "42601")
        Glibc.close(socket)
    }

    /// Takes one connection in, reads so many Syncs, fails the first statement, hangs up.
    private static func greet(_ socket: Int32, syncs: Int, state: String) {
        let peer = accept(socket, nil, nil)
        guard peer >= 0 else { return }
        defer { Glibc.close(peer) }
        guard let length = read(4, from: peer), read(number(length) - 4, from: peer) != nil else {
            return
        }
        send("R", [0, 0, 0, 0], to: peer)
        send("Z", Array("I".utf8), to: peer)
        var left = syncs
        while left > 0 {
            guard let head = read(5, from: peer),
                read(number(head.dropFirst()) - 4, from: peer) != nil
            else { return }
            if head[0] == UInt8(ascii: "S") { left -= 1 }
        }
        let fields = ["SERROR", "VERROR", "C" + state, "Mno"].flatMap { text -> [UInt8] in
            Array(text.utf8) + [0]
        }
        send("E", fields + [0], to: peer)
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> Int {
        bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    private static func read(_ count: Int, from peer: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                buffer.baseAddress.map { recv(peer, $0 + done, count - done, 0) } ?? -1
            }
            guard got > 0 else { return nil }
            done += got
        }
        return bytes
    }

    private static func send(_ type: Unicode.Scalar, _ body: [UInt8], to peer: Int32) {
        let length = UInt32(body.count + 4).bigEndian
        let message = [UInt8(ascii: type)] + withUnsafeBytes(of: length) { Array($0) } + body
        _ = message.withUnsafeBytes {
            Glibc.send(peer, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
    }
}
