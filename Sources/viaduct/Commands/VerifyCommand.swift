import ArgumentParser
import Conformance
import Foundation
import GeoReport
import Outbound

/// `viaduct verify`.
struct VerifyCommand: ViaductCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Judges anybody's GeoReport endpoint by the standard.",
        discussion: """
            Reads only, unless --writes allows reports to be sent: then give a key, and better the
            address of a test endpoint. Vectors about rights need more keys, such as
            --key staff=KEY; Specs/GeoReport/README.md lists them. The exit code is 1 if something
            that binds is broken.

            Example: viaduct verify http://127.0.0.1:8311 --jurisdiction sofia.example
            """)

    @Argument(help: "A base, a discovery document, or a server that has discovery.")
    var address: String
    @Option(help: "The jurisdiction_id, if the endpoint serves several.")
    var jurisdiction: String?
    @Option(
        help: """
            The API key, for --writes; once more as NAME=KEY for each further one. Default: \
            VIADUCT_KEY, which no process list shows.
            """)
    var key: [String] = []
    @Flag(help: "Reports may be sent to the endpoint.")
    var writes = false
    @Option(help: "Only this format: xml or json.")
    var format: Format?
    @Flag(help: "The findings as JSON, for programs.")
    var json = false

    func perform() async throws {
        let findings = try await HTTPTransport.with { transport in
            let target: Target
            do throws(ProbeError) {
                target = try await Target.probe(
                    address, jurisdiction: jurisdiction,
                    key: plainKey ?? ProcessInfo.processInfo.environment["VIADUCT_KEY"],
                    otherKeys: otherKeys, over: transport)
            } catch {
                throw CommandError(.unavailable, "\(error)")
            }
            let verifier = Verifier(
                target: target, transport: transport, writes: writes ? .allowed : .refused,
                now: { Date() })
            let progress = Progress("Verifying")
            var findings = Conformance.Findings()
            for vector in try Vectors.all() {
                let judged = await verifier.judge(vector)
                findings.items += judged.filter {
                    format == nil || $0.format == nil || $0.format == format
                }
                await progress.advance(by: 1)
            }
            await progress.finish()
            return findings
        }
        let text = json ? String(decoding: findings.json(), as: UTF8.self) : findings.table()
        Terminal.write(text, to: .standardOutput)
        if findings.failed { throw ExitCode(CommandError.Exit.found.rawValue) }
    }

    /// The key without a name before it.
    private var plainKey: String? { key.last { Self.named($0) == nil } }

    private var otherKeys: [String: String] {
        Dictionary(key.compactMap(Self.named)) { _, last in last }
    }

    /// `staff=KEY` as a name and a key; another server's key may hold `=` as well.
    private static func named(_ text: String) -> (String, String)? {
        let names = ["staff", "reporter", "follow", "fixmystreet", "import", "adapter", "base64"]
        return names.lazy.compactMap { name in
            text.hasPrefix(name + "=") ? (name, String(text.dropFirst(name.count + 1))) : nil
        }.first
    }
}

/// Sends the verifier's requests as they are: no redirect is followed, nothing is repaired.
private enum HTTPTransport {
    private static let limits = FetchLimits(
        firstByte: .seconds(25), whole: .seconds(30), bytes: 16 << 20, redirects: 0)

    static func with<R: Sendable>(_ body: (@escaping Transport) async throws -> R) async throws -> R
    {
        try await OutboundClient.with(.command) { client in
            try await body { try await send($0, over: client) }
        }
    }

    private static func send(
        _ request: VectorRequest, over client: OutboundClient
    ) async throws -> VectorResponse {
        let answer = try await client.send(
            OutboundRequest(
                request.method, request.url,
                headers: request.headers.map { .init($0.name, $0.value) }, body: request.body),
            limits: limits)
        // Of half an answer nothing can be judged.
        guard answer.rest != .lost else { throw OutboundError.ambiguous }
        guard answer.rest != .left else { throw OutboundError.tooLarge }
        return VectorResponse(
            status: answer.status,
            headers: answer.headers.map { HeaderLine(name: $0.name, value: $0.value) },
            body: answer.body)
    }
}
