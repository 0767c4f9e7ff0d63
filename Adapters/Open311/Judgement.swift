import Federation
import FoundationEssentials
import GeoReport

/// What a peer's answer means, told as what to do next; pure.
///
/// Nothing of what we sent comes back in a reason: servers repeat it, keys and names included.
struct Judgement {
    let profile: Profile
    /// Whether the call could change something at the peer: then an answer that nobody understands
    /// leaves it open whether it did.
    let effect: Effect
    let redaction: Redaction

    enum Effect {
        case reads, writes
    }

    /// The format in which an answer really is: servers fail in another one than they were asked
    /// for, and label it as they like (GR-2.1).
    func format(of reply: Wire.Reply) -> Format {
        let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF]
        switch reply.body.first(where: { !blanks.contains($0) }) {
        case UInt8(ascii: "<"): return .xml
        case UInt8(ascii: "{"), UInt8(ascii: "["): return .json
        default: return profile.format
        }
    }

    /// Reads an answer that says it is one, or throws what is to be done.
    func read<Value>(
        _ reply: Wire.Reply,
        _ body: ([UInt8], Format) throws(ReadingError) -> Value
    ) throws(PeerError) -> Value {
        guard profile.successes.contains(reply.status) else { throw failure(reply) }
        do throws(ReadingError) {
            return try body(reply.body, format(of: reply))
        } catch {
            throw failure(error, status: reply.status)
        }
    }

    /// Whether an answer is an errors document, as only a server of this kind writes it.
    func isFault(_ reply: Wire.Reply) -> Bool {
        do throws(ReadingError) {
            return !(try Reading.faults(reply.body, as: format(of: reply))).isEmpty
        } catch {
            return false
        }
    }

    /// What an answer of another status than success means.
    func failure(_ reply: Wire.Reply) -> PeerError {
        let texts = texts(in: reply)
        // The wire has made seconds of a date already.
        let pause = reply.header("Retry-After").flatMap { UInt32($0) }.map { Duration.seconds($0) }
        return PeerError(
            kind(of: reply.status, texts, asked: pause),
            "answered \(reply.status)\(said(texts))", status: reply.status)
    }

    /// What is wrong with an answer that calls itself a success.
    func failure(_ error: ReadingError, status: Int) -> PeerError {
        switch error {
        case .malformed(let reason):
            return PeerError(unknown, "answered what cannot be read: \(reason)", status: status)
        case .unexpected(let reason):
            return PeerError(unknown, "answered another document: \(reason)", status: status)
        case .refused(let faults):
            let texts = faults.map(\.description)
            let code = faults.first?.code ?? 400
            return PeerError(
                kind(of: (400..<600).contains(code) ? code : 400, texts, asked: nil),
                "answered \(status) with errors\(said(texts))", status: status)
        }
    }

    private var unknown: PeerError.Kind { effect == .writes ? .ambiguous : .later(nil) }

    private func kind(of status: Int, _ texts: [String], asked: Duration?) -> PeerError.Kind {
        switch status {
        case 401, 301, 308: .forbidden
        // Another Viaduct tells both with this status (Specs/Peering, P6).
        case 403: begins(texts, with: Self.ofMessages) ? .refused : .forbidden
        // It is still busy with the first try; without a pause, it had another message by this name.
        case 409 where asked != nil: .later(asked)
        case 408, 425, 429: .later(asked)
        // Every message would be refused for this: none is, until somebody has looked.
        case 400..<500: begins(texts, with: Self.ofSettings) ? .forbidden : .refused
        // Whoever answers for a server cannot know what became of the call.
        case 502, 504: unknown
        case 500..<600: .later(asked)
        default: unknown
        }
    }

    /// Parameters by which a sentence begins that is about one message.
    private static let ofMessages = ["service_request_id", "service_code", "update_id"]
    /// Parameters by which a sentence begins that is about all of them.
    private static let ofSettings = ["api_key", "jurisdiction_id"]

    /// Whether the first sentence is about one of these, with or without FixMyStreet's words in front.
    private func begins(_ texts: [String], with names: [String]) -> Bool {
        guard var text = texts.first?.lowercased() else { return false }
        let prefix = "bad request: "
        if text.hasPrefix(prefix) { text.removeFirst(prefix.count) }
        return names.contains { text.hasPrefix($0) }
    }

    /// What the peer said: an errors document, or one line of plain text.
    private func texts(in reply: Wire.Reply) -> [String] {
        do throws(ReadingError) {
            let faults = try Reading.faults(reply.body, as: format(of: reply))
            return faults.map(\.description).filter { !$0.isEmpty }
        } catch {
            guard reply.body.count <= 200, reply.body.first != UInt8(ascii: "<"),
                let text = String(validating: reply.body, as: UTF8.self), !text.isEmpty
            else { return [] }
            return [text]
        }
    }

    private func said(_ texts: [String]) -> String {
        let said = texts.prefix(5).joined(separator: "; ")
        return said.isEmpty ? "" : ": " + redaction.text(said, most: 300)
    }
}
