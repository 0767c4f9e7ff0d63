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
    let discretion: Discretion

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
        let said = said(in: reply)
        let kind: PeerError.Kind =
            switch reply.status {
            case 401, 403: .forbidden
            case 408, 425, 429: .later(asked(by: reply))
            // Another Viaduct is still busy with the same message.
            case 409 where profile.marker == .header: .later(asked(by: reply))
            // Whoever answers for a server cannot know what became of the call.
            case 502, 504: unknown
            case 500...599: .later(asked(by: reply))
            case 301, 308: .forbidden
            case 400...499: .refused
            default: unknown
            }
        return PeerError(kind, "answered \(reply.status)\(said)", status: reply.status)
    }

    /// What is wrong with an answer that calls itself a success.
    func failure(_ error: ReadingError, status: Int) -> PeerError {
        switch error {
        case .malformed(let reason):
            PeerError(unknown, "answered what cannot be read: \(reason)", status: status)
        case .unexpected(let reason):
            PeerError(unknown, "answered another document: \(reason)", status: status)
        case .refused(let faults):
            PeerError(
                kind(of: faults), "answered \(status) with errors\(said(faults))", status: status)
        }
    }

    private var unknown: PeerError.Kind { effect == .writes ? .ambiguous : .later(nil) }

    private func kind(of faults: [ReadFault]) -> PeerError.Kind {
        switch faults.first?.code ?? 400 {
        case 401, 403: .forbidden
        case 408, 425, 429, 500...599: .later(nil)
        default: .refused
        }
    }

    /// `Retry-After`; the wire has made seconds of a date already.
    private func asked(by reply: Wire.Reply) -> Duration? {
        reply.header("Retry-After").flatMap { UInt32($0) }.map { .seconds($0) }
    }

    /// What the peer said, if it is an errors document.
    private func said(in reply: Wire.Reply) -> String {
        do throws(ReadingError) {
            return said(try Reading.faults(reply.body, as: format(of: reply)))
        } catch {
            return ""
        }
    }

    private func said(_ faults: [ReadFault]) -> String {
        let texts = faults.prefix(5).map(\.description).filter { !$0.isEmpty }
        return texts.isEmpty ? "" : ": " + discretion.text(texts.joined(separator: "; "))
    }
}
